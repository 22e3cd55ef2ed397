"""Parsing Python that others wrote: nothing of it runs."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Final

_FILE: Final = "<code given to cope-graph>"


def parse(code: str) -> ast.Module:
    r"""Parse code that others wrote, without a word about its style.

    The parser warns of an escape such as `"\d"`. Where warnings are errors the code would not
    parse; elsewhere the warning would reach the user's screen.

    Raises:
        SyntaxError: It is no Python.
        ValueError: It holds what no source may.
        RecursionError: It is nested too deep.
        MemoryError: The same.
    """
    # A filter for one file name, put in front once: unlike `catch_warnings` it is safe in threads.
    quiet = ("ignore", None, Warning, re.compile(re.escape(_FILE)), 0)
    if warnings.filters[:1] != [quiet]:
        warnings.filterwarnings("ignore", module=re.escape(_FILE))
    return ast.parse(code, _FILE)


def check_compiles(code: str) -> None:
    """Refuse what parses and yet is no program, such as a `return` outside of a function.

    Raises:
        SyntaxError: It is none.
        RecursionError: It is nested too deep.
    """
    compile(code, _FILE, "exec", dont_inherit=True)
