"""The suffixes of a model's name that make the loopback OpenAI server misbehave."""

import functools
import re
from collections.abc import Mapping
from typing import Final

SUFFIXES: Final[Mapping[str, str]] = {
    # refusals: they cost nothing and deal no text of a script
    "401": "the key is refused",
    "429": "every request is refused",
    "429once": "the first request is refused with `Retry-After: 1`, the later ones are answered",
    "429after30": "every request is refused with `Retry-After: 30`",
    "500": "every request fails",
    "500once": "the first request fails, the later ones are answered",
    "503": "the server is overloaded",
    "refuse-n": "n above 1 is refused",
    # odd answers
    "empty": "the text is empty",
    "null": "the content is null",
    "nochoices": "the list of choices is empty",
    "nousage": "no usage is reported",
    "length": "the finish reason is length",
    "ignore-n": "one choice, whatever n is",
    "unicode": "the text starts with astral, combining, right-to-left and separator characters",
    "surrogate": "the text starts with a lone surrogate, which JSON can spell and UTF-8 cannot",
    "html": "a web page instead of JSON; it costs nothing",
    # broken answers: they are billed. Of several the alphabetically last one happens.
    "badjson": "the JSON is cut, in a body or event that is whole; a stream ends after it",
    "crash": "the connection closes in the middle of the body or of a chunk",
    "drip": "a blank (in a stream a comment) every 0.2 s, for ever",
    "reset": "the connection is reset before the first byte",
    "timeout": "no byte ever comes",
    "truncated": "a stream ends after half of the tokens, without finish reason, usage, [DONE]",
}
"""What each suffix does. ``small-500`` is ``small`` that fails; suffixes add up."""

_SUFFIX: Final = re.compile(rf"-({'|'.join(SUFFIXES)})$")


@functools.lru_cache(maxsize=1024)
def behaviours(model: str) -> tuple[str, frozenset[str]]:
    """Split ``small-nousage-length`` into ``small`` and {nousage, length}."""
    found = set()
    while match := _SUFFIX.search(model):
        found.add(match[1])
        model = model[: match.start()]
    return model, frozenset(found)
