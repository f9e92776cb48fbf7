"""The keyed permutation of protocol/sample.md, written a second time, in Python.

`UPDATE_GOLDEN=1 python tests/permutation.py` writes protocol/vectors/sample.json.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parent.parent / "protocol" / "vectors" / "sample.json"
WORD, HALF = 2**64 - 1, 2**32 - 1
SEEDS = [0, 1, 42, 2**32, 2**53 + 1, WORD]
ROWS = [0, 1, 2, 1000, 2**31, 2**32 - 1, 2**32, 10**12, 2**63 - 1]


def round_keys(seed: int) -> list[int]:
    """Four 32-bit keys: two outputs of SplitMix64, each its high half first."""
    keys = []
    for step in (1, 2):
        word = (seed + step * 0x9E3779B97F4A7C15) & WORD
        word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & WORD
        word ^= word >> 31
        keys += [word >> 32, word & HALF]
    return keys


def mix(x: int) -> int:
    x ^= x >> 16
    x = (x * 0x7FEB352D) & HALF
    x ^= x >> 15
    x = (x * 0x846CA68B) & HALF
    return x ^ (x >> 16)


def permute(row: int, keys: list[int]) -> int:
    left, right = row >> 32, row & HALF
    for key in keys:
        left, right = right, left ^ mix(right ^ key)
    return left << 32 | right


def sample(rows: list[int], size: int, seed: int) -> list[int]:
    """The first `size` of `rows` in the permutation's order."""
    keys = round_keys(seed)
    return sorted(rows, key=lambda row: permute(row, keys))[:size]


def vectors() -> dict[str, Any]:
    """Numbers as text: readers of JSON may know no integers beyond 2^53."""
    permutation = [
        {"seed": str(seed), "row": str(row), "key": str(permute(row, round_keys(seed)))}
        for seed in SEEDS
        for row in ROWS
    ]
    samples = [
        {
            "seed": str(seed),
            "rows": rows,
            "size": size,
            "sample": sample([*range(rows)], size, seed),
        }
        for seed in SEEDS
        for rows, size in ((1, 1), (10, 10), (1000, 8))
    ]
    return {"permutation": permutation, "samples": samples}


def spell() -> str:
    parts = [
        f'  "{name}": [\n    ' + ",\n    ".join(json.dumps(item) for item in items) + "\n  ]"
        for name, items in vectors().items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__" and os.environ.get("UPDATE_GOLDEN") == "1":
    VECTORS.write_text(spell())
