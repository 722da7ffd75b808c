"""The phasors and unbalances of one circuit, from its live readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite

from hub.core.model import Entity
from hub.core.state import StateTable
from hub.web.blocks import Found
from hub.web.cells import NAN, in_unit
from hub.web.held import usable
from hub.web.phasor import (
    Phasors,
    current_lag,
    greatest_deviation,
    phasors,
    rotation_is_reversed,
    sides,
    star_angles,
    voltage_unbalance,
)
from hub.web.points import LINES, PHASES

Phase = tuple[float, float, float]
STAR: Phase = (0.0, -120.0, 120.0)


@dataclass(frozen=True, slots=True)
class Vectors:
    """The picture and what is read from it; unbalances in percent, NaN when unknown.

    `how` tells where the angles come from: `meter`, `power` (P and Q of each phase) or `factor` (power factor);
    `reversed` that measured voltages follow each other the wrong way round.
    """

    picture: Phasors
    voltage_unbalance: float
    current_unbalance: float
    how: str
    reversed: bool


class Readings:
    """Live values of one circuit by quantity and phase; what is not usable is NaN."""

    def __init__(self, found: Found, state: StateTable, circuit: int) -> None:
        self._state = state
        self._entities: dict[tuple[str, str], Entity] = {}
        for p, entity in found:
            plain = p.circuit in (0, circuit) and not (p.extreme or p.rest or p.order or p.tariff)
            if plain and (p.circuit or (p.quantity, p.phase) not in self._entities):
                self._entities[p.quantity, p.phase] = entity

    def of(self, quantity: str, places: Sequence[str] = PHASES) -> list[float]:
        """Values of `quantity` at `places`."""
        return [self.one(quantity, place) for place in places]

    def one(self, quantity: str, place: str = "") -> float:
        """The value of `quantity` at `place`."""
        entity = self._entities.get((quantity, place))
        if entity is None or not usable(self._state.quality[entity.row : entity.row + 1])[0]:
            return NAN
        return in_unit(entity, self._state, entity.point.unit)


def vectors(found: Found, state: StateTable, circuit: int, names: Sequence[str]) -> Vectors | None:
    """The vectors of circuit `circuit` (0 for a meter of one); None when fewer than three phases can be drawn.

    Voltages that the circuits of a meter share are those of the meter.
    """
    readings = Readings(found, state, circuit)
    magnitudes, angles, measured = _voltages(readings)
    currents = readings.of("current")
    if sum(isfinite(value) for value in magnitudes) < 3:
        return None
    lags, how = _lags(readings, angles, measured)
    line = readings.of("voltage", LINES)
    if not all(isfinite(side) for side in line):
        line = sides(magnitudes, angles)
    return Vectors(
        phasors(magnitudes, currents, lags, names, angles, measured=measured),
        _first(readings, "voltage_unbalance", "unbalance_voltage", voltage_unbalance(line)),
        _first(readings, "current_unbalance", "unbalance_current", greatest_deviation(currents)),
        how,
        measured and rotation_is_reversed(angles),
    )


def _voltages(readings: Readings) -> tuple[list[float], list[float], bool]:
    """Magnitudes and angles of the phase voltages, and whether the angles are the meter's."""
    magnitudes = readings.of("voltage")
    for quantity in ("voltage_angle", "angle_voltage"):
        angles = readings.of(quantity)
        if all(isfinite(angle) for angle in angles) and _apart(angles):
            return magnitudes, angles, True
    if all(isfinite(value) for value in magnitudes):
        return magnitudes, list(STAR), False
    star, angles = star_angles(readings.of("voltage", LINES))
    return star, angles, False


def _apart(angles: Sequence[float]) -> bool:
    """Whether angles are those of three phases, rather than registers that answer zeros."""
    return all(10 < (angle - other) % 360 < 350 for angle, other in combinations(angles, 2))


def _lags(readings: Readings, angles: Sequence[float], measured: bool) -> tuple[list[float], str]:
    for quantity in ("current_angle", "angle_current"):
        own = readings.of(quantity)
        if measured and all(isfinite(angle) for angle in own):
            return [voltage - current for voltage, current in zip(angles, own, strict=True)], "meter"
    active, reactive = readings.of("active_power"), readings.of("reactive_power")
    factors = [value if isfinite(value) else readings.one("power_factor") for value in readings.of("power_factor")]
    lags = [current_lag(p, q, f) for p, q, f in zip(active, reactive, factors, strict=True)]
    known = all(isfinite(value) for value in (*active, *reactive))
    return lags, "power" if known else "factor"


def _first(readings: Readings, one: str, other: str, computed: float) -> float:
    for quantity in (one, other):
        value = readings.one(quantity)
        if isfinite(value):
            return value
    return computed
