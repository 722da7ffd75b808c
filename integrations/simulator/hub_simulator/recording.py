"""Recorded energy out of a CSV file: what a counter would have shown at any time, in whole millionths."""

from __future__ import annotations

import csv
import gzip
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

MILLION = 1_000_000
"""Counts are kept in millionths of their unit, so that decimals of a file add up exactly."""


class RecordingFault(Exception):
    """A file that cannot be played; the message names the file, and the line if there is one."""


@dataclass(frozen=True, slots=True)
class Columns:
    """How to read a file.

    `energies` maps points to columns of energy per interval, `readings` points to columns of values as they are.
    `label` says which end of its interval a row names. `midnight_closes_day` is for files in which the row 00:00 stands
    last and carries the date of the day it ends. `time_format` is that of strptime; without it times are ISO 8601.
    A time without an offset is local time of `zone`. `interval` in seconds is that of the rows.
    """

    time: str
    energies: Mapping[str, str] = field(default_factory=dict)
    readings: Mapping[str, str] = field(default_factory=dict)
    time_format: str = ""
    label: Literal["start", "end"] = "start"
    midnight_closes_day: bool = False
    zone: tzinfo = UTC
    interval: float = 900.0
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class Recording:
    """Ends of the intervals in ms UTC, ascending; after each of them the counts in millionths, and the values.

    `counts[point]` has one place more than `ends`: place 0 is the count before the first interval.
    """

    ends: list[int]
    interval_ms: int
    counts: dict[str, list[int]]
    values: dict[str, list[float]]

    @property
    def start(self) -> int:
        """Start of the first interval, ms UTC."""
        return self.ends[0] - self.interval_ms

    def count(self, point: str, at_ms: int) -> int:
        """Millionths on the counter at `at_ms`; it runs evenly through each interval and rests between them."""
        k = bisect_left(self.ends, at_ms)
        counts = self.counts[point]
        if k == len(self.ends):
            return counts[-1]
        passed = max(0, at_ms - (self.ends[k] - self.interval_ms))
        return counts[k] + (counts[k + 1] - counts[k]) * passed // self.interval_ms

    def mean(self, point: str, at_ms: int) -> float:
        """Units an hour during the interval at `at_ms`: kW for kWh."""
        k = min(bisect_left(self.ends, at_ms), len(self.ends) - 1)
        counts = self.counts[point]
        return (counts[k + 1] - counts[k]) / MILLION * 3_600_000 / self.interval_ms

    def value(self, point: str, at_ms: int) -> float:
        """The value of the interval at `at_ms`."""
        return self.values[point][min(bisect_left(self.ends, at_ms), len(self.ends) - 1)]


def read_recording(file: Path, columns: Columns) -> Recording:
    """A recording from a .csv or .csv.gz file. Raises RecordingFault, or OSError when it cannot be opened."""
    interval_ms = round(columns.interval * 1000)
    ends: list[int] = []
    counts = {point: [0] for point in columns.energies}
    values: dict[str, list[float]] = {point: [] for point in columns.readings}
    for line, moment, row in _rows(file, columns):
        end = round(moment.timestamp() * 1000) + (interval_ms if columns.label == "start" else 0)
        if ends and end <= ends[-1]:
            raise RecordingFault(
                f"{file}:{line}: time {row[columns.time]} is not after that of the row before; if this is the row of "
                "midnight with the date of the day it ends, say so (--midnight-closes-day)"
            )
        ends.append(end)
        for point, column in columns.energies.items():
            counts[point].append(counts[point][-1] + _millionths(row[column], file, line, column))
        for point, column in columns.readings.items():
            values[point].append(_millionths(row[column], file, line, column) / MILLION)
    if not ends:
        raise RecordingFault(f"{file}: no row of data")
    return Recording(ends, interval_ms, counts, values)


def _rows(file: Path, columns: Columns) -> Iterator[tuple[int, datetime, dict[str, str]]]:
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8-sig", newline="") as stream:
        table = csv.DictReader(stream, delimiter=columns.delimiter)
        known = list(table.fieldnames or [])
        for column in (columns.time, *columns.energies.values(), *columns.readings.values()):
            if column not in known:
                raise RecordingFault(f"{file}:1: no column {column!r}; the columns are: {', '.join(known)}")
        before: datetime | None = None
        for row in table:
            moment = _moment(row[columns.time], columns, file, table.line_num)
            closes = columns.midnight_closes_day and (moment.hour, moment.minute, moment.second) == (0, 0, 0)
            if closes and before is not None and moment < before:
                moment += timedelta(days=1)
            before = moment
            yield table.line_num, moment, row


def _moment(text: str, columns: Columns, file: Path, line: int) -> datetime:
    try:
        form = columns.time_format
        moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007 - zone follows
    except ValueError as error:
        wanted = columns.time_format or "ISO 8601, such as 2018-01-01T00:15"
        raise RecordingFault(f"{file}:{line}: {text!r} is no time in the form {wanted} ({error})") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=columns.zone)


def _millionths(text: str, file: Path, line: int, column: str) -> int:
    try:
        return round(Decimal(text.strip()) * MILLION)
    except (InvalidOperation, ValueError):
        raise RecordingFault(f"{file}:{line}: {column}: {text!r} is no number") from None
