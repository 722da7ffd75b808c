"""Changes made into even steps: a value holds until the next reading, its loss, or its heartbeat's failing."""

from __future__ import annotations

import numpy as np

from hub.core.batch import Batch, Mask, Qualities, Times, Values
from hub.core.quality import Quality

GRACE = 1.5
"""A source silent for this many heartbeats has no value any more."""

_NO_VALUE = np.uint8(Quality.INVALID | Quality.NOT_TOPICAL)


def held(readings: Batch, grid: Times, max_age: float) -> Values:
    """The value in force at each time of `grid`, from one entity's readings sorted by time; NaN where there was none.

    A reading that is invalid or not topical ends the value before it; so does silence of one and a half `max_age` s.
    """
    if not len(readings):
        return np.full(len(grid), np.nan)
    newest = np.searchsorted(readings.at, grid, side="right") - 1
    at = np.maximum(newest, 0)
    fresh = (newest >= 0) & (grid - readings.at[at] <= round(max_age * 1000 * GRACE))
    return np.where(fresh & usable(readings.quality)[at], readings.values[at], np.nan)


def with_gaps(readings: Batch, max_age: float) -> tuple[Times, Values]:
    """One entity's readings as a line to draw, NaN where a bad reading or a silence breaks it."""
    at, values = readings.at, np.where(usable(readings.quality), readings.values, np.nan)
    limit = round(max_age * 1000 * GRACE)
    silent = np.flatnonzero(np.diff(at) > limit)
    return np.insert(at, silent + 1, at[silent] + limit), np.insert(values, silent + 1, np.nan)


def usable(quality: Qualities) -> Mask:
    """Which readings carry a value of their own."""
    carries: Mask = (quality & _NO_VALUE) == 0
    return carries
