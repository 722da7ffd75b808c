"""The day's greatest and least values, with the minute in which they came; only new minutes are read again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isnan, nan

import numpy as np
from aiohttp import web

from hub.core.batch import Rows, Times, Values
from hub.core.clock import Clock
from hub.core.model import Entity, Kind
from hub.history import Aggregate, History
from hub.web.blocks import Found
from hub.web.format import decimals
from hub.web.periods import MINUTE
from hub.web.points import PHASES, parts

WANTED = (
    ("voltage", True),
    ("current", False),
    ("active_power", True),
    ("power", True),
    ("thd_voltage", False),
    ("thd_current", False),
    ("frequency", True),
    ("volume_flow", True),
    ("mass_flow", True),
    ("flow", True),
    ("output_rate", False),
    ("temperature", True),
    ("pressure", True),
)
"""Quantities whose greatest value of the day is told, and whether the least is, too."""

_RECHECK = 600.0
"""Seconds after which a day is read afresh: late readings may have come in."""


@dataclass(frozen=True, slots=True)
class Extreme:
    """The greatest (or least) value of a quantity over its phases and circuits, and the minute it came in, ms UTC."""

    entity: Entity
    quantity: str
    phase: str
    circuit: int
    greatest: bool
    value: float
    digits: int
    at: int


@dataclass(slots=True)
class _Day:
    """What is known of one day up to `upto`: (value, minute) by row, greatest and least."""

    upto: int
    read: float
    high: dict[int, tuple[float, int]] = field(default_factory=dict)
    low: dict[int, tuple[float, int]] = field(default_factory=dict)


class DayExtremes:
    """Extremes of the running day, by meter."""

    def __init__(self, history: History, clock: Clock) -> None:
        self._history = history
        self._clock = clock
        self._days: dict[tuple[int, tuple[int, ...]], _Day] = {}

    async def of(self, found: Found, midnight: int) -> list[Extreme]:
        """The extremes since `midnight` of one meter's points, in the order people ask for them."""
        groups = [(quantity, low, _of(found, quantity)) for quantity, low in WANTED]
        rows = np.array(sorted({e.row for _, _, entities in groups for e in entities}), dtype=np.int32)
        if not len(rows):
            return []
        day = await self._day(rows, midnight)
        result: list[Extreme] = []
        for quantity, low, entities in groups:
            result += _extreme(quantity, entities, day.high, greatest=True)
            if low:
                result += _extreme(quantity, entities, day.low, greatest=False)
        return result

    async def _day(self, rows: Rows, midnight: int) -> _Day:
        now, read = self._clock.now_ms(), self._clock.monotonic()
        self._days = {key: day for key, day in self._days.items() if key[0] == midnight}
        key = (midnight, tuple(rows.tolist()))
        day = self._days.get(key)
        if day is None or read - day.read > _RECHECK:
            day = self._days[key] = _Day(midnight, read)
        begin = min(day.upto, now)
        minutes = np.arange(begin, now + MINUTE, MINUTE, dtype=np.int64)
        if len(minutes) > 1:
            _merge(day.high, rows, (await self._history.buckets(rows, minutes, Aggregate.MAX)).values, minutes, 1)
            _merge(day.low, rows, (await self._history.buckets(rows, minutes, Aggregate.MIN)).values, minutes, -1)
            day.upto = int(minutes[-2])
        return day


DAY_EXTREMES = web.AppKey("day_extremes", DayExtremes)


def _merge(known: dict[int, tuple[float, int]], rows: Rows, values: Values, minutes: Times, sign: int) -> None:
    """Take the greatest (`sign` 1) or least (-1) of each row's minutes into `known`, the first of equals."""
    for row, line in zip(rows.tolist(), sign * values, strict=True):
        if np.isnan(line).all():
            continue
        best = int(np.nanargmax(line))
        value, at = float(sign * line[best]), int(minutes[best])
        if row not in known or sign * value > sign * known[row][0]:
            known[row] = (value, at)


def _extreme(
    quantity: str, entities: Sequence[Entity], known: dict[int, tuple[float, int]], *, greatest: bool
) -> Iterable[Extreme]:
    sign = 1 if greatest else -1
    told = [(sign * known.get(entity.row, (nan, 0))[0], entity) for entity in entities]
    told = [each for each in told if not isnan(each[0])]
    if not told:
        return
    _, entity = max(told, key=lambda each: each[0])
    value, at = known[entity.row]
    where = parts(entity.point.key)
    yield Extreme(entity, quantity, where.phase, where.circuit, greatest, value, decimals(entity.point), at)


def _of(found: Found, quantity: str) -> list[Entity]:
    """The phases of a quantity, or its whole where it has no phases; power only as a whole."""
    mine = [
        (p, entity)
        for p, entity in found
        if p.quantity == quantity and entity.point.kind is Kind.MEASUREMENT and not (p.extreme or p.rest or p.order)
    ]
    phases = [entity for p, entity in mine if p.phase in PHASES]
    whole = [entity for p, entity in mine if not p.phase]
    return whole if whole and (quantity.endswith("power") or not phases) else phases
