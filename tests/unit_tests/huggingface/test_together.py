"""What one caller does must not reach another: bytes, loading, borrowed models, closing."""

from __future__ import annotations

import gc
import random
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from cope_graph import PLAN_FREE, create_cope, tasks
from cope_graph.errors import InputError, ModelFileError
from cope_graph.huggingface import load as loading
from cope_graph.huggingface.chat import ChatTransformers
from cope_graph.huggingface.engine import engine_of
from cope_graph.huggingface.files import folder_of
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.sample import Reader
from cope_graph.huggingface.source import source_of
from tests.tiny_model import make_tiny_model
from tests.unit_tests.huggingface.watched import chat_of


class Borrowed(BaseChatModel):
    """A user's own model, which asks a model in this process three times for each answer."""

    inner: Any
    max_tokens: int = 64

    @property
    def _llm_type(self) -> str:
        return "borrowed"

    def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        drafts = self.inner.generate([messages], n=3).generations[0]
        assert {draft.generation_info["finish_reason"] for draft in drafts} <= {"stop", "length"}
        return ChatResult(generations=[ChatGeneration(message=AIMessage("\\boxed{7}"))])


def byte_tokenizer() -> Any:
    """A tokenizer in the way of Llama 2: what it has no word for is bytes."""
    from tokenizers import Tokenizer, decoders, models  # noqa: PLC0415 - heavy
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415 - heavy

    words = [
        "<unk>",
        *(f"<0x{byte:02X}>" for byte in range(256)),
        "\u2581",
        "\u2581a",
        "b",
        "\u00e9",
    ]
    vocabulary = {word: index for index, word in enumerate(words)}
    raw = Tokenizer(models.BPE(vocabulary, [], byte_fallback=True, unk_token="<unk>"))
    parts = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    raw.decoder = decoders.Sequence(parts)
    make: Any = PreTrainedTokenizerFast
    return make(tokenizer_object=raw, unk_token="<unk>")


def test_bytes_that_are_no_text_lose_nothing_around_them() -> None:
    tokenizer = byte_tokenizer()
    for trial in range(50):
        tokens = random.Random(trial).choices(range(129, len(tokenizer)), k=60)  # noqa: S311
        reader = Reader(tokenizer)
        text = "".join(reader.read(token) for token in tokens)
        whole = tokenizer.decode(tokens, skip_special_tokens=True)
        # How many signs stand for broken bytes is a matter of taste; nothing else may be lost.
        assert [sign for sign in text if sign in " ab"] == [sign for sign in whole if sign in " ab"]


def test_a_model_that_asks_one_in_this_process_keeps_its_own_request(loaded: Loaded) -> None:
    small = Borrowed(inner=chat_of(loaded, max_tokens=5))
    graph: Any = create_cope(small, small, task=tasks.math(), defaults=PLAN_FREE).compile()
    out = graph.invoke({"messages": [("user", "3 + 4?")]})
    assert (out["answer"], out["stage"], out["confidence"]) == ("7", 1, 1.0)


def test_a_model_that_loads_keeps_none_waiting_that_is_loaded(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = ChatTransformers(model=str(folder), device="cpu", dtype="float32", max_tokens=2)
    chat.load()
    begun, go = threading.Event(), threading.Event()

    def slow(*_: Any) -> Any:
        begun.set()
        assert go.wait(60)
        raise ModelFileError

    monkeypatch.setattr(loading, "_load", slow)
    other = ChatTransformers(model=str(make_tiny_model(tmp_path)))

    def fail() -> None:
        with pytest.raises(ModelFileError):
            other.load()

    thread = threading.Thread(target=fail)
    thread.start()
    assert begun.wait(60)
    assert chat.invoke("Hi").usage_metadata["output_tokens"] <= 2  # type: ignore[index]
    go.set()
    thread.join(60)


def test_a_prompt_that_was_never_read_is_not_on_the_bill(loaded: Loaded) -> None:
    chat = chat_of(loaded)
    request = chat._request([HumanMessage("Hi")], {})
    assert request.usage["input_tokens"] == 0


def test_unloading_frees_the_weights_and_ends_the_thread(tmp_path: Path) -> None:
    chat = ChatTransformers(model=str(make_tiny_model(tmp_path)), max_tokens=2)
    chat.invoke("Hi")
    engine = engine_of(chat.load())
    weights = weakref.ref(chat.load().model)
    chat.unload()
    assert engine._thread is not None
    assert not engine._thread.is_alive()
    del engine
    gc.collect()
    assert weights() is None
    assert chat.invoke("Hi").usage_metadata["output_tokens"] <= 2  # type: ignore[index]


@pytest.mark.parametrize("shard", ["*", "pytorch_model.bin", "../other/model.safetensors"])
def test_an_index_that_names_other_files_than_weights_is_refused(
    folder: Path, tmp_path: Path, shard: str
) -> None:
    for path in folder.iterdir():
        if path.name != "model.safetensors":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(f'{{"weight_map": {{"a": "{shard}"}}}}')
    with pytest.raises(ModelFileError):
        folder_of(source_of(str(tmp_path)))


@pytest.mark.parametrize("name", ["max_new_tokens", "max_completion_tokens", "do_sample"])
def test_another_librarys_name_of_a_setting_is_refused_with_ours(loaded: Loaded, name: str) -> None:
    with pytest.raises(InputError, match=f"no setting '{name}' here: use "):
        chat_of(loaded).bind(**{name: 3}).invoke("Hi")


def test_an_own_token_count_is_the_models(loaded: Loaded) -> None:
    chat = chat_of(loaded)
    assert chat.get_num_tokens("the lazy dog") == len(loaded.tokens_of("the lazy dog"))
