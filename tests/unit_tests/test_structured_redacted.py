"""Private values come back into JSON as JSON writes them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from cope_graph import PLAN_FREE, create_cope
from cope_graph.mask import mask_for
from tests.scripted import ScriptedChat
from tests.unit_tests.conftest import Runner

NASTY = ['Ann "Q" Lee', "C:\\new\\tab", "12 High Street\nLeeds", 'x","name":"y', "Zoë"]


class Owner(BaseModel):
    """Whose it is."""

    name: str


class Repeats(ScriptedChat):
    """Fills in what stands for the name."""

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        shown = re.search(r"I am (\[\w+\])", messages[-1].text)
        assert shown is not None
        self.replies.append(json.dumps({"name": shown[1]}))
        return super()._generate(messages, *args, **kwargs)


@pytest.mark.parametrize("name", NASTY)
def test_a_hidden_value_with_quotes_or_backslashes_is_the_value_of_its_field(
    both: Runner, name: str
) -> None:
    large = Repeats(replies=[])
    graph = create_cope(
        ScriptedChat(replies=["no object"]),
        large,
        response_format=Owner,
        defaults=PLAN_FREE.model_copy(update={"n": 1}),
        redact=lambda text: [name] if name in text else [],
    ).compile()
    out = both(graph, {"messages": [("user", f"I am {name}.")]})
    assert json.loads(out["answer"]) == {"name": name}
    assert name not in large.prompts[0]


@given(st.text(min_size=1).filter(str.strip))
def test_a_value_survives_its_way_through_json(value: str) -> None:
    mask = mask_for([value], lambda text: [("name", value)] if value.strip() in text else [])
    hidden = json.dumps({"name": mask.hide(value)}, ensure_ascii=False)
    assert json.loads(mask.restore(hidden, as_json=True)) == {"name": value}
