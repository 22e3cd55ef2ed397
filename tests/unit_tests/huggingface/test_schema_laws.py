from __future__ import annotations

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from cope_graph.huggingface.schema import Schemas
from tests.tiny_model import make_tiny_model
from tests.unit_tests.huggingface.decoding import decode, noise


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return AutoTokenizer.from_pretrained(make_tiny_model(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def schemas(tokenizer: Any) -> Schemas:
    return Schemas(tokenizer)


SCALARS = st.one_of(
    st.fixed_dictionaries({"type": st.just("string"), "maxLength": st.integers(0, 6)}),
    st.builds(
        lambda low, span: {"type": "integer", "minimum": low, "maximum": low + span},
        st.integers(-50, 50),
        st.integers(0, 500),
    ),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": ["boolean", "null"]}]),
    st.builds(
        lambda values: {"enum": values},
        st.lists(
            st.none() | st.integers(-(2**53), 2**53) | st.text(max_size=5), min_size=1, max_size=4
        ),
    ),
)
SCHEMA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.builds(
            lambda items, least, more: {
                "type": "array",
                "items": items,
                "minItems": least,
                "maxItems": least + more,
            },
            inner,
            st.integers(0, 2),
            st.integers(0, 2),
        ),
        st.builds(
            lambda properties, take: {
                "type": "object",
                "properties": properties,
                "required": list(properties)[:take],
            },
            st.dictionaries(st.text(max_size=5), inner, max_size=3),
            st.integers(0, 3),
        ),
        st.builds(lambda one, two: {"anyOf": [one, two]}, inner, inner),
    ),
    max_leaves=5,
)


@given(schema=SCHEMA, seed=st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_whatever_the_model_prefers_its_reply_fits_the_schema(
    schemas: Schemas, tokenizer: Any, schema: dict[str, Any], seed: int
) -> None:
    reply = decode(schemas.matcher(schema), tokenizer, noise(seed))

    jsonschema.validate(json.loads(reply), schema)
