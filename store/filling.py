"""How far a new embedding version is (ADR 0080)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Filling:
    """How far the live model's embeddings are, while searches still use another version.

    `films` are those that searches find; `missing` of them have no embedding of `wanted` yet.
    """

    wanted: str
    used: str
    films: int
    missing: int
