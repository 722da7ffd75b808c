"""Aggregates against a plain Python oracle, before and after export, on random and on chosen readings."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count, pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from history.conftest import DAY, HOUR, NEW_YEAR, Opened, owner, store
from hub.core.batch import Batch
from hub.core.clock import to_ms
from hub.core.quality import Quality
from hub.history import Aggregate, HistoryError

HOLD = 24 * HOUR

Reading = tuple[int, float, int]
"""Time, value, quality."""

SPAN = 3 * DAY
"""Readings of the random cases lie in the first three days of the year."""


def known(reading: Reading) -> bool:
    _, value, quality = reading
    return math.isfinite(value) and not quality & (Quality.INVALID | Quality.NOT_TOPICAL)


def expected(readings: list[Reading], edges: list[int], aggregate: Aggregate) -> list[float]:
    """What the aggregate must come to: one loop over readings for each bucket."""
    last_written = sorted({reading[0]: reading for reading in readings}.values())
    following = [*[reading[0] for reading in last_written], 1 << 60][1:]
    figures = []
    for start, end in pairwise(edges):
        if aggregate is Aggregate.TIME_WEIGHTED:
            area = covered = 0.0
            for reading, then in zip(last_written, following, strict=True):
                lasted = min(then, reading[0] + HOLD, end) - max(reading[0], start)
                if known(reading) and lasted > 0:
                    area += reading[1] * lasted
                    covered += lasted
            figures.append(area / covered if covered else math.nan)
            continue
        values = [value for at, value, quality in last_written if start <= at < end and known((at, value, quality))]
        plain: dict[Aggregate, Callable[[list[float]], float]] = {
            Aggregate.AVG: lambda v: math.fsum(v) / len(v),
            Aggregate.MIN: min,
            Aggregate.MAX: max,
            Aggregate.FIRST: lambda v: v[0],
            Aggregate.LAST: lambda v: v[-1],
            Aggregate.COUNT: lambda v: float(len(v)),
        }
        figures.append(plain[aggregate](values) if values else math.nan)
    return figures


values = st.one_of(
    st.integers(-10_000, 10_000).map(lambda tenths: tenths / 10),
    st.floats(-1e9, 1e9),
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1 / 3, 123456789.123]),
)
qualities = st.sampled_from(
    [0, 0, 0, 0, Quality.SUBSTITUTED, Quality.INVALID, Quality.NOT_TOPICAL, Quality.NOT_TOPICAL | Quality.OVERFLOW]
)
times = st.one_of(
    st.integers(NEW_YEAR, NEW_YEAR + SPAN - 1),
    st.integers(0, SPAN // HOUR - 1).map(lambda hour: NEW_YEAR + hour * HOUR),
    st.integers(0, 40).map(lambda second: NEW_YEAR + DAY - 20_000 + second * 1000),
)
commits = st.lists(st.lists(st.tuples(times, values, qualities), min_size=1, max_size=25), min_size=1, max_size=4)
odd_edges = st.lists(st.integers(NEW_YEAR - DAY, NEW_YEAR + SPAN + DAY), min_size=2, max_size=30, unique=True).map(
    sorted
)
hourly_edges = st.tuples(st.integers(-30, 40), st.integers(24, 70), st.sampled_from([1, 3, 24])).map(
    lambda t: [NEW_YEAR + hour * HOUR for hour in range(t[0], t[0] + t[1] + 1, t[2])]
)


async def test_buckets_agree_with_a_plain_loop_before_and_after_export_and_with_late_readings(opened: Opened) -> None:
    rows = count(0, 2)
    async with opened() as history:

        async def check(written: list[list[Reading]], edges: list[int]) -> None:
            row = next(rows)
            told: list[Reading] = []
            for number, readings in enumerate(written):
                await store(history, *[(row, value, at, quality) for at, value, quality in readings])
                told += readings
                for aggregate in Aggregate:
                    answer = await history.buckets(np.array([row + 1, row]), np.array(edges), aggregate)
                    assert np.isnan(answer.values[0]).all()
                    np.testing.assert_allclose(
                        answer.values[1], expected(told, edges, aggregate), rtol=1e-9, atol=1e-6, err_msg=aggregate
                    )
                    counted = [0.0 if math.isnan(n) else n for n in expected(told, edges, Aggregate.COUNT)]
                    assert answer.count[1].tolist() == counted
                if number % 2 == 0:
                    await history.export(owner, NEW_YEAR + 2 * DAY)

        @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(commits, st.one_of(odd_edges, hourly_edges))
        def examples(written: list[list[Reading]], edges: list[int]) -> None:
            cases.append((written, edges))

        cases: list[tuple[list[list[Reading]], list[int]]] = []
        examples()
        for written, edges in cases:
            await check(written, edges)


async def test_a_day_of_daylight_saving_is_23_hours_long(opened: Opened) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    midnights = [datetime(2026, 3, 28, tzinfo=berlin) + timedelta(days=day) for day in range(4)]
    edges = np.array([to_ms(midnight) for midnight in midnights])
    assert np.diff(edges).tolist() == [24 * HOUR, 23 * HOUR, 24 * HOUR]
    async with opened() as history:
        at = np.arange(edges[0], edges[-1], HOUR)
        history.append(Batch.of(np.zeros(len(at)), np.ones(len(at)), at))
        await history.committed()
        assert (await history.buckets(np.array([0]), edges, Aggregate.COUNT)).values.tolist() == [[24, 23, 24]]
        await history.export(owner)
        assert (await history.buckets(np.array([0]), edges, Aggregate.COUNT)).values.tolist() == [[24, 23, 24]]


async def test_not_topical_ends_a_value_and_a_gap_stays_a_gap(opened: Opened) -> None:
    async with opened() as history:
        await store(
            history,
            (1, 10.0, NEW_YEAR),
            (1, 10.0, NEW_YEAR + HOUR, Quality.NOT_TOPICAL),
            (1, 30.0, NEW_YEAR + 3 * HOUR),
        )
        edges = NEW_YEAR + np.arange(5) * HOUR
        weighted = await history.buckets(np.array([1]), edges, Aggregate.TIME_WEIGHTED)
        np.testing.assert_array_equal(weighted.values, [[10, np.nan, np.nan, 30]])
        whole = await history.buckets(np.array([1]), edges[[0, 4]], Aggregate.TIME_WEIGHTED)
        assert whole.values.tolist() == [[20]]
        assert whole.count.tolist() == [[2]]


async def test_a_value_from_before_the_first_edge_holds_into_it(opened: Opened) -> None:
    async with opened() as history:
        await store(history, (1, 8.0, NEW_YEAR - 20 * HOUR), (2, 8.0, NEW_YEAR - 25 * HOUR))
        edges = np.array([NEW_YEAR, NEW_YEAR + 2 * HOUR])
        answer = await history.buckets(np.array([1, 2]), edges, Aggregate.TIME_WEIGHTED)
        np.testing.assert_array_equal(answer.values, [[8], [np.nan]])
        assert answer.count.tolist() == [[0], [0]]


async def test_rows_may_come_in_any_order_and_twice(opened: Opened) -> None:
    async with opened() as history:
        await store(history, (3, 3.0, NEW_YEAR), (9, 9.0, NEW_YEAR), (4, 4.0, NEW_YEAR))
        answer = await history.buckets(np.array([9, 3, 9, 77]), np.array([NEW_YEAR, NEW_YEAR + 1]), Aggregate.LAST)
        np.testing.assert_array_equal(answer.values[:, 0], [9, 3, 9, np.nan])


async def test_edges_that_do_not_ascend_are_refused(opened: Opened) -> None:
    async with opened() as history:
        for edges in ([NEW_YEAR], [NEW_YEAR, NEW_YEAR], [NEW_YEAR, NEW_YEAR - 1]):
            with pytest.raises(HistoryError, match="edges"):
                await history.buckets(np.array([1]), np.array(edges), Aggregate.AVG)


async def test_no_rows_and_no_readings_give_empty_answers(opened: Opened) -> None:
    async with opened() as history:
        edges = np.array([NEW_YEAR, NEW_YEAR + HOUR])
        nothing = await history.buckets(np.array([], dtype=np.int32), edges, Aggregate.AVG)
        assert nothing.values.shape == (0, 1)
        assert np.isnan((await history.buckets(np.array([5]), edges, Aggregate.AVG)).values).all()
