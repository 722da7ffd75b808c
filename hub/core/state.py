"""The live state: the newest reading of every entity, and the choice of what is worth keeping."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hub.core.batch import Batch, Mask, Rows
from hub.core.model import Kind, Point
from hub.core.quality import Quality

NEVER = np.iinfo(np.int64).min
"""Time of an entity that has not been read yet."""

_GROWTH = 1024

_T = TypeVar("_T", bound=np.generic)


class StateTable:
    """Arrays of shape (capacity,), one place per entity row.

    `value`, `at`, `quality` are the newest reading; a value never read is NaN at `NEVER`. Beside them stand what was
    last passed on (`_kept`), how far a value may move from there (`_band`), and when it is due again (`_due`).
    """

    def __init__(self) -> None:
        self.value: NDArray[np.float64] = np.empty(0)
        self.at: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.quality: NDArray[np.uint8] = np.empty(0, dtype=np.uint8)
        self.received = 0
        self.repeated = 0
        self.late = 0
        self._kept: NDArray[np.float64] = np.empty(0)
        self._band: NDArray[np.float64] = np.empty(0)
        self._due: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._deadband: NDArray[np.float64] = np.empty(0)
        self._share: NDArray[np.float64] = np.empty(0)
        self._max_age: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._mark: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._order: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._any_share = False

    def __len__(self) -> int:
        return len(self.value)

    def configure(self, row: int, point: Point) -> None:
        """Make place for `row` and set how its changes are told: deadbands and heartbeat of `point`."""
        self._grow(row + 1)
        exact = point.kind in (Kind.STATUS, Kind.TEXT)
        self._deadband[row] = 0.0 if exact else point.deadband
        self._share[row] = 0.0 if exact else point.deadband_percent / 100
        self._any_share = self._any_share or self._share[row] > 0
        self._max_age[row] = round(point.max_age * 1000)
        self._band[row] = max(self._deadband[row], self._share[row] * abs(np.nan_to_num(self._kept[row])))

    def restore(self, batch: Batch) -> None:
        """Take the newest readings of an earlier run as live state, without telling anyone."""
        self._grow(int(batch.rows.max(initial=-1)) + 1)
        rows = batch.rows
        self.value[rows], self.at[rows], self.quality[rows] = batch.values, batch.at, batch.quality
        self._keep(rows, batch.values, batch.at)

    def apply(self, batch: Batch) -> Batch:
        """Take readings in; the changes among them come out, in their order.

        A change exceeds the deadband, or is `max_age` old, or has another quality, or is the entity's first. A reading
        older than the state is late: it is told, since history wants it, but the state stays. A reading told before
        (same time, value and quality) changes nothing.
        """
        n = len(batch)
        self.received += n
        rows = batch.rows
        if len(self._order) < n:
            self._order = np.arange(n)
        order = self._order[:n]
        self._mark[rows] = order
        if n and not (self._mark[rows] == order).all():
            return self._apply_in_rounds(batch)
        return self._apply_unique(batch)

    def rewind(self, now: int) -> int:
        """After a step back of the clock: readings stamped later count as read at `now`; how many there were."""
        ahead = self.at > now
        self.at[ahead] = now
        self._due[ahead] = np.minimum(self._due[ahead], now + self._max_age[ahead])
        return int(np.count_nonzero(ahead))

    def read(self, rows: Rows) -> Batch:
        """The newest readings of `rows`; NaN at `NEVER` where there is none."""
        return Batch(rows, self.value[rows], self.at[rows], self.quality[rows])

    def not_topical(self, rows: Rows, at: int) -> Batch:
        """A batch that would mark `rows` as not topical at `at`: last values, the flag added.

        An entity whose newest reading is stamped later than `at` is marked at that time.
        """
        times = np.maximum(self.at[rows], at)
        return Batch(rows, self.value[rows], times, self.quality[rows] | np.uint8(Quality.NOT_TOPICAL))

    def _apply_unique(self, batch: Batch) -> Batch:
        rows, values, at, quality = batch.rows, batch.values, batch.at, batch.quality
        state_at = self.at[rows]
        if not (at > state_at).all():
            return self._apply_with_late(batch, state_at)
        told = np.abs(values - self._kept[rows]) > self._band[rows]
        told |= at >= self._due[rows]
        told |= quality != self.quality[rows]
        self.value[rows] = values
        self.at[rows] = at
        self.quality[rows] = quality
        changes = batch.where(told)
        self._keep(changes.rows, changes.values, changes.at)
        return changes

    def _apply_with_late(self, batch: Batch, state_at: NDArray[np.int64]) -> Batch:
        rows = batch.rows
        same_time = batch.at == state_at
        same_value = (batch.values == self.value[rows]) | (np.isnan(batch.values) & np.isnan(self.value[rows]))
        repeated: Mask = same_time & same_value & (batch.quality == self.quality[rows])
        corrected: Mask = same_time & ~repeated
        late: Mask = batch.at < state_at
        self.repeated += int(np.count_nonzero(repeated))
        self.late += int(np.count_nonzero(late))
        newer = batch.at > state_at
        changes = self._apply_unique(batch.where(newer)) if newer.any() else Batch.empty()
        fix = batch.where(corrected)
        self.value[fix.rows], self.quality[fix.rows] = fix.values, fix.quality
        self._keep(fix.rows, fix.values, fix.at)
        parts = [part for part in (batch.where(late), fix, changes) if len(part)]
        return Batch.concat(parts)

    def _apply_in_rounds(self, batch: Batch) -> Batch:
        """Several readings of one entity in a batch are taken one after the other, in the order of their times."""
        by_row_and_time = np.lexsort((batch.at, batch.rows))
        rows = batch.rows[by_row_and_time]
        first = np.r_[True, rows[1:] != rows[:-1]]
        starts = np.flatnonzero(first)
        turn = np.arange(len(rows)) - np.repeat(starts, np.diff(np.r_[starts, len(rows)]))
        changes = []
        for k in range(int(turn.max()) + 1):
            chosen = by_row_and_time[turn == k]
            part = Batch(batch.rows[chosen], batch.values[chosen], batch.at[chosen], batch.quality[chosen])
            changes.append(self._apply_unique(part))
        return Batch.concat(changes)

    def _keep(self, rows: Rows, values: NDArray[np.float64], at: NDArray[np.int64]) -> None:
        self._kept[rows] = values
        self._due[rows] = at + self._max_age[rows]
        if self._any_share:
            self._band[rows] = np.fmax(self._deadband[rows], self._share[rows] * np.abs(values))

    def _grow(self, size: int) -> None:
        if size <= len(self.value):
            return
        extra = max(size, len(self.value) * 2, _GROWTH) - len(self.value)
        self.value = _extended(self.value, extra, np.nan)
        self.at = _extended(self.at, extra, NEVER)
        self.quality = _extended(self.quality, extra, Quality.NOT_TOPICAL)
        self._kept = _extended(self._kept, extra, np.nan)
        self._band = _extended(self._band, extra, 0.0)
        self._due = _extended(self._due, extra, NEVER)
        self._deadband = _extended(self._deadband, extra, 0.0)
        self._share = _extended(self._share, extra, 0.0)
        self._max_age = _extended(self._max_age, extra, 900_000)
        self._mark = _extended(self._mark, extra, 0)


def _extended(column: NDArray[_T], extra: int, fill: float) -> NDArray[_T]:
    return np.concatenate([column, np.full(extra, fill, dtype=column.dtype)])
