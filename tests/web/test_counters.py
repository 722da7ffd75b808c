"""What counters counted between readings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.web.counters import counted, hold_buckets, per_bucket

NAN = float("nan")


def one(before: float, after: float, rollover: float = NAN) -> float:
    return float(counted(np.array([before]), np.array([after]), np.array([rollover]))[0])


def row(*values: float) -> np.ndarray:
    return np.array([values], dtype=float)


def test_a_counter_that_grew_counted_the_difference() -> None:
    assert one(100.0, 142.5) == 42.5


def test_a_counter_that_rolled_over_counted_through_zero() -> None:
    assert one(999_990.0, 5.0, 1_000_000.0) == pytest.approx(15.0)


def test_a_counter_that_was_reset_tells_nothing() -> None:
    assert np.isnan(one(500_000.0, 499_000.0, 1_000_000.0)), "999,000 counted at once is a replaced meter"
    assert np.isnan(one(500.0, 0.0))


def test_a_missing_reading_is_not_zero() -> None:
    assert np.isnan(one(NAN, 5.0))
    assert np.isnan(one(5.0, NAN, 1000.0))


def test_buckets_join_at_the_last_reading_of_the_one_before() -> None:
    result = per_bucket(row(10, 15, 21), row(14, 20, 30), np.array([NAN]), 1)
    assert result.buckets.tolist() == [[4, 6, 10]]
    assert result.across.tolist() == [0]


def test_the_reading_ahead_of_the_first_bucket_completes_it() -> None:
    result = per_bucket(row(10, 15), row(14, 20), np.array([NAN]), 1, before=np.array([9.0]))
    assert result.buckets.tolist() == [[5, 6]]


def test_a_counter_that_stood_still_counted_nothing_there() -> None:
    result = per_bucket(row(10, NAN, NAN, 11), row(10, NAN, NAN, 12), np.array([NAN]), 3)
    assert result.buckets.tolist() == [[0, 0, 0, 2]]


def test_a_gap_stays_a_gap_and_what_it_hid_is_told_apart() -> None:
    result = per_bucket(row(10, NAN, NAN, 50), row(12, NAN, NAN, 53), np.array([NAN]), 1)
    assert np.isnan(result.buckets[0, 1:3]).all()
    assert result.buckets[0, [0, 3]].tolist() == [2, 3]
    assert result.across.tolist() == [38]


def test_nothing_is_known_after_the_newest_reading() -> None:
    result = per_bucket(row(10, 11, NAN), row(10, 12, NAN), np.array([NAN]), 5)
    assert np.isnan(result.buckets[0, 2])


def test_a_counter_rolls_over_inside_a_bucket() -> None:
    result = per_bucket(row(990, 8), row(998, 12), np.array([1000.0]), 1)
    assert result.buckets.tolist() == [[8, 14]]


@given(st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=1, max_size=40), st.integers(1, 5))
def test_buckets_and_gaps_add_up_to_last_minus_first(steps: list[int | None], hold: int) -> None:
    reading, values = 0, []
    for step in steps:
        reading += step or 0
        values.append(NAN if step is None else float(reading))
    known = [value for value in values if value == value]
    result = per_bucket(row(*values), row(*values), np.array([NAN]), hold)
    total = np.nansum(result.buckets) + result.across[0]
    assert total == (known[-1] - known[0] if known else 0)


def test_a_heartbeat_of_a_quarter_of_an_hour_spans_many_minutes_but_no_hour() -> None:
    assert hold_buckets(900, 60_000) == 23
    assert hold_buckets(900, 900_000) == 2
    assert hold_buckets(900, 3_600_000) == 1
