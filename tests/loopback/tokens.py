"""What the loopback OpenAI server takes for tokens."""

import functools
import re
from typing import Final

_TOKEN: Final = re.compile(r"^\s*\S+\s*|\S+\s*")


@functools.lru_cache(maxsize=1024)
def tokens_of(text: str) -> tuple[str, ...]:
    """Split into whitespace-separated tokens that join to ``text`` again."""
    return tuple(_TOKEN.findall(text)) or ((text,) if text else ())
