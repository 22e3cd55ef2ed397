"""Structured output: replies are objects of a schema, and the vote is on their fields."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cope_graph.errors import InputError
from cope_graph.gates.fields import by_fields
from cope_graph.tasks.shape import Shape, shape_of
from cope_graph.tasks.task import Prompts, Task


def structured(schema: Any, *, unvoted: Sequence[str] = (), prompts: Prompts | None = None) -> Task:
    """Make the task of filling in a schema.

    The answer is the JSON of the winning sample's object, so that `Schema.model_validate_json`
    reads it. Samples agree when all fields do: texts up to case and blanks, those of a `Literal` as
    written, numbers by value, lists in order, sets without. `fields` of a visit has the share of
    samples behind each field. An object that does not fit is a sample without an answer.

    Example:
        ```python
        class Person(BaseModel):
            name: str
            age: int
            reasoning: str = ""

        task = tasks.structured(Person, unvoted=["reasoning"])
        graph = create_cope(small, large, task=task).compile()
        out = graph.invoke({"messages": [("user", "Ada is 36. Who is it?")]})
        Person.model_validate_json(out["answer"])
        ```

    Args:
        schema: A pydantic class, a dataclass or a `TypedDict`. Models that can are held to it.
        unvoted: Fields that need not agree, by their names in JSON: free text such as a reason.
        prompts: Yours instead of ours; they hold the schema where a model has to see it.

    Raises:
        InputError: The schema cannot be used (the message says what to pass), there is no field
            of that name, or no field is left to vote on.
    """
    shape = shape_of(schema)
    return Task(
        name="structured",
        prompts=prompts or _prompts(shape),
        read=shape.read,
        gate=by_fields(shape.fields, _checked(shape, unvoted)),
        schema=shape.schema,
    )


def _checked(shape: Shape, unvoted: Sequence[str]) -> Sequence[str]:
    there = ", ".join(shape.names)
    if isinstance(unvoted, str):
        msg = f"unvoted={unvoted!r} is a text: pass a list of fields, [{unvoted!r}]."
        raise InputError(msg)
    for name in unvoted:
        if name not in shape.names:
            msg = f"{shape.name} has no field {name!r} to leave out of the vote: it has {there}."
            raise InputError(msg)
    if not {*shape.names} - {*unvoted}:
        msg = f"unvoted leaves no field of {shape.name} to vote on: keep one of {there}."
        raise InputError(msg)
    return unvoted


def _prompts(shape: Shape) -> Prompts:
    fields = _literal(", ".join(shape.names))
    # Fields stay in their order: a reason that comes first is thought of first.
    schema = _literal(json.dumps(shape.schema, ensure_ascii=False))
    about = f"{{question}}\n\nThe answer will be a JSON object with the fields {fields}. "
    return Prompts(
        goal=(
            f"{about}What is to be found for them? Answer in one sentence that starts with "
            '"Find". Write no JSON and give no values.'
        ),
        guideline=(
            f"{about}How would you go about finding them? Answer in one or two sentences that "
            'start with "First" and name what to look at. Write no JSON and give no values.'
        ),
        execute=(
            "{question}\n\n{plan}"
            "Reply with nothing but one JSON object that fits this JSON schema:\n" + schema
        ),
        with_goal="{goal}\n\n",
        with_guideline="{guideline}\n\n",
    )


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
