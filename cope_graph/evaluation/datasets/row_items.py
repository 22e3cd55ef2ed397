"""From rows to items: the question, the answer, what the task asks for, and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_type_hints

from cope_graph.errors import InputError
from cope_graph.evaluation.datasets import code_tests, row_options
from cope_graph.evaluation.datasets.code_tests import hidden_tests, visible_tests
from cope_graph.evaluation.datasets.fields import Fields, found_as, id_of
from cope_graph.evaluation.datasets.items import Item, content_id
from cope_graph.evaluation.datasets.raw import Raw, alternatives, gold_text
from cope_graph.evaluation.datasets.row_options import Options, option_text, options_of
from cope_graph.stages.inputs import check_inputs

if TYPE_CHECKING:
    from cope_graph.tasks.task import Task

_CODE = "code"
_RECOGNISED = (row_options.KEY, code_tests.KEY)


class UnusableRowError(InputError):
    """A row's options or tests are none that the task can take."""


@dataclass(frozen=True)
class Rows:
    """Reads rows.

    Attributes:
        fields: Which are question, gold and id.
        task: What will be asked; `None` takes the inputs that are recognised.
        show_tests: How many tests the gate sees, of rows that have hidden ones alone.
    """

    fields: Fields
    task: Task | None = None
    show_tests: int = 0

    def item(self, raw: Raw) -> Item:
        """Make a row's item.

        Raises:
            UnusableRowError: Its options or tests cannot be used.
            InputError: It has no question, or an answer or id that is none.
        """
        question, name = self.fields.question_of(raw), self.fields.gold
        gold = None if name is None else gold_text(raw, name)
        inputs, options = self._inputs(raw)
        if options is not None and name is not None and gold is not None:
            gold = option_text(raw, raw.known[name], options)
        shown = self._shown(raw, options)
        hidden = {field: value for field, value in raw.fields.items() if field not in shown}
        id_ = id_of(raw, self.fields.id) or content_id(question, inputs)
        more = () if name is None else alternatives(raw.known.get(name))
        return Item(id_, question, gold, inputs, hidden, more, raw.place)

    def is_labelled(self, item: Item) -> bool:
        """Tell whether it is known what is right: an answer, or tests where code is asked for."""
        tested = bool(item.inputs.get(code_tests.KEY)) or code_tests.is_tested(item)
        if self.task is None:
            return tested or item.gold is not None
        return tested if self.task.name == _CODE else item.gold is not None

    def _inputs(self, raw: Raw) -> tuple[dict[str, Any], Options | None]:
        """Read what the task asks for beside the question."""
        wanted = self._wanted()
        found = {name: raw.asked[name] for name in wanted if raw.asked.get(name) is not None}
        options = None
        try:
            if row_options.KEY in wanted and (options := options_of(raw)):
                found[row_options.KEY] = list(options.texts)
            if code_tests.KEY in wanted:
                found.pop(code_tests.KEY, None)
                if tests := self._tests(raw):
                    found[code_tests.KEY] = tests
            self._check(raw, found)
        except InputError as error:
            raise UnusableRowError(str(error)) from error
        return found, options

    def _wanted(self) -> tuple[str, ...]:
        if self.task is None:
            return _RECOGNISED
        return () if self.task.inputs is None else tuple(get_type_hints(self.task.inputs))

    def _tests(self, raw: Raw) -> list[Any]:
        """Read the tests that the gate sees; the hidden ones are read too, so that they can be."""
        seen, hidden = visible_tests(raw.asked, raw.place), hidden_tests(raw.fields, raw.place)
        if seen or not self.show_tests or not hidden:
            return seen
        if len(hidden) <= self.show_tests:
            why = f"has {len(hidden)} tests that can be told apart, and {self.show_tests} are shown"
            msg = f"{why}: none would be left to score by"
            raise raw.refused(msg)
        return hidden[: self.show_tests]

    def _check(self, raw: Raw, inputs: Mapping[str, Any]) -> None:
        if self.task is None:
            return
        try:
            check_inputs(self.task, inputs)
        except InputError as error:
            msg = f"cannot be asked: {str(error).rstrip('.')}"
            raise raw.refused(msg) from error

    def _shown(self, raw: Raw, options: Options | None) -> set[str]:
        """Name the fields that are something else already."""
        tests = found_as(raw.asked, code_tests.VISIBLE) if code_tests.KEY in self._wanted() else []
        own = {name for name in self._wanted() if name in raw.asked}
        return self.fields.used() | own | {*tests} | ({options.field} if options else set())
