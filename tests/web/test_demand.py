"""Demand, day starts and series against a real history."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest

from hub.core.model import Kind, Point
from hub.web.blocks import take_apart
from hub.web.demand import BLOCK, Peak, Peaks, forecast, greatest
from hub.web.extremes import DayExtremes
from hub.web.load import LoadCurves
from hub.web.periods import Span, Step
from hub.web.series import Figure, borders_of, bucket_lines
from hub.web.today import DayStarts, amount, stood_at
from web.recorded import DAY, MIDNIGHT, MINUTE, NOW, ZONE, Recorded, at

SMALL = (Point("output", "pcs", kind=Kind.COUNTER, rollover=1000.0),)


def test_the_forecast_joins_what_was_with_what_is() -> None:
    assert forecast(90.0, 120.0, BLOCK // 3) == pytest.approx(110)
    assert forecast(nan, 120.0, 10_000) == 120.0
    assert isnan(forecast(90.0, nan, 10_000))
    assert isnan(forecast(nan, 120.0, 10 * MINUTE))


def test_the_greatest_block_is_the_first_that_reached_it() -> None:
    blocks = np.array([0, BLOCK, 2 * BLOCK, 3 * BLOCK], dtype=np.int64)
    first = greatest(Peak(), np.array([5.0, nan, 7.0]), blocks)
    assert first == Peak(7.0, 2 * BLOCK, 3 * BLOCK)
    later = blocks + 3 * BLOCK
    assert greatest(first, np.array([7.0, 6.0, nan]), later) == Peak(7.0, 2 * BLOCK, 6 * BLOCK)
    assert greatest(first, np.array([nan, nan, nan]), later).value == 7.0


async def test_the_months_maximum_grows_block_by_block(recorded: Recorded) -> None:
    power = recorded.core.registry.entity("demo/incomer.active_power")
    peaks = Peaks(recorded.history, recorded.clock)
    assert (await peaks.demand([power], 120.0, ZONE)).peak == Peak(120.0, MIDNIGHT, at(14))
    recorded.clock.now = at(14, 20)
    recorded.keep(
        "incomer", "active_power", np.array([at(14, 5) + 1, at(14, 16)], dtype=np.int64), np.array([240.0, 90])
    )
    await recorded.history.committed()
    found = await peaks.demand([power], 90.0, ZONE)
    assert found.peak.at == at(14)
    assert found.peak.value == pytest.approx((120 * 5 + 240 * 10) / 15, rel=1e-4)
    assert found.running == pytest.approx((240 * 1 + 90 * 4) / 5)
    assert found.ends == at(14, 30)


async def test_a_new_month_begins_anew(recorded: Recorded) -> None:
    power = recorded.core.registry.entity("demo/incomer.active_power")
    peaks = Peaks(recorded.history, recorded.clock)
    await peaks.demand([power], 120.0, ZONE)
    recorded.clock.now = at(0, 0, 30) + DAY + 20 * MINUTE
    assert isnan((await peaks.demand([power], 120.0, ZONE)).peak.value)


async def test_the_sum_of_two_powers_is_unknown_when_one_is(recorded: Recorded) -> None:
    registry = recorded.core.registry
    powers = [registry.entity("demo/incomer.active_power"), registry.entity("demo/press_1.active_power")]
    times = np.array([at(8), at(8, 14)], dtype=np.int64)
    recorded.keep("press_1", "active_power", times, np.array([10.0, 10]))
    await recorded.history.committed()
    starts, means = await LoadCurves(recorded.history, recorded.clock).curve(powers, at(7), at(9))
    assert starts.tolist() == [at(7, m) for m in (0, 15, 30, 45)] + [at(8, m) for m in (0, 15, 30, 45)]
    assert np.isnan(means[:4]).all()
    assert means[4] == pytest.approx(130)


async def test_a_curve_asked_twice_is_the_same(recorded: Recorded) -> None:
    power = recorded.core.registry.entity("demo/incomer.active_power")
    curves = LoadCurves(recorded.history, recorded.clock)
    _, first = await curves.curve([power], MIDNIGHT - DAY, MIDNIGHT + DAY)
    _, second = await curves.curve([power], MIDNIGHT - DAY, MIDNIGHT + DAY)
    assert np.array_equal(first, second, equal_nan=True)
    assert np.isfinite(first).sum() == 96 + 57


async def test_a_counter_stands_at_midnight_between_its_readings(recorded: Recorded) -> None:
    recorded.add("press_line", SMALL)
    counter = recorded.core.registry.entity("demo/press_line.output")
    times = np.array([MIDNIGHT - 5 * MINUTE, MIDNIGHT + 10 * MINUTE], dtype=np.int64)
    recorded.keep("press_line", "output", times, np.array([985.0, 997.0]))
    await recorded.history.committed()
    value, since = (await stood_at(recorded.history, [counter], MIDNIGHT))[counter.row]
    assert value == pytest.approx(989)
    assert since == MIDNIGHT
    assert isnan((await stood_at(recorded.history, [counter], MIDNIGHT - 30 * MINUTE))[counter.row][0])


async def test_a_counter_that_rolls_over_counts_through_the_day_and_its_hours(recorded: Recorded) -> None:
    recorded.add("press_line", SMALL)
    counter = recorded.core.registry.entity("demo/press_line.output")
    times = np.array([MIDNIGHT, at(0, 30), at(1, 30), at(1, 59)], dtype=np.int64)
    recorded.keep("press_line", "output", times, np.array([985.0, 995, 4, 10]))
    await recorded.history.committed()
    starts = await DayStarts(recorded.history, recorded.clock).of([counter], MIDNIGHT)
    assert amount([counter], starts, recorded.core.state, MIDNIGHT).value == 25
    borders = borders_of(Span(MIDNIGHT, at(2)), Step.HOUR, ZONE, NOW)
    (line,) = await bucket_lines(recorded.history, [counter], borders, Step.HOUR, Figure.AUTO)
    assert line.values[0] == 10
    assert line.across + np.nansum(line.values) == 25


async def test_a_day_whose_readings_come_late_begins_with_the_first(recorded: Recorded) -> None:
    recorded.add("press_line", SMALL)
    counter = recorded.core.registry.entity("demo/press_line.output")
    days = DayStarts(recorded.history, recorded.clock)
    assert isnan((await days.of([counter], MIDNIGHT))[counter.row][0])
    recorded.keep("press_line", "output", np.array([at(9, 30), at(10)], dtype=np.int64), np.array([100.0, 130]))
    await recorded.history.committed()
    found = amount([counter], await days.of([counter], MIDNIGHT), recorded.core.state, MIDNIGHT)
    assert (found.value, found.since) == (30, at(9, 30))


async def test_what_a_counter_without_readings_counted_is_unknown(recorded: Recorded) -> None:
    recorded.add("press_line", SMALL)
    counter = recorded.core.registry.entity("demo/press_line.output")
    starts = await DayStarts(recorded.history, recorded.clock).of([counter], MIDNIGHT)
    found = amount([counter], starts, recorded.core.state, MIDNIGHT)
    assert isnan(found.value)
    assert found.missing == (counter,)


async def test_extremes_of_the_day_grow_with_it_and_keep_the_first_minute(recorded: Recorded) -> None:
    info = recorded.core.registry.device("demo/incomer")
    assert info is not None
    found = take_apart(recorded.core.registry.entities(info.id))
    days = DayExtremes(recorded.history, recorded.clock)

    async def greatest_current() -> tuple[str, float, int]:
        told = [one for one in await days.of(found, MIDNIGHT) if one.quantity == "current"]
        return told[0].phase, told[0].value, told[0].at

    assert await greatest_current() == ("l2", 210.0, at(10, 30))
    recorded.clock.now = at(14, 8)
    recorded.keep("incomer", "current_l3", np.array([at(14, 7)], dtype=np.int64), np.array([250.0]))
    await recorded.history.committed()
    assert await greatest_current() == ("l3", 250.0, at(14, 7))
