"""Samples with answers, and embeddings for tests: each text lies at an angle of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping

from langchain_core.embeddings import Embeddings

from cope_graph.state import Sample


class Angles(Embeddings):
    """Vectors of two numbers, from degrees; it keeps what it was asked for."""

    def __init__(self, degrees: Mapping[str, float], length: float = 1.0) -> None:
        self.degrees, self.length = degrees, length
        self.asked: list[list[str]] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked.append(list(texts))
        turned = [math.radians(self.degrees[text]) for text in texts]
        return [[self.length * math.cos(a), self.length * math.sin(a)] for a in turned]

    def embed_query(self, text: str) -> list[float]:
        raise NotImplementedError(text)


def answered(*answers: str | None) -> list[Sample]:
    """Give samples with these answers."""
    return [
        {"text": f"t{a}", "answer": a, "finish": "stop", "goal": None, "id": None} for a in answers
    ]
