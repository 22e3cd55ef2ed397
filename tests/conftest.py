"""No test traces to LangSmith or meets a key of the machine it runs on."""

from __future__ import annotations

import os

for name in [key for key in os.environ if key.endswith("_API_KEY")]:
    del os.environ[name]
os.environ["LANGSMITH_TRACING"] = "false"
os.environ["LANGSMITH_TEST_TRACKING"] = "false"
os.environ["LANGGRAPH_CLI_NO_ANALYTICS"] = "1"
