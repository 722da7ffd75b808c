"""The day's greatest and least values, with the minute in which they came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hub.core.batch import Times, Values
from hub.core.model import Entity, Kind
from hub.history import Aggregate, History
from hub.web.blocks import Found
from hub.web.format import decimals
from hub.web.periods import MINUTE
from hub.web.points import PHASES

WANTED = (
    ("voltage", True, True),
    ("current", True, False),
    ("active_power", True, True),
    ("power", True, True),
    ("thd_voltage", True, False),
    ("thd_current", True, False),
    ("frequency", True, True),
    ("volume_flow", True, True),
    ("mass_flow", True, True),
    ("flow", True, True),
    ("output_rate", True, False),
    ("temperature", True, True),
    ("pressure", True, True),
)
"""Quantities whose greatest and least value of the day are told."""


@dataclass(frozen=True, slots=True)
class Extreme:
    """The greatest (or least) value of a quantity over its phases, and the minute it came in, ms UTC."""

    entity: Entity
    quantity: str
    phase: str
    greatest: bool
    value: float
    digits: int
    at: int


async def extremes(history: History, found: Found, midnight: int, now: int) -> list[Extreme]:
    """The extremes between `midnight` and `now`, in the order people ask for them."""
    groups = [(quantity, low, _of(found, quantity)) for quantity, _, low in WANTED]
    rows = np.array(sorted({e.row for _, _, entities in groups for e in entities}), dtype=np.int32)
    if not len(rows) or now <= midnight:
        return []
    minutes = np.arange(midnight, now + MINUTE, MINUTE, dtype=np.int64)
    high = (await history.buckets(rows, minutes, Aggregate.MAX)).values
    least = (await history.buckets(rows, minutes, Aggregate.MIN)).values
    place = {int(row): index for index, row in enumerate(rows)}
    result: list[Extreme] = []
    for quantity, low, entities in groups:
        wanted = [place[entity.row] for entity in entities]
        result += _extreme(quantity, entities, high[wanted], minutes, greatest=True)
        if low:
            result += _extreme(quantity, entities, least[wanted], minutes, greatest=False)
    return result


def _extreme(
    quantity: str, entities: list[Entity], values: Values, minutes: Times, *, greatest: bool
) -> Iterable[Extreme]:
    if not len(entities) or not np.isfinite(values).any():
        return
    best = int(np.nanargmax(values) if greatest else np.nanargmin(values))
    which, minute = divmod(best, values.shape[1])
    entity = entities[which]
    phase = next((part for part in PHASES if entity.point.key.endswith(f"_{part}")), "")
    yield Extreme(
        entity, quantity, phase, greatest, float(values[which, minute]), decimals(entity.point), int(minutes[minute])
    )


def _of(found: Found, quantity: str) -> list[Entity]:
    """The phases of a quantity, or its whole where it has no phases; power only as a whole."""
    mine = [
        (p, entity)
        for p, entity in found
        if p.quantity == quantity
        and entity.point.kind is Kind.MEASUREMENT
        and p.circuit <= 1
        and not (p.extreme or p.rest or p.order)
    ]
    phases = [entity for p, entity in mine if p.phase in PHASES]
    whole = [entity for p, entity in mine if not p.phase]
    return whole if whole and (quantity.endswith("power") or not phases) else phases
