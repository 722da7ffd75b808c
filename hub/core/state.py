"""The live state: the newest reading of every entity, and the choice of what is worth keeping."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hub.core.batch import Batch, Rows
from hub.core.model import Entity, Kind
from hub.core.quality import Quality

NEVER = np.iinfo(np.int64).min
"""Time of an entity that has not been read yet."""

_GROWTH = 1024


_PLACE = np.dtype(
    [("at", np.int64), ("kept", np.float64), ("band", np.float64), ("due", np.int64), ("quality", np.uint8)],
    align=True,
)
"""What each new reading is compared with lies side by side: one gather fetches it instead of five."""

_NEW = np.array((NEVER, np.nan, 0.0, NEVER, Quality.NOT_TOPICAL), dtype=_PLACE)

_Where = slice | NDArray[np.intp]
"""Places in the table: a run of neighbours, or any."""


class StateTable:
    """The newest reading of every entity as columns of shape (capacity,), one place per entity row.

    `value`, `at`, `quality` are that reading; a value never read is NaN at `NEVER`. Beside them stand what was last
    passed on (`kept`), how far a value may move from there (`band`), and when it is `due` again. Read the columns
    afresh each time: they are views of a table that moves when it grows.
    """

    def __init__(self) -> None:
        self.received = 0
        self.repeated = 0
        self.late = 0
        self.value: NDArray[np.float64] = np.empty(0)
        self._places: NDArray[np.void] = np.empty(0, dtype=_PLACE)
        self._deadband: NDArray[np.float64] = np.empty(0)
        self._share: NDArray[np.float64] = np.empty(0)
        self._max_age: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._turn: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._order: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._any_share = False
        self._name_columns()

    def __len__(self) -> int:
        return len(self._places)

    def configure(self, entities: Iterable[Entity]) -> None:
        """Make place for `entities` and set how their changes are told: deadbands and heartbeat of their points."""
        kinds = [(entity.row, entity.point) for entity in entities]
        rows = np.fromiter((row for row, _ in kinds), dtype=np.intp)
        self._grow(int(rows.max(initial=-1)) + 1)
        moving = np.fromiter((point.kind not in (Kind.STATUS, Kind.TEXT) for _, point in kinds), dtype=np.bool_)
        self._deadband[rows] = moving * np.fromiter((point.deadband for _, point in kinds), dtype=np.float64)
        self._share[rows] = moving * np.fromiter((point.deadband_percent for _, point in kinds), dtype=np.float64) / 100
        self._max_age[rows] = np.rint(np.fromiter((point.max_age * 1000 for _, point in kinds), dtype=np.float64))
        self._any_share = self._any_share or bool((self._share[rows] > 0).any())
        self._band[rows] = np.fmax(self._deadband[rows], self._share[rows] * np.abs(self._kept[rows]))
        known = rows[self.at[rows] != NEVER]
        self._due[known] = self.at[known] + self._max_age[known]

    def restore(self, batch: Batch) -> None:
        """Take the newest readings of an earlier run as live state, without telling anyone."""
        self._grow(int(batch.rows.max(initial=-1)) + 1)
        rows = batch.rows
        self.value[rows], self.at[rows], self.quality[rows] = batch.values, batch.at, batch.quality
        self._keep(rows.astype(np.intp), batch.values, batch.at)

    def apply(self, batch: Batch) -> Batch:
        """Take readings in; the changes among them come out, in their order.

        A change exceeds the deadband, or is `max_age` old, or has another quality, or is the entity's first. A reading
        older than the state is late: it is told, since history wants it, but the state stays. A reading told before
        (same time, value and quality) changes nothing.
        """
        self.received += len(batch)
        where = self._where(batch.rows)
        return self._apply_in_turns(batch) if where is None else self._apply_unique(batch, where)

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

        An entity read at `at` or later is marked a millisecond after that reading, so that both stand in the history.
        """
        times = np.maximum(self.at[rows] + 1, at)
        return Batch(rows, self.value[rows], times, self.quality[rows] | np.uint8(Quality.NOT_TOPICAL))

    def _where(self, rows: Rows) -> _Where | None:
        """The places of `rows`; None when an entity stands there twice.

        A gateway's and a meter's points were registered together: their rows are mostly neighbours, for which a slice
        costs a fraction of an index array. Otherwise ascending rows are the usual case and the quickest to tell.
        """
        n = len(rows)
        if not n:
            return slice(0, 0)
        places = rows.astype(np.intp)
        if np.count_nonzero(places[1:] > places[:-1]) == n - 1:
            first, last = int(places[0]), int(places[-1])
            return slice(first, last + 1) if last - first == n - 1 else places
        if n > len(self._order):
            self._order = np.arange(n)
        order = self._order[:n]
        self._turn[places] = order
        return places if np.count_nonzero(self._turn.take(places, mode="clip") == order) == n else None

    def _apply_unique(self, batch: Batch, where: _Where) -> Batch:
        table = self._places
        before = table[where] if isinstance(where, slice) else table.take(where, mode="clip")
        if np.count_nonzero(batch.at > before["at"]) < len(batch):
            return self._apply_with_late(batch, before)
        told = np.abs(batch.values - before["kept"]) > before["band"]
        told |= batch.at >= before["due"]
        told |= batch.quality != before["quality"]
        self.value[where] = batch.values
        self.at[where] = batch.at
        self.quality[where] = batch.quality
        chosen = told.nonzero()[0]
        changes = Batch(batch.rows[chosen], batch.values[chosen], batch.at[chosen], batch.quality[chosen])
        self._keep(changes.rows.astype(np.intp), changes.values, changes.at)
        return changes

    def _apply_with_late(self, batch: Batch, before: NDArray[np.void]) -> Batch:
        same_time = batch.at == before["at"]
        held = self.value[batch.rows]
        same_value = (batch.values == held) | (np.isnan(batch.values) & np.isnan(held))
        repeated = same_time & same_value & (batch.quality == before["quality"])
        late = batch.at < before["at"]
        self.repeated += int(np.count_nonzero(repeated))
        self.late += int(np.count_nonzero(late))
        newer = batch.where(batch.at > before["at"])
        correction = batch.where(same_time & ~repeated)
        places = correction.rows.astype(np.intp)
        self.value[places], self.quality[places] = correction.values, correction.quality
        self._keep(places, correction.values, correction.at)
        changes = self._apply_unique(newer, newer.rows.astype(np.intp))
        return Batch.concat([batch.where(late), correction, changes])

    def _apply_in_turns(self, batch: Batch) -> Batch:
        """Several readings of one entity in a batch are taken one after the other, in the order of their times."""
        by_row_and_time = np.lexsort((batch.at, batch.rows))
        rows = batch.rows[by_row_and_time]
        starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
        turn = np.arange(len(rows)) - np.repeat(starts, np.diff(np.r_[starts, len(rows)]))
        by_turn = np.argsort(turn, kind="stable")
        ends = np.cumsum(np.bincount(turn))
        changes = []
        for chosen in np.split(by_row_and_time[by_turn], ends[:-1]):
            part = Batch(batch.rows[chosen], batch.values[chosen], batch.at[chosen], batch.quality[chosen])
            changes.append(self._apply_unique(part, part.rows.astype(np.intp)))
        return Batch.concat(changes)

    def _keep(self, places: NDArray[np.intp], values: NDArray[np.float64], at: NDArray[np.int64]) -> None:
        self._kept[places] = values
        self._due[places] = at + self._max_age[places]
        if self._any_share:
            self._band[places] = np.fmax(self._deadband[places], self._share[places] * np.abs(values))

    def _grow(self, size: int) -> None:
        if size <= len(self._places):
            return
        extra = max(size, len(self._places) * 2, _GROWTH) - len(self._places)
        self._places = np.concatenate([self._places, np.full(extra, _NEW, dtype=_PLACE)])
        self._turn = np.empty(len(self._places), dtype=np.intp)
        self.value = np.concatenate([self.value, np.full(extra, np.nan)])
        self._deadband = np.concatenate([self._deadband, np.zeros(extra)])
        self._share = np.concatenate([self._share, np.zeros(extra)])
        self._max_age = np.concatenate([self._max_age, np.full(extra, 900_000, dtype=np.int64)])
        self._name_columns()

    def _name_columns(self) -> None:
        places: Any = self._places
        self.at: NDArray[np.int64] = places["at"]
        self.quality: NDArray[np.uint8] = places["quality"]
        self._kept: NDArray[np.float64] = places["kept"]
        self._band: NDArray[np.float64] = places["band"]
        self._due: NDArray[np.int64] = places["due"]
