"""Stretches of time as people name them: days of the project's zone, presets, and steps that cut them into buckets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from hub.core.batch import Times
from hub.core.clock import to_ms, utc

MINUTE = 60_000
HOUR = 3_600_000
DAY = 86_400_000
MOST_BUCKETS = 2_000
LONGEST = 10 * 366 * DAY
"""A longer stretch is a typing error, not a question."""


class Step(StrEnum):
    """How finely a stretch of time is cut."""

    RAW = "raw"
    MINUTE = "1min"
    QUARTER = "15min"
    HOUR = "hour"
    DAY = "day"

    @property
    def ms(self) -> int:
        """Usual length in ms; a day may have 23 or 25 hours. 0 for raw readings."""
        return {"raw": 0, "1min": MINUTE, "15min": 15 * MINUTE, "hour": HOUR, "day": DAY}[self.value]


@dataclass(frozen=True, slots=True)
class Span:
    """Closed-open stretch of time, ms UTC."""

    start: int
    end: int

    @property
    def ms(self) -> int:
        """Its length."""
        return self.end - self.start


class WrongTime(ValueError):
    """What was typed is no time, or no stretch of time."""


def midnight(at: int, zone: ZoneInfo, days: int = 0) -> int:
    """Milliseconds UTC at which the local day of `at`, moved by `days`, begins."""
    return _start_of(utc(at).astimezone(zone).date() + timedelta(days=days), zone)


def month_start(at: int, zone: ZoneInfo) -> int:
    """Milliseconds UTC at which the local month of `at` begins."""
    return _start_of(utc(at).astimezone(zone).date().replace(day=1), zone)


def preset(name: str, now: int, zone: ZoneInfo) -> Span | None:
    """The stretch called `name`: hour, day (24 h), today, yesterday, week, month, year; None for another name.

    A calendar period ends at its end, not now: it begins on a local midnight, weeks on Monday.
    """
    today = utc(now).astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    calendar = {
        "today": (today, today + timedelta(days=1)),
        "yesterday": (today - timedelta(days=1), today),
        "week": (monday, monday + timedelta(days=7)),
        "month": (first, (first + timedelta(days=32)).replace(day=1)),
        "year": (first.replace(month=1), date(today.year + 1, 1, 1)),
    }
    if name in ("hour", "day"):
        return Span(now - (HOUR if name == "hour" else DAY), now)
    if name not in calendar:
        return None
    start, end = calendar[name]
    return Span(_start_of(start, zone), _start_of(end, zone))


def moment(text: str, zone: ZoneInfo) -> int:
    """Milliseconds UTC of a time as pages send it: `2026-11-22`, `2026-11-22T14:05[:30]` (local), or with offset or Z.

    Raises WrongTime.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise WrongTime(text) from None
    if not 2000 <= found.year < 2200:
        raise WrongTime(text)
    return to_ms(found if found.tzinfo else found.replace(tzinfo=zone))


def typed(at: int, zone: ZoneInfo) -> str:
    """`at` as an input of type datetime-local takes it."""
    return utc(at).astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def chosen_step(span: Span, wanted: Step | None = None) -> Step:
    """`wanted`, or the finest step that cuts `span` into fewer than 2,000 buckets; raw readings up to half an hour.

    A wanted step that would make more is coarsened.
    """
    if wanted is Step.RAW or (wanted is None and span.ms <= 30 * MINUTE):
        return Step.RAW
    steps = [Step.MINUTE, Step.QUARTER, Step.HOUR, Step.DAY]
    for step in steps[steps.index(wanted) if wanted else 0 :]:
        if span.ms / step.ms < MOST_BUCKETS - 2:
            return step
    return Step.DAY


def edges(span: Span, step: Step, zone: ZoneInfo) -> Times:
    """Bucket edges, shape (m+1,), ms UTC, that cover `span`: on whole minutes and quarters, local hours and days.

    The day on which the clock changes has 23 or 25 hours. Raises ValueError for raw.
    """
    if step is Step.RAW:
        raise ValueError("raw readings have no buckets")
    if step in (Step.MINUTE, Step.QUARTER):
        start = span.start - span.start % step.ms
        return np.arange(start, max(span.end, span.start + 1) + step.ms, step.ms, dtype=np.int64)
    days = _midnights(span, zone)
    if step is Step.DAY:
        return days
    hours = np.concatenate([np.arange(a, b, HOUR, dtype=np.int64) for a, b in pairwise(days)] + [days[-1:]])
    low = int(np.searchsorted(hours, span.start, side="right")) - 1
    high = int(np.searchsorted(hours, max(span.end, span.start + 1), side="left"))
    return hours[low : high + 1]


def _midnights(span: Span, zone: ZoneInfo) -> Times:
    day = utc(span.start).astimezone(zone).date()
    found = [_start_of(day, zone)]
    while found[-1] < max(span.end, span.start + 1):
        day += timedelta(days=1)
        found.append(_start_of(day, zone))
    return np.array(found, dtype=np.int64)


def _start_of(day: date, zone: ZoneInfo) -> int:
    return to_ms(datetime.combine(day, time(), zone))
