"""Gas, steam, water, compressed air and products: flows that add up, and what they ask of the compressors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hub_simulator.description import Flow
from hub_simulator.noise import Floats, seeds, wander
from hub_simulator.worktime import Moment, activity

Rates = NDArray[np.int64]
"""Thousandths of a flow's unit an hour, whole numbers, shape (flows,)."""


class Media:
    """All flows of a plant; asked for any time, they always answer the same for that time."""

    def __init__(self, flows: Sequence[Flow], seed: int) -> None:
        self.index = {flow.key: i for i, flow in enumerate(flows)}
        self._flows = list(flows)
        self._below = [[i for i, flow in enumerate(flows) if flow.parent == above.key] for above in flows]
        self._seeds = seeds(seed ^ 0xF10, len(flows))

    def at(self, at_ms: int, now: Moment) -> Rates:
        """Every flow at `at_ms`. A flow with others below it is exactly their sum and its loss."""
        move = 1 + 0.06 * wander(self._seeds, at_ms, 300) + 0.02 * wander(self._seeds ^ np.uint64(3), at_ms, 20)
        rates: dict[int, int] = {}
        for i in range(len(self._flows)):
            self._rate(i, now, move, rates)
        return np.array([rates[i] for i in range(len(self._flows))], np.int64)

    def loss(self, rates: Rates) -> Rates:
        """What each flow carries beyond the flows below it; 0 for consumers."""
        return np.array([self._leak(i, rates) for i in range(len(self._flows))], np.int64)

    def _rate(self, i: int, now: Moment, move: Floats, rates: dict[int, int]) -> int:
        if i not in rates:
            flow = self._flows[i]
            own = round(flow.rating * 1000 * activity(flow.pattern, now) * move[i]) if flow.pattern else 0
            if flow.source:
                own += round(flow.factor * self._rate(self.index[flow.source], now, move, rates))
            below = sum(self._rate(child, now, move, rates) for child in self._below[i])
            rates[i] = own + below + round(below * flow.loss)
        return rates[i]

    def _leak(self, i: int, rates: Rates) -> int:
        return int(rates[i] - rates[self._below[i]].sum()) if self._below[i] else 0


def compressor_shares(air: float, capacities: Floats) -> Floats:
    """How much of each compressor is wanted, 0 to 1, shape of `capacities`, for a flow of `air` in the same unit.

    The machines are engaged one after the other: the first carry the base load, the last one starts and stops.
    """
    before = np.r_[0.0, np.cumsum(capacities)[:-1]]
    wanted: Floats = np.clip((air - before) / np.maximum(capacities, 1e-9), 0.0, 1.0)
    return wanted
