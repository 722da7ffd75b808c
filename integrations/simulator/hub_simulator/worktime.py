"""Working time of the plant: shifts, breaks, weekends and daylight, as a level of activity from 0 to 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from zoneinfo import ZoneInfo

import numpy as np


class Tariff(IntEnum):
    """Tariff periods in the order in which meters number them: T1 sharp to T4 valley."""

    SHARP = 0
    PEAK = 1
    FLAT = 2
    VALLEY = 3


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as the clock on the plant's wall shows it; `hour` counts 0 to 24 with fractions."""

    hour: float
    weekday: int
    day_of_year: int
    month: int


def moment(at_ms: int, zone: ZoneInfo) -> Moment:
    """The local time of `at_ms`, ms UTC."""
    local = datetime.fromtimestamp(at_ms / 1000, zone)
    hour = local.hour + local.minute / 60 + (local.second + local.microsecond / 1e6) / 3600
    return Moment(hour, local.weekday(), local.timetuple().tm_yday, local.year * 12 + local.month - 1)


_Day = tuple[tuple[float, float], ...]

_CLOSED: _Day = ((0, 0.04), (24, 0.04))
_TWO_SHIFTS: _Day = (
    (0, 0.05), (5.6, 0.05), (6.1, 1), (9.5, 1), (9.55, 0.6), (9.75, 0.6), (9.8, 1), (11.5, 1), (11.6, 0.3), (12.2, 0.3),
    (12.3, 1), (17.9, 1), (18.0, 0.35), (18.5, 0.35), (18.6, 0.95), (21.8, 0.95), (22.2, 0.05), (24, 0.05),
)  # fmt: skip
_ONE_SHIFT: _Day = (
    (0, 0.04), (6.8, 0.04), (7.2, 0.9), (11.5, 0.9), (11.6, 0.3), (12.2, 0.3), (12.3, 0.85), (15.2, 0.85), (15.6, 0.04),
    (24, 0.04),
)  # fmt: skip
_OFFICE: _Day = (
    (0, 0.1), (7.2, 0.1), (8.2, 0.9), (11.5, 1), (11.8, 0.7), (12.8, 0.7), (13.2, 1), (17.2, 0.9), (18.5, 0.3),
    (20, 0.1), (24, 0.1),
)  # fmt: skip
_IDLE_OFFICE: _Day = ((0, 0.08), (24, 0.08))
_CONTINUOUS: _Day = ((0, 0.92), (6, 0.92), (9, 1), (17, 1), (22, 0.92), (24, 0.92))
_CANTEEN: _Day = (
    (0, 0.02),
    (5, 0.02),
    (6, 0.4),
    (9.5, 0.5),
    (11, 1),
    (12.5, 0.6),
    (16.5, 0.9),
    (18.5, 0.3),
    (20, 0.02),
    (24, 0.02),
)
_NIGHT: _Day = ((0, 1), (5.5, 1), (6.5, 0.1), (20.5, 0.1), (22, 1), (24, 1))

_WEEKS: dict[str, tuple[_Day, _Day, _Day]] = {
    "two_shifts": (_TWO_SHIFTS, _ONE_SHIFT, _CLOSED),
    "one_shift": (_ONE_SHIFT, _CLOSED, _CLOSED),
    "office": (_OFFICE, _IDLE_OFFICE, _IDLE_OFFICE),
    "continuous": (_CONTINUOUS, _CONTINUOUS, _CONTINUOUS),
    "canteen": (_CANTEEN, _CANTEEN, _CLOSED),
    "night": (_NIGHT, _NIGHT, _NIGHT),
}

PATTERNS = (*_WEEKS, "lighting", "daylight", "cooling")
"""Names of the working times a load can follow."""

TARIFF_HOURS: tuple[tuple[float, Tariff], ...] = (
    (6, Tariff.VALLEY), (8, Tariff.FLAT), (11, Tariff.PEAK), (13, Tariff.FLAT), (15, Tariff.PEAK), (18, Tariff.FLAT),
    (21, Tariff.SHARP), (22, Tariff.PEAK), (24, Tariff.VALLEY),
)  # fmt: skip


def activity(pattern: str, now: Moment) -> float:
    """How much of the load is wanted, 0 to 1. Raises KeyError for a pattern not in PATTERNS."""
    if pattern == "daylight":
        return daylight(now)
    if pattern == "lighting":
        return activity("two_shifts", now) * (0.45 + 0.55 * (1 - min(1.0, 2 * daylight(now))))
    if pattern == "cooling":
        return _warmth(now) * (0.35 + 0.65 * activity("two_shifts", now))
    weekday, saturday, sunday = _WEEKS[pattern]
    day = sunday if now.weekday == 6 else saturday if now.weekday == 5 else weekday
    hours, levels = zip(*day, strict=True)
    return float(np.interp(now.hour, hours, levels))


def daylight(now: Moment) -> float:
    """Sunshine without clouds at about 31 degrees north, as a share of its noon value in June, 0 to 1."""
    declination = math.radians(-23.44) * math.cos(2 * math.pi * (now.day_of_year + 10) / 365.25)
    latitude, angle = math.radians(31.2), math.radians(15 * (now.hour - 12))
    height = math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(angle)
    return max(0.0, height)


def tariff(now: Moment) -> Tariff:
    """The tariff period the meters count into at this time."""
    return next(period for end, period in TARIFF_HOURS if now.hour < end)


def _warmth(now: Moment) -> float:
    season = 0.5 - 0.5 * math.cos(2 * math.pi * (now.day_of_year - 20) / 365.25)
    day = 0.5 - 0.5 * math.cos(2 * math.pi * (now.hour - 3) / 24)
    return 0.25 + 0.55 * season + 0.2 * day
