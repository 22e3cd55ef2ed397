"""Multiple choice: one of the options, or several of them; a vote over what was chosen."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, Required

from pydantic import AfterValidator
from typing_extensions import TypedDict

from cope_graph.errors import InputError
from cope_graph.gates.majority import vote
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.tasks.choice_replies import read_choice
from cope_graph.tasks.chosen import choose_one, choose_several
from cope_graph.tasks.options import shown, usable
from cope_graph.tasks.task import Prompts, Task

if TYPE_CHECKING:
    from cope_graph.state import Sample

OptionsOf = Callable[[Question], Sequence[str]]

PROMPTS: Final = Prompts(
    goal=(
        "{question}\n\n"
        'What has to be decided here? Answer in one sentence that starts with "Decide" and names '
        "what tells the options apart. Do not choose."
    ),
    guideline=(
        "{question}\n\n"
        'How would you go about this? Answer in one sentence that starts with "First" and names '
        "what to check in which order. Do not choose."
    ),
    execute=(
        "{question}\n\n{plan}"
        "Think step by step in a few short sentences. Then end with one line: "
        '"Answer: " and what stands in brackets before the option you choose, such as '
        '"Answer: B"; if you are to choose several, put commas between them.'
    ),
    with_goal="{goal}\n\n",
    with_guideline="{guideline}\n\n",
)


class ChoiceInputs(TypedDict):
    """What the choice task asks for beside the messages, when it was made without options."""

    options: Required[Annotated[list[str], AfterValidator(usable)]]
    """The options of this question: 2 to 26 texts."""


def _none_more(options: list[str]) -> list[str]:
    if options:
        msg = "the task was made with its own: leave these out, or make it by tasks.choice()"
        raise ValueError(msg)
    return options


class FixedInputs(TypedDict):
    """A task made with options refuses others; it would ignore them in silence otherwise."""

    options: Annotated[list[str], AfterValidator(_none_more)]
    """To be left empty: this graph has options of its own."""


def choice(options: Sequence[str] | None = None, *, several: bool = False) -> Task:
    """Make the choice task: the answer is one of the options, as it was written there.

    Models see the options with letters below the question. A reply may name one by its letter, its
    text or both; what names none, or is unclear, counts as a sample without an answer.

    Example:
        ```python
        graph = create_cope(small, large, task=tasks.choice(["yes", "no"])).compile()
        graph.invoke({"messages": [("user", "Is 91 a prime?")]})
        ```

    Args:
        options: The options of every question, 2 to 26; `None` to give them with each question
            under input key `options`.
        several: Whether more than one may be right: the answer is then a JSON list of options, in
            their order.

    Raises:
        InputError: The options cannot be used: too few, too many, an empty or a double one.
    """
    own: tuple[str, ...] | None = None
    if options is not None:
        try:
            own = tuple(usable(options))
        except (TypeError, ValueError) as error:
            msg = f"The choice task cannot use its options: {error}."
            raise InputError(msg) from error
    options_of = partial(_options_of, own)
    return Task(
        name="choice",
        prompts=PROMPTS,
        read=read_choice,
        gate=partial(_gate, options_of, several),
        inputs=ChoiceInputs if own is None else FixedInputs,
        show=partial(_show, options_of, several),
    )


def _options_of(own: Sequence[str] | None, question: Question) -> Sequence[str]:
    if own is not None:
        return own
    given: Sequence[str] = question.inputs["options"]
    return given


def _show(options_of: OptionsOf, several: bool, question: Question) -> str:  # noqa: FBT001
    return shown(question.text, options_of(question), several=several)


def _gate(
    options_of: OptionsOf,
    several: bool,  # noqa: FBT001
    question: Question,
    samples: Sequence[Sample],
) -> Verdict:
    options = options_of(question)
    named: list[Sample] = [
        {**sample, "answer": _named(sample["answer"], options, several=several)}
        for sample in samples
    ]
    verdict = vote(str.__eq__)(question, named)
    if verdict.answer is None:
        reason = f"none of {len(samples)} samples names {'options' if several else 'one option'}"
        return Verdict(None, None, None, reason, by_share=True)
    return verdict


def _named(said: str | None, options: Sequence[str], *, several: bool) -> str | None:
    """Write a stated choice as the caller wrote the options."""
    if said is None:
        return None
    if several:
        found = choose_several(said, options)
        return (
            json.dumps([options[index] for index in found], ensure_ascii=False) if found else None
        )
    index = choose_one(said, options)
    return None if index is None else options[index]
