"""A model's keys, so that what it says of itself can be checked for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from langchain_core.language_models import BaseChatModel
from pydantic import SecretBytes, SecretStr

_SHORTEST: Final = 6  # a key like "none" or "test" would black out innocent words


def secrets_of(chat: BaseChatModel) -> tuple[str, ...]:
    """List a model's keys: secret fields, secret headers and passwords in addresses.

    Args:
        chat: A chat model; only its own fields are looked at.
    """
    found = dict.fromkeys(_found(chat))
    return tuple(sorted((s for s in found if len(s) >= _SHORTEST), key=len, reverse=True))


def _found(chat: BaseChatModel) -> Iterator[str]:
    for name in type(chat).model_fields:
        value = getattr(chat, name, None)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, SecretBytes):
            yield value.get_secret_value().decode("utf-8", "replace")
        elif name == "default_headers" and isinstance(value, dict):
            yield from (str(header).removeprefix("Bearer ") for header in value.values())
        elif isinstance(value, str) and "://" in value and (word := _password(value)):
            yield word


def _password(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:  # no address after all
        return None
