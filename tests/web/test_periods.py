"""Days, presets and buckets in the project's zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.clock import to_ms, utc
from hub.web.periods import (
    DAY,
    HOUR,
    MINUTE,
    MOST_BUCKETS,
    Span,
    Step,
    WrongTime,
    chosen_step,
    edges,
    midnight,
    moment,
    month_start,
    preset,
    typed,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
NOW = to_ms(datetime(2026, 11, 22, 6, 5, tzinfo=UTC))


def local(at: int, zone: ZoneInfo) -> str:
    return utc(at).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def test_the_day_begins_at_midnight_of_the_project() -> None:
    assert local(midnight(NOW, SHANGHAI), SHANGHAI) == "2026-11-22 00:00"
    assert midnight(NOW, SHANGHAI, -1) == midnight(NOW, SHANGHAI) - DAY
    assert local(month_start(NOW, SHANGHAI), SHANGHAI) == "2026-11-01 00:00"


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("today", "2026-11-22 00:00", "2026-11-23 00:00"),
        ("yesterday", "2026-11-21 00:00", "2026-11-22 00:00"),
        ("week", "2026-11-16 00:00", "2026-11-23 00:00"),
        ("month", "2026-11-01 00:00", "2026-12-01 00:00"),
        ("year", "2026-01-01 00:00", "2027-01-01 00:00"),
        ("hour", "2026-11-22 13:05", "2026-11-22 14:05"),
        ("day", "2026-11-21 14:05", "2026-11-22 14:05"),
    ],
)
def test_presets_are_those_of_the_calendar(name: str, start: str, end: str) -> None:
    span = preset(name, NOW, SHANGHAI)
    assert span is not None
    assert (local(span.start, SHANGHAI), local(span.end, SHANGHAI)) == (start, end)


def test_an_unknown_preset_is_none() -> None:
    assert preset("fortnight", NOW, SHANGHAI) is None


def test_the_day_the_clock_goes_back_has_25_hours() -> None:
    day = midnight(to_ms(datetime(2026, 10, 25, 12, tzinfo=UTC)), BERLIN)
    span = Span(day, midnight(day, BERLIN, 1))
    assert len(edges(span, Step.HOUR, BERLIN)) == 26
    assert len(edges(span, Step.DAY, BERLIN)) == 2
    assert len(edges(span, Step.QUARTER, BERLIN)) == 101


def test_hours_are_local_ones_where_the_zone_has_odd_minutes() -> None:
    found = edges(Span(NOW, NOW + 3 * HOUR), Step.HOUR, KATHMANDU)
    assert [local(int(at), KATHMANDU)[-2:] for at in found] == ["00"] * len(found)


@given(
    st.integers(0, 10**12).map(lambda ms: 946_684_800_000 + ms),
    st.integers(1, 40 * DAY),
    st.sampled_from([Step.QUARTER, Step.HOUR, Step.DAY]),
    st.sampled_from([SHANGHAI, BERLIN, KATHMANDU, ZoneInfo("Australia/Lord_Howe")]),
)
def test_buckets_cover_the_stretch_and_no_more(start: int, length: int, step: Step, zone: ZoneInfo) -> None:
    span = Span(start, start + length)
    found = edges(span, step, zone)
    assert found[0] <= span.start < found[1]
    assert found[-2] < span.end <= found[-1]
    assert (np.diff(found) > 0).all()


def test_raw_readings_have_no_buckets() -> None:
    with pytest.raises(ValueError, match="no buckets"):
        edges(Span(0, DAY), Step.RAW, SHANGHAI)


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (10 * MINUTE, Step.RAW),
        (HOUR, Step.MINUTE),
        (DAY, Step.MINUTE),
        (7 * DAY, Step.QUARTER),
        (31 * DAY, Step.HOUR),
        (366 * DAY, Step.DAY),
    ],
)
def test_the_step_follows_the_length(length: int, step: Step) -> None:
    assert chosen_step(Span(NOW - length, NOW)) is step
    assert step is Step.RAW or length / step.ms < MOST_BUCKETS


def test_a_step_too_fine_for_the_stretch_is_coarsened() -> None:
    assert chosen_step(Span(NOW - 31 * DAY, NOW), Step.MINUTE) is Step.HOUR
    assert chosen_step(Span(NOW - 31 * DAY, NOW), Step.DAY) is Step.DAY
    assert chosen_step(Span(NOW - DAY, NOW), Step.RAW) is Step.RAW


def test_times_typed_are_local_unless_they_say_otherwise() -> None:
    assert moment("2026-11-22T14:05", SHANGHAI) == NOW
    assert moment("2026-11-22T06:05:00Z", SHANGHAI) == NOW
    assert moment("2026-11-22", SHANGHAI) == midnight(NOW, SHANGHAI)
    assert typed(NOW, SHANGHAI) == "2026-11-22T14:05"


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "0001-01-01", "9999-12-31", "12:30", "2026-11-22T25:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(WrongTime):
        moment(text, SHANGHAI)
