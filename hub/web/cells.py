"""Figures of a page with all that is shown beside them: stream key, value, quality, decimals, unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hub.core.batch import Values
from hub.core.model import Confidence, Entity
from hub.core.quality import Quality
from hub.core.state import NEVER, StateTable
from hub.core.units import convert
from hub.web.format import decimals
from hub.web.points import dimension

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: `key` is what the stream calls it, `seen` whether it was ever read. NaN shows as a dash."""

    key: str
    value: float
    quality: int = 0
    digits: int = 0
    unit: str = ""
    seen: bool = True
    assumed: bool = False

    @property
    def known(self) -> bool:
        """Whether there is a number to show."""
        return self.seen and self.value == self.value


def stream_key(entity: Entity) -> str:
    """What the stream calls an entity."""
    return f"{entity.device.key}.{entity.point.key}"


def cell(entity: Entity, state: StateTable) -> Cell:
    """The newest reading of one entity."""
    row, point = entity.row, entity.point
    seen = bool(state.at[row] != NEVER)
    return Cell(
        stream_key(entity),
        float(state.value[row]),
        int(state.quality[row]) if seen else 0,
        shown_digits(float(state.value[row]), decimals(point)),
        point.unit,
        seen,
        point.confidence is Confidence.ASSUMED,
    )


def shown_digits(value: float, digits: int) -> int:
    """`digits` less those that say nothing in a large number, and one more where a small one would lose its figures."""
    if abs(value) >= 100:
        return min(digits, 1)
    return 2 if digits == 1 and 0 < abs(value) < 10 else digits


def greatest(entities: Sequence[Entity], state: StateTable, key: str) -> Cell | None:
    """The greatest of several readings (a meter's highest phase current), as the figure `key`; None for no entities."""
    return joined(entities, state, key, np.fmax.reduce) if entities else None


def total(entities: Sequence[Entity], state: StateTable, key: str) -> Cell | None:
    """The sum of several readings (the circuits of a meter), as the figure `key`; NaN when one is unknown.

    A single entity is its own cell, under its own key. Readings are summed in the unit of the first.
    """
    if len(entities) == 1:
        return cell(entities[0], state)
    return joined(entities, state, key, np.add.reduce) if entities else None


def joined(entities: Sequence[Entity], state: StateTable, key: str, join: Callable[[Values], float]) -> Cell:
    """Several readings made into one figure `key` by `join`, in the unit of the first; their qualities are united."""
    point = entities[0].point
    value = float(join(np.array([in_unit(entity, state, point.unit) for entity in entities])))
    qualities = [int(state.quality[entity.row]) for entity in entities if state.at[entity.row] != NEVER]
    worst = int(np.bitwise_or.reduce(qualities)) if qualities else 0
    assumed = any(entity.point.confidence is Confidence.ASSUMED for entity in entities)
    return Cell(key, value, worst, shown_digits(value, decimals(point)), point.unit, bool(qualities), assumed)


def in_unit(entity: Entity, state: StateTable, unit: str) -> float:
    """An entity's newest value in `unit`; NaN when it was never read or measures something else."""
    if state.at[entity.row] == NEVER:
        return NAN
    own = entity.point.unit
    if own == unit:
        return float(state.value[entity.row])
    if not dimension(own) or dimension(own) != dimension(unit):
        return NAN
    return convert(float(state.value[entity.row]), own, unit)


def newest(entities: Iterable[Entity], state: StateTable) -> int:
    """Time of the newest topical reading among `entities`, ms UTC; 0 when there is none."""
    rows = np.fromiter((entity.row for entity in entities), dtype=np.intp)
    topical = (state.quality[rows] & np.uint8(Quality.NOT_TOPICAL)) == 0
    return int(state.at[rows][topical].max(initial=0))
