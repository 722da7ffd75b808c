"""The main meters of a project: what they take now, and what each medium came to today and yesterday."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan

from hub.config import Project
from hub.core.model import Entity
from hub.web.cells import in_unit
from hub.web.meters import Meter, meter_of
from hub.web.page import zone_of
from hub.web.periods import midnight
from hub.web.services import Services
from hub.web.today import Amount, DayStarts, amount, stood_at, summed

ELECTRICITY = "electricity"


@dataclass(frozen=True, slots=True)
class Power:
    """The power of the main meters: those known now summed in `unit`; `missing` are in no sum. NaN for none."""

    value: float
    unit: str
    powers: tuple[Entity, ...]
    missing: tuple[Entity, ...]

    @property
    def known(self) -> bool:
        """Whether there is a number to show."""
        return isfinite(self.value)


@dataclass(frozen=True, slots=True)
class Medium:
    """One medium over its main meters: counted since midnight, and yesterday by the same time of day."""

    medium: str
    counters: tuple[Entity, ...]
    today: Amount
    yesterday: Amount

    @property
    def change(self) -> float:
        """Percent more (or less) than yesterday by this time; NaN when one of the two is not known as a whole."""
        whole = not (self.today.missing or self.yesterday.missing)
        if not (whole and self.today.known and self.yesterday.known and self.yesterday.value):
            return nan
        return 100 * (self.today.value / self.yesterday.value - 1)


def main_powers(services: Services, project: Project) -> tuple[Entity, ...]:
    """The powers of the main meters of electricity, in the order of the project's file."""
    return tuple(e for meter in _meters(services, project, ELECTRICITY) for e in meter.powers)


def power_now(services: Services, project: Project) -> Power:
    """What the main meters of electricity take now; a meter without a good reading is told, not taken for zero."""
    powers, state = main_powers(services, project), services.core.state
    unit = powers[0].point.unit if powers else "kW"
    values = [nan if state.quality[e.row] else in_unit(e, state, unit) for e in powers]
    known = [value for value in values if isfinite(value)]
    missing = tuple(e for e, value in zip(powers, values, strict=True) if not isfinite(value))
    return Power(sum(known) if known else nan, unit, powers, missing)


async def media(services: Services, project: Project, starts: DayStarts) -> list[Medium]:
    """Each medium that has main meters, in the order of the project's file."""
    now = services.core.clock.now_ms()
    day, before = (midnight(now, zone_of(project), days) for days in (0, -1))
    state = services.core.state
    by_medium = {
        medium: counters
        for medium in project.main_meters
        if (counters := tuple(e for meter in _meters(services, project, medium) for e in meter.roles.counter))
    }
    everything = [entity for counters in by_medium.values() for entity in counters]
    begun, begun_before = await starts.of(everything, day), await starts.of(everything, before)
    stood = await stood_at(services.history, everything, before + now - day)
    ends = {row: value for row, (value, _) in stood.items()}
    return [
        Medium(
            medium,
            counters,
            amount(counters, begun, state, day),
            summed(counters, begun_before, ends, before),
        )
        for medium, counters in by_medium.items()
    ]


def _meters(services: Services, project: Project, medium: str) -> list[Meter]:
    found = (meter_of(services, project.key, key) for key in project.main_meters.get(medium, []))
    return [meter for meter in found if meter is not None]
