"""A model's keys, so that what it says of itself can be checked for them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import unquote, unquote_plus, urlsplit, urlunsplit

from langchain_core.language_models import BaseLanguageModel
from pydantic import SecretBytes, SecretStr

_SHORTEST: Final = 6  # a key like "none" or "test" would black out innocent words
_TABLES: Final = ("default_headers", "default_query")


def secrets_of(chat: BaseLanguageModel[Any]) -> tuple[str, ...]:
    """List a model's keys: secret fields, secret headers and passwords in addresses.

    Args:
        chat: A chat model; its own fields are looked at, and those of a model in one of them. What
            else its requests carry, it says itself (`sent_secrets`).
    """
    sent: Iterable[str] = getattr(chat, "sent_secrets", ())
    plain = [secret.strip() for secret in (*(secret for _, secret in _found(chat)), *sent)]
    # An HTTP client quotes a header that it cannot send, as Python does.
    found = dict.fromkeys([*plain, *(repr(secret)[1:-1] for secret in plain)])
    return tuple(sorted((s for s in found if len(s) >= _SHORTEST), key=len, reverse=True))


def secret_fields(chat: BaseLanguageModel[Any]) -> tuple[str, ...]:
    """Name the fields of a model that hold a secret, or may: headers, queries, addresses."""
    return tuple(dict.fromkeys(name for name, _ in _found(chat)))


def without(secrets: Iterable[str], text: str) -> str:
    """Black out secrets in a text."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def bare_address(url: str) -> str:
    """Leave credentials, query and fragment out of an address; other text is left as it is."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit(
        (parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", "")
    )


def _found(chat: BaseLanguageModel[Any]) -> Iterator[tuple[str, str]]:
    """Give each secret, in each way it may be written, with the field that holds it."""
    for name in type(chat).model_fields:
        value = getattr(chat, name, None)
        if isinstance(value, SecretStr):
            yield name, value.get_secret_value()
        elif isinstance(value, SecretBytes):
            yield name, value.get_secret_value().decode("utf-8", "replace")
        elif isinstance(value, BaseLanguageModel):
            yield from ((name, secret) for _, secret in _found(value))
        elif isinstance(value, str) and name.endswith("_token"):
            yield name, value
        elif name in _TABLES and isinstance(value, dict):
            for entry in map(str, value.values()):
                yield name, entry
                yield name, entry.partition(" ")[2]  # without "Bearer", "Basic" and the like
        elif isinstance(value, str) and "://" in value:
            yield from ((name, word) for word in _passwords(value))


def _passwords(url: str) -> Iterator[str]:
    """Give the password of an address, as it is written and as it is sent, and its query."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no address after all
        return
    if parts.password:
        user, password = unquote(parts.username or ""), unquote(parts.password)
        yield from (parts.password, password)
        yield b64encode(f"{user}:{password}".encode()).decode()
    for part in filter(None, parts.query.split("&")):
        value = part.partition("=")[2]
        yield from (value, unquote_plus(value))
