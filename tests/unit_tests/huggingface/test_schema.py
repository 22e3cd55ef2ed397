from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import torch
from transformers import AutoTokenizer

from cope_graph.huggingface.calls import read_calls
from cope_graph.huggingface.schema import Schemas
from cope_graph.huggingface.tools import forced_schema
from tests.tiny_model import make_tiny_model
from tests.unit_tests.huggingface.decoding import allowed, decode, noise

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "mood": {"enum": ["froh", "müde", "怒", "🙂", None, 3]},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "scores": {"type": "array", "items": {"type": "number"}, "maxItems": 3},
        "home": {
            "type": "object",
            "properties": {"zip": {"type": "string", "pattern": "^[0-9]{5}$"}},
            "required": ["zip"],
        },
    },
    "required": ["name", "mood", "age", "scores", "home"],
}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return AutoTokenizer.from_pretrained(make_tiny_model(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def schemas(tokenizer: Any) -> Schemas:
    return Schemas(tokenizer)


@pytest.mark.parametrize("seed", range(20))
def test_a_schema_of_every_kind_is_followed(schemas: Schemas, tokenizer: Any, seed: int) -> None:
    reply = json.loads(decode(schemas.matcher(PERSON), tokenizer, noise(seed)))

    jsonschema.validate(reply, PERSON)
    assert list(reply) == list(PERSON["properties"])  # in the order of the schema


def test_what_the_model_wants_is_what_it_writes_where_it_may(
    schemas: Schemas, tokenizer: Any
) -> None:
    for wanted in (
        '{"name":"Zoë 🙂","mood":"怒","age":7,"scores":[1.5,-2],"home":{"zip":"01234"}}',
        '{"name": "Zoë", "mood": null, "age": 7, "scores": [], "home": {"zip": "01234"}}',
        json.dumps(
            {"name": "a\nb", "mood": 3, "age": 150, "scores": [1, 2], "home": {"zip": "99999"}},
            indent=2,
        ),
    ):
        tokens = tokenizer.encode(wanted)

        def follow(step: int, size: int, tokens: list[int] = tokens) -> torch.Tensor:
            row = torch.zeros(size)
            row[tokens[step]] = 1
            return row

        assert decode(schemas.matcher(PERSON), tokenizer, follow) == wanted


def test_blanks_end(schemas: Schemas, tokenizer: Any) -> None:
    blanks = [it for it in range(len(tokenizer)) if not tokenizer.decode([it]).strip(" \n\t\r")]

    def blank(_step: int, size: int) -> torch.Tensor:
        row = torch.zeros(size)
        row[blanks] = 1
        return row

    reply = decode(schemas.matcher({"enum": [[1, 2], [1, 2, 3]]}), tokenizer, blank)
    assert json.loads(reply) in ([1, 2], [1, 2, 3])
    reply = decode(
        schemas.matcher({"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}),
        tokenizer,
        blank,
    )
    assert json.loads(reply) == {"a": 1}
    assert reply.count("\n") <= 4
    assert len(reply) <= len('{"a":1}') + 4 * 25


def test_nothing_but_an_end_may_follow_a_whole_reply(schemas: Schemas, tokenizer: Any) -> None:
    matcher = schemas.matcher({"const": "a"})
    ended = [matcher.ended]

    for token in tokenizer.encode('"a"'):
        matcher.take(token)
        ended.append(matcher.ended)

    assert ended == [False] * (len(ended) - 1) + [True]
    assert allowed(matcher, tokenizer) == {"<|im_end|>"}


def test_a_reply_that_may_go_on_may_also_end(schemas: Schemas, tokenizer: Any) -> None:
    matcher = schemas.matcher({"type": "integer"})
    assert "<|im_end|>" not in allowed(matcher, tokenizer)

    matcher.take(tokenizer.encode("1")[0])

    assert not matcher.ended
    assert {"<|im_end|>", "7"} <= allowed(matcher, tokenizer)


def test_the_ends_of_the_caller_are_those_allowed(tokenizer: Any) -> None:
    ends = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    matcher = Schemas(tokenizer, ends).matcher({"type": "integer"})

    matcher.take(tokenizer.encode("1")[0])

    assert {"<|im_end|>", "<|endoftext|>"} <= allowed(matcher, tokenizer)


def test_special_tokens_are_no_text_of_a_string(schemas: Schemas, tokenizer: Any) -> None:
    matcher = schemas.matcher({"type": "string"})
    matcher.take(tokenizer.encode('"')[0])

    assert not {"<|im_start|>", "<|im_end|>", "<|endoftext|>"} & allowed(matcher, tokenizer)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_logits_keep_their_values_where_a_token_may_come(
    schemas: Schemas, tokenizer: Any, dtype: torch.dtype
) -> None:
    given_ = torch.arange(len(tokenizer) + 50).to(dtype)
    row = given_.clone()

    schemas.matcher({"enum": ["a"]}).allow(row)

    may_come = torch.isfinite(row)
    assert {tokenizer.decode([it]) for it in may_come.nonzero().flatten().tolist()} == {'"'}
    assert torch.equal(row[may_come], given_[may_come])
    assert torch.all(row[~may_come] == float("-inf"))


def test_a_row_of_a_batch_is_changed_in_its_place(schemas: Schemas, tokenizer: Any) -> None:
    batch = torch.zeros(2, len(tokenizer))

    schemas.matcher({"type": "null"}).allow(batch[1])

    assert torch.isfinite(batch[0]).all()
    assert not torch.isfinite(batch[1]).all()


def test_matchers_of_one_schema_do_not_know_of_each_other(schemas: Schemas, tokenizer: Any) -> None:
    one, other = schemas.matcher(PERSON), schemas.matcher(PERSON)

    one.take(tokenizer.encode("{")[0])

    assert "{" in allowed(other, tokenizer)
    assert "{" not in allowed(one, tokenizer)


def test_threads_share_a_tokenizer(tokenizer: Any) -> None:
    schemas = Schemas(tokenizer)

    def reply(seed: int) -> Any:
        return json.loads(decode(schemas.matcher(PERSON), tokenizer, noise(seed)))

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(reply, range(8)))

    assert together == [reply(seed) for seed in range(8)]


def test_a_forced_call_is_read_as_a_call(schemas: Schemas, tokenizer: Any) -> None:
    parameters = {
        "$defs": {"Level": {"enum": ["low", "high"]}},
        "properties": {"level": {"$ref": "#/$defs/Level"}},
        "required": ["level"],
    }
    tools = [
        {"type": "function", "function": {"name": "now", "description": "The time."}},
        {"type": "function", "function": {"name": "heat", "parameters": parameters}},
    ]
    schema = forced_schema(tools, "any")
    assert schema is not None
    seen = set()

    for seed in range(12):
        reply = decode(schemas.matcher(schema), tokenizer, noise(seed))
        content, calls, invalid = read_calls(reply, ["now", "heat"])
        assert (content, len(calls), invalid) == ("", 1, [])
        seen.add((calls[0]["name"], calls[0]["args"].get("level")))

    assert seen == {("now", None), ("heat", "low"), ("heat", "high")}
