"""A model's keys, so that what it says of itself can be checked for them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from langchain_core.language_models import BaseChatModel
from pydantic import SecretBytes, SecretStr

_SHORTEST: Final = 6  # a key like "none" or "test" would black out innocent words
_TABLES: Final = ("default_headers", "default_query")


def secrets_of(chat: BaseChatModel) -> tuple[str, ...]:
    """List a model's keys: secret fields, secret headers and passwords in addresses.

    Args:
        chat: A chat model; only its own fields are looked at.
    """
    plain = [secret.strip() for _, secret in _found(chat)]
    # An HTTP client quotes a header that it cannot send, as Python does.
    found = dict.fromkeys([*plain, *(repr(secret)[1:-1] for secret in plain)])
    return tuple(sorted((s for s in found if len(s) >= _SHORTEST), key=len, reverse=True))


def secret_fields(chat: BaseChatModel) -> tuple[str, ...]:
    """Name the fields of a model that hold a secret, or may: headers, queries, addresses."""
    return tuple(dict.fromkeys(name for name, _ in _found(chat)))


def without(secrets: Iterable[str], text: str) -> str:
    """Black out secrets in a text."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def _found(chat: BaseChatModel) -> Iterator[tuple[str, str]]:
    """Give each secret, in each way it may be written, with the field that holds it."""
    for name in type(chat).model_fields:
        value = getattr(chat, name, None)
        if isinstance(value, SecretStr):
            yield name, value.get_secret_value()
        elif isinstance(value, SecretBytes):
            yield name, value.get_secret_value().decode("utf-8", "replace")
        elif name in _TABLES and isinstance(value, dict):
            for entry in map(str, value.values()):
                yield name, entry
                yield name, entry.partition(" ")[2]  # without "Bearer", "Basic" and the like
        elif isinstance(value, str) and "://" in value:
            yield from ((name, word) for word in _passwords(value))


def _passwords(url: str) -> Iterator[str]:
    """Give the password of an address, as it is written and as it is sent."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no address after all
        return
    if parts.password:
        user, password = unquote(parts.username or ""), unquote(parts.password)
        yield from (parts.password, password)
        yield b64encode(f"{user}:{password}".encode()).decode()
