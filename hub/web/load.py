"""Load curves: mean power of each quarter of an hour, kept so that only the newest blocks are read again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from aiohttp import web

from hub.core.batch import Times, Values
from hub.core.clock import Clock
from hub.core.model import Entity
from hub.history import History
from hub.web.demand import BLOCK, summed
from hub.web.periods import DAY, HOUR

_FRESH = 2 * HOUR
"""Blocks this young are read again each time: late readings may still come in."""

_KEPT = 4 * DAY


class LoadCurves:
    """Block means summed over some powers, by their rows; NaN where one of them is unknown."""

    def __init__(self, history: History, clock: Clock) -> None:
        self._history = history
        self._clock = clock
        self._known: dict[tuple[int, ...], dict[int, float]] = {}

    async def curve(self, powers: Sequence[Entity], start: int, end: int) -> tuple[Times, Values]:
        """Starts of the quarters in [start, end) and their means; the running quarter as far as it has come."""
        starts = np.arange(start, end, BLOCK, dtype=np.int64)
        if not powers:
            return starts, np.full(len(starts), np.nan)
        now = self._clock.now_ms()
        key = tuple(entity.row for entity in powers)
        known = self._known[key] = {
            at: mean for at, mean in self._known.get(key, {}).items() if now - _KEPT < at < now - _FRESH
        }
        unknown = [at for at in starts.tolist() if at < now and at not in known]
        if unknown:
            borders = np.append(np.arange(unknown[0], min(end, now), BLOCK, dtype=np.int64), min(end, now))
            means = await summed(self._history, powers, borders)
            known.update(zip(borders[:-1].tolist(), means.tolist(), strict=True))
        return starts, np.array([known.get(at, np.nan) for at in starts.tolist()])


LOAD_CURVES = web.AppKey("load_curves", LoadCurves)
