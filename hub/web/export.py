"""Points over time as CSV (RFC 4180), written as it is read so that a year of readings needs no memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from hub.core.batch import Times, Values
from hub.core.clock import utc
from hub.core.model import Entity
from hub.history import History
from hub.web.held import usable
from hub.web.periods import DAY, HOUR, Span, Step
from hub.web.question import Question
from hub.web.series import borders_of, bucket_lines

BUCKETS_AT_ONCE = 2_000
READINGS_AT_ONCE = 1_000_000


async def rows(
    history: History, question: Question, names: Sequence[str], zone: ZoneInfo, now: int
) -> AsyncIterator[bytes]:
    """A header, then lines of `time_utc`, `time_local` and a column a point, in pieces; nothing known is left empty."""
    yield line(["time_utc", "time_local", *names])
    pieces = _readings(history, question) if question.step is Step.RAW else _buckets(history, question, zone, now)
    async for at, columns in pieces:
        if len(at):
            yield b"".join(
                line([_stamp(ms), local_stamp(ms, zone), *(_number(value) for value in values)])
                for ms, *values in zip(at.tolist(), *(column.tolist() for column in columns), strict=True)
            )


def line(fields: Sequence[str]) -> bytes:
    """One record: fields with a comma, a quote or a line break are quoted, quotes doubled, the end is CR LF."""
    quoted = [f'"{field.replace(chr(34), chr(34) * 2)}"' if _must_quote(field) else field for field in fields]
    return (",".join(quoted) + "\r\n").encode()


def local_stamp(ms: int, zone: ZoneInfo) -> str:
    """`2026-11-22T14:05:00+08:00`."""
    return utc(ms).astimezone(zone).isoformat(timespec="milliseconds" if ms % 1000 else "seconds")


async def _buckets(
    history: History, question: Question, zone: ZoneInfo, now: int
) -> AsyncIterator[tuple[Times, list[Values]]]:
    borders = borders_of(question.span, question.step, zone, now)
    for start in range(0, len(borders) - 1, BUCKETS_AT_ONCE):
        part = borders[start : start + BUCKETS_AT_ONCE + 1]
        lines = await bucket_lines(history, question.entities, part, question.step, question.figure)
        yield part[:-1], [one.values for one in lines]


async def _readings(history: History, question: Question) -> AsyncIterator[tuple[Times, list[Values]]]:
    """Readings in stretches small enough for memory: a day, or an hour where a day holds too many."""
    wanted = np.array([entity.row for entity in question.entities], dtype=np.int32)
    for day in _cut(question.span, DAY):
        batch = await history.raw(wanted, day.start, day.end, READINGS_AT_ONCE)
        if len(batch) < READINGS_AT_ONCE:
            yield merged(question.entities, batch.rows, batch.at, np.where(usable(batch.quality), batch.values, np.nan))
            continue
        for hour in _cut(day, HOUR):
            batch = await history.raw(wanted, hour.start, hour.end, READINGS_AT_ONCE * 10)
            yield merged(question.entities, batch.rows, batch.at, np.where(usable(batch.quality), batch.values, np.nan))


def merged(
    entities: Sequence[Entity], of: np.ndarray[tuple[int], np.dtype[np.int32]], at: Times, values: Values
) -> tuple[Times, list[Values]]:
    """Readings of several points on one axis of times; NaN where a point has no reading at that time."""
    axis = np.unique(at)
    columns = []
    for entity in entities:
        mine = of == entity.row
        column = np.full(len(axis), np.nan)
        column[np.searchsorted(axis, at[mine])] = values[mine]
        columns.append(column)
    return axis, columns


def _cut(span: Span, length: int) -> list[Span]:
    stops = [*range(span.start, span.end, length), span.end]
    return [Span(start, end) for start, end in pairwise(stops)]


def _stamp(ms: int) -> str:
    return utc(ms).isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace("+00:00", "Z")


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.12g}"


def _must_quote(field: str) -> bool:
    return any(mark in field for mark in ',"\r\n')
