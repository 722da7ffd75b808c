"""Entries under the supervisor: links that fail, code that fails, code that blocks, and what others notice of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import voluptuous as vol

from hub.core.clock import Clock
from hub.core.health import EntryState
from hub.core.quality import Quality
from hub.sdk import Config, Context, Integration, LinkError, Point
from hub.supervisor import FIRST_WAIT, LONGEST_WAIT, waiting_time
from hub.testing.hub import HubUnderTest
from hub.watch import LoopWatch

POINTS = [Point("active_power", unit="kW")]


async def steady(context: Context, config: Config) -> None:
    meter = context.add_device(config["device"], POINTS)
    async for _ in context.every(0.02):
        meter.report({"active_power": 5.0})


async def link_fails_after_one_reading(context: Context, config: Config) -> None:
    context.add_device(config["device"], POINTS).report({"active_power": 5.0})
    await asyncio.sleep(0.05)
    raise LinkError("no answer from 10 tries")


async def has_a_bug(context: Context, config: Config) -> None:
    context.add_device(config["device"], POINTS).report({"active_power": 5.0})
    await asyncio.sleep(0.01)
    raise ZeroDivisionError("division by zero")


async def blocks_the_loop(context: Context, config: Config) -> None:
    context.add_device(config["device"], POINTS)
    await asyncio.sleep(0.1)
    time.sleep(0.6)
    await asyncio.sleep(60)


async def ends(context: Context, config: Config) -> None:
    context.add_device(config["device"], POINTS).report({"active_power": 5.0})


async def commanded(context: Context, config: Config) -> None:
    breaker = context.add_device(config["device"], [Point("relay_1", writable=True)])
    async for command in breaker.commands():
        breaker.report({command.point: command.value})
        command.done(command.value)


SCHEMA = vol.Schema({vol.Required("device"): str})


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncIterator[HubUnderTest]:
    running = HubUnderTest(tmp_path)
    for run in (steady, link_fails_after_one_reading, has_a_bug, blocks_the_loop, ends, commanded):
        running.add_integration(Integration(run.__name__, SCHEMA, run))
    yield running
    await running.close()


async def test_a_lost_link_makes_points_not_topical_at_once_and_is_tried_again(plant: HubUnderTest) -> None:
    entry = await plant.start("link_fails_after_one_reading", {"device": "meter_1"})
    await plant.until(lambda: entry.state is EntryState.LINK_DOWN)
    assert plant.quality("meter_1.active_power") == Quality.NOT_TOPICAL
    assert plant.value("meter_1.active_power") == 5.0
    assert entry.reason == "no answer from 10 tries"
    await plant.until(lambda: entry.restarts >= 2 and entry.state is EntryState.RUNNING)
    assert plant.quality("meter_1.active_power") == Quality.GOOD


async def test_a_lost_link_is_logged_once_down_and_once_up(
    plant: HubUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    entry = await plant.start("link_fails_after_one_reading", {"device": "meter_1"})
    await plant.until(lambda: entry.restarts >= 2 and entry.state is EntryState.RUNNING)
    down = [record for record in caplog.records if "link down" in record.message]
    up = [record for record in caplog.records if "link up" in record.message]
    assert len(down) - len(up) in (0, 1)
    assert len(down) == entry.restarts


async def test_a_bug_stops_its_own_entry_only_and_is_named_once(
    plant: HubUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    good = await plant.start("steady", {"device": "meter_1"})
    bad = await plant.start("has_a_bug", {"device": "meter_2"})
    await plant.until(lambda: bad.state is EntryState.FAILED)
    await asyncio.sleep(2 * FIRST_WAIT)
    assert bad.reason == "ZeroDivisionError: division by zero"
    assert bad.restarts == 0
    assert plant.quality("meter_2.active_power") & Quality.NOT_TOPICAL
    assert good.state is EntryState.RUNNING
    assert plant.quality("meter_1.active_power") == Quality.GOOD
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_code_that_holds_up_the_loop_is_named_in_the_log_and_on_its_entry(
    plant: HubUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    with LoopWatch(plant.core.health) as watch:
        await plant.start("steady", {"device": "meter_1"})
        culprit = await plant.start("blocks_the_loop", {"device": "meter_2"})
        await plant.until(lambda: culprit.blocked_ms > 0)
        await asyncio.sleep(0.1)
    assert watch.worst > 0.4
    assert plant.entry("steady").blocked_ms == 0
    assert any("demo/blocks_the_loop holds up the whole hub" in record.message for record in caplog.records)


async def test_a_stopped_entry_lets_go_of_its_devices(plant: HubUnderTest) -> None:
    await plant.start("steady", {"device": "meter_1"})
    await plant.until(lambda: plant.quality("meter_1.active_power") == Quality.GOOD)
    await plant.stop("steady")
    assert plant.quality("meter_1.active_power") == Quality.NOT_TOPICAL
    assert list(plant.core.registry.devices()) == []
    assert plant.entry("steady").state is EntryState.STOPPED


async def test_a_coroutine_that_ends_by_itself_is_stopped_and_says_so(plant: HubUnderTest) -> None:
    entry = await plant.start("ends", {"device": "meter_1"})
    await plant.until(lambda: entry.state is EntryState.STOPPED)
    assert "ended by itself" in entry.reason


async def test_orders_reach_a_device_through_its_entry(plant: HubUnderTest) -> None:
    await plant.start("commanded", {"device": "breaker_1"})
    await plant.until(lambda: "breaker_1" in plant.entry("commanded").devices)
    await asyncio.sleep(0.01)
    assert await plant.core.commands.order("demo/breaker_1", "relay_1", 1) == 1
    assert plant.value("breaker_1.relay_1") == 1


async def test_ticks_fall_on_multiples_and_late_ones_are_skipped(plant: HubUnderTest) -> None:
    passed: list[int] = []
    phases: list[float] = []

    async def ticking(context: Context, config: Config) -> None:
        async for ticks in context.every(0.1):
            passed.append(ticks)
            phases.append(Clock().now_ms() / 1000 % 0.1)
            if len(passed) == 3:
                await asyncio.sleep(0.25)

    plant.add_integration(Integration("ticking", SCHEMA, ticking))
    await plant.start("ticking", {"device": "meter_1"})
    await plant.until(lambda: len(passed) >= 6)
    assert sum(passed[3:5]) >= 3, "two ticks were missed, and are told as passed"
    assert max(passed[1:3]) == 1


def test_waiting_grows_to_its_bound_and_is_spread() -> None:
    longest = [waiting_time(failures, 0.999999) for failures in range(1, 20)]
    shortest = [waiting_time(failures, 0.0) for failures in range(1, 20)]
    assert longest == sorted(longest)
    assert longest[-1] == pytest.approx(LONGEST_WAIT, rel=1e-3)
    assert shortest[0] == FIRST_WAIT / 2
    assert all(low < high for low, high in zip(shortest, longest, strict=True))
