from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from cope_graph.errors import InputError, MissingPackageError, ModelLoadError, SchemaError
from cope_graph.huggingface.schema import Schemas, grammar
from tests.tiny_model import make_tiny_model


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return AutoTokenizer.from_pretrained(make_tiny_model(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def schemas(tokenizer: Any) -> Schemas:
    return Schemas(tokenizer)


def test_a_model_without_the_tokens_that_may_come_is_told(schemas: Schemas) -> None:
    with pytest.raises(SchemaError, match="No token of the model can go on"):
        schemas.matcher({"type": "null"}).allow(torch.zeros(3))


def test_a_token_that_was_not_allowed_is_an_error(schemas: Schemas, tokenizer: Any) -> None:
    matcher = schemas.matcher({"type": "null"})

    with pytest.raises(SchemaError, match="cannot be held to its schema"):
        matcher.take(tokenizer.encode("{")[0])
    with pytest.raises(SchemaError, match="cannot be held to its schema"):
        matcher.allow(torch.zeros(len(tokenizer)))


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "foo"}, "Invalid type: foo"),
        ({"$ref": "#/$defs/A"}, "does not exist"),
        ({"type": "array", "uniqueItems": True}, "uniqueItems"),
        ({"type": "string", "pattern": "(?=a)b"}, "regex parse error"),
        ({"type": "integer", "minimum": 5, "maximum": 2}, "Unsatisfiable"),
        ({"type": "object", "properties": 3}, "properties"),
    ],
)
def test_a_schema_that_cannot_be_held_to_is_refused(
    schemas: Schemas, schema: dict[str, Any], why: str
) -> None:
    with pytest.raises(InputError, match="schema") as caught:
        schemas.matcher(schema)

    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("schema", [{"const": {1, 2}}, {"enum": [object()]}, True])
def test_a_schema_that_is_no_json_is_refused(schemas: Schemas, schema: Any) -> None:
    with pytest.raises(InputError, match="no JSON schema"):
        schemas.matcher(schema)


@pytest.mark.parametrize("schema", [{"const": 2**53 + 1}, {"enum": [1, {"a": -(2**53) - 1}]}])
def test_an_integer_that_would_be_rounded_is_refused(
    schemas: Schemas, schema: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match=r"9007199254740993, beyond 2\^53: name it as a string"):
        schemas.matcher({"type": "object", "properties": {"a": schema}})


def test_a_schema_nested_without_end_is_refused(schemas: Schemas) -> None:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(5_000):
        schema = {"type": "array", "items": schema}

    with pytest.raises(InputError, match="no JSON schema"):
        schemas.matcher(schema)


def test_a_tokenizer_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ModelLoadError, match=r"^object cannot be held to a schema.*fast tokenizer"):
        Schemas(object()).matcher({"type": "null"})


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)

    with pytest.raises(MissingPackageError, match=r"pip install 'cope-graph\[huggingface\]'"):
        grammar({"type": "null"})
