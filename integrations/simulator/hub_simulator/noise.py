"""Smooth random wander that is a pure function of seed and time: the same plant at any hour, in any order of asking."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Seeds = NDArray[np.uint64]
Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def seeds(seed: int, n: int) -> Seeds:
    """`n` unrelated seeds made from one, shape (n,)."""
    return _mixed(np.arange(1, n + 1, dtype=np.uint64) * _GOLDEN + np.array([seed], np.uint64))


def uniform(of: Seeds, k: int = 0) -> Floats:
    """A number in [0, 1) for each seed and the counter `k`, shape of `of`."""
    counter = np.array([k & 0xFFFF_FFFF_FFFF_FFFF], np.uint64)
    return (_mixed(of ^ (counter * _GOLDEN)) >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def wander(of: Seeds, at_ms: int, period_s: float) -> Floats:
    """Values in [-1, 1] that move smoothly and take a new course every `period_s`, shape of `of`."""
    k, rest = divmod(at_ms, round(period_s * 1000))
    share = rest / (period_s * 1000)
    bend = share * share * (3 - 2 * share)
    return (uniform(of, k) * (1 - bend) + uniform(of, k + 1) * bend) * 2 - 1


def _mixed(x: Seeds) -> Seeds:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
