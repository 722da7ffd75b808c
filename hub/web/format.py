"""Figures, times and spans as people read them."""

from __future__ import annotations

import math
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from hub.core.clock import utc
from hub.core.model import Kind, Point
from hub.web.language import Language

NOTHING = "–"
"""Stands where there is no value: missing is never zero."""

_DECIMALS = {"V": 1, "kV": 2, "A": 2, "kW": 1, "kvar": 1, "kVA": 1, "kWh": 1, "kvarh": 1, "Hz": 2, "%": 1, "°": 1}
_SPANS = ((86_400, "d"), (3600, "h"), (60, "min"))


def number(value: float | None, digits: int = 0) -> str:
    """`value` with thousands separated and `digits` decimals; a dash for None and NaN.

    English and Chinese write numbers alike, so that no locale is looked up: a page may hold 500 of them.
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{value:,.{digits}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text


def decimals(point: Point) -> int:
    """How many decimals a value of `point` is shown with."""
    if point.kind in (Kind.STATUS, Kind.TEXT):
        return 0
    if point.key.startswith(("power_factor", "cos_phi")):
        return 3
    return _DECIMALS.get(point.unit, 2)


def duration(seconds: float, language: Language) -> str:
    """A span in its two largest units, such as `3 h 12 min`."""
    whole = max(0, round(seconds))
    names = {"d": language.gettext("d"), "h": language.gettext("h"), "min": language.gettext("min")}
    parts: list[str] = []
    for size, name in _SPANS:
        count, whole = divmod(whole, size)
        if count or parts:
            parts.append(f"{count} {names[name]}")
    seconds_name = language.gettext("s")
    return " ".join([*parts, f"{whole} {seconds_name}"][:2])


def size(count: float) -> str:
    """A number of bytes in the largest binary unit below it."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:,.0f} {unit}" if unit == "B" else f"{count:,.1f} {unit}"
        count /= 1024
    return f"{count:,.1f} TiB"


def moment(ms: int, zone: ZoneInfo, pattern: str, language: Language) -> str:
    """The time `ms` UTC in `zone`, by a Babel pattern such as `yyyy-MM-dd HH:mm`."""
    text: str = format_datetime(_local(ms, zone), pattern, locale=language.locale)
    return text


def stamp(ms: int, zone: ZoneInfo) -> str:
    """`2026-11-22 14:05:12`, the form of every table; a dash for 0, which stands for never."""
    return f"{_local(ms, zone):%Y-%m-%d %H:%M:%S}" if ms > 0 else NOTHING


def clock(ms: int, zone: ZoneInfo) -> str:
    """`14:05:12`."""
    return f"{_local(ms, zone):%H:%M:%S}" if ms > 0 else NOTHING


def _local(ms: int, zone: ZoneInfo) -> datetime:
    return utc(ms).astimezone(zone)
