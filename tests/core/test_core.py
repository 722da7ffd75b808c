"""The one door for readings: refusals, counters, clock steps; and the bus behind it."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from hub.core.batch import Batch
from hub.core.bus import Bus
from hub.core.clock import Clock, to_ms, utc
from hub.core.command import CommandFailed, Commands
from hub.core.core import Core
from hub.core.errors import HubError
from hub.core.model import DeviceInfo, Point, label
from hub.core.quality import Quality
from hub.core.units import UNITS, convert

NOW = 1_795_356_000_000


class HandClock(Clock):
    """A clock moved by hand; UTC and monotonic time can be moved apart."""

    def __init__(self) -> None:
        self.utc = NOW
        self.seconds = 1000.0

    def now_ms(self) -> int:
        return self.utc

    def monotonic(self) -> float:
        return self.seconds

    def move(self, seconds: float) -> None:
        self.utc += round(seconds * 1000)
        self.seconds += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def core(clock: HandClock) -> Core:
    core = Core(clock)
    core.add_device(DeviceInfo("demo", "incomer_1"), [Point("active_power", deadband=1), Point("voltage_l1")])
    return core


def test_changes_come_back_and_reach_the_bus(core: Core) -> None:
    seen: list[Batch] = []
    core.bus.attach(seen.append)
    assert len(core.ingest(Batch.of([0, 1], [5.0, 230.0], NOW))) == 2
    assert len(core.ingest(Batch.of([0, 1], [5.5, 230.0], NOW + 1))) == 0
    assert [len(batch) for batch in seen] == [2]


def test_readings_from_the_future_or_from_before_2000_are_refused_and_counted(core: Core) -> None:
    batch = Batch.of([0, 1, 0], [1.0, 2.0, 3.0], [NOW + 600_001, NOW, 0])
    assert core.ingest(batch).rows.tolist() == [1]
    assert dict(core.refused) == {"time in the future": 1, "time before 2000": 1}


def test_every_reading_is_accounted_for(core: Core) -> None:
    random = np.random.default_rng(3)
    sent = 0
    for step in range(50):
        batch = Batch.of([0, 1], random.normal(100, 1, 2).round(), NOW + random.integers(-5, 5, 2) + step)
        sent += len(batch)
        core.ingest(batch)
    kept_back = core.state.received - core.changes - core.state.repeated
    assert core.state.received + sum(core.refused.values()) == sent
    assert kept_back >= 0


def test_a_clock_set_back_is_noticed_and_live_values_go_on(core: Core, clock: HandClock) -> None:
    core.ingest(Batch.of([0], [5.0], NOW))
    clock.move(1)
    assert core.watch_clock() == 0
    clock.utc -= 3_600_000
    assert core.watch_clock() == -3_600_000
    assert "went back 3600.0 s" in core.health.notices["clock"]
    core.ingest(Batch.of([0], [9.0], clock.now_ms() + 1))
    assert core.state.value[0] == 9.0


def test_a_clock_set_forward_is_noticed(core: Core, clock: HandClock) -> None:
    clock.utc += 60_000
    assert core.watch_clock() == 60_000
    assert "went forward" in core.health.notices["clock"]


async def test_a_full_subscription_loses_the_oldest_and_says_how_many() -> None:
    bus = Bus()
    slow = bus.subscribe("slow page", limit=3)
    for value in range(4):
        bus.publish(Batch.of([0, 1], [value, value], NOW + value))
    assert slow.dropped == 6
    batch = await anext(slow)
    assert batch.values.tolist() == [3.0, 3.0]


async def test_a_subscription_waits_for_changes_and_takes_all_there_are() -> None:
    bus = Bus()
    subscription = bus.subscribe("page")
    waiting = asyncio.ensure_future(anext(subscription))
    await asyncio.sleep(0)
    assert not waiting.done()
    bus.publish(Batch.of([0], [1.0], NOW))
    bus.publish(Batch.of([1], [2.0], NOW))
    assert (await waiting).rows.tolist() == [0, 1]
    bus.unsubscribe(subscription)
    bus.unsubscribe(subscription)
    bus.publish(Batch.of([0], [1.0], NOW))
    assert subscription.pending == 0


async def test_an_order_reaches_the_listening_device_and_returns_the_readback(clock: HandClock) -> None:
    commands = Commands(clock)

    async def device() -> None:
        async for command in commands.listen("demo/breaker_1"):
            command.done(command.value)

    with pytest.raises(CommandFailed, match="takes no orders"):
        await commands.order("demo/breaker_1", "relay_1", 1)
    listening = asyncio.create_task(device())
    await asyncio.sleep(0)
    assert await commands.order("demo/breaker_1", "relay_1", 1) == 1
    listening.cancel()
    await asyncio.wait([listening])
    with pytest.raises(CommandFailed, match="takes no orders"):
        await commands.order("demo/breaker_1", "relay_1", 1)


async def test_an_order_nobody_confirms_fails_and_an_expired_one_is_not_carried_out(clock: HandClock) -> None:
    commands = Commands(clock)
    listening = commands.listen("demo/breaker_1")
    first = asyncio.ensure_future(anext(listening))
    await asyncio.sleep(0)
    with pytest.raises(CommandFailed, match=r"not confirmed within 0\.05 s"):
        await commands.order("demo/breaker_1", "relay_1", 1, seconds=0.05)
    assert (await first).point == "relay_1"
    late = asyncio.ensure_future(commands.order("demo/breaker_1", "relay_1", 0, seconds=5))
    await asyncio.sleep(0)
    clock.move(6)
    waiting = asyncio.ensure_future(anext(listening))
    with pytest.raises(CommandFailed, match="expired"):
        await late
    waiting.cancel()


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 rows, 1 values"):
        Batch.of([0, 1], [1.0], NOW)


def test_batches_can_be_joined_and_chosen_from() -> None:
    batch = Batch.concat([Batch.of([0, 1], [1, 2], NOW), Batch.of([2], [3], NOW + 1, Quality.INVALID)])
    assert batch.of_rows([2, 0]).values.tolist() == [1.0, 3.0]
    assert len(Batch.concat([])) == 0
    assert batch.nbytes == 3 * 21


def test_units_convert_within_their_dimension_only() -> None:
    assert convert(1.5, "MWh", "kWh") == pytest.approx(1500)
    assert convert(20, "°C", "K") == pytest.approx(293.15)
    assert convert(3.6, "MJ", "kWh") == pytest.approx(1)
    with pytest.raises(HubError, match="kW measures power, kWh measures energy"):
        convert(1, "kW", "kWh")
    with pytest.raises(HubError, match="unknown unit 'furlong'"):
        convert(1, "furlong", "kWh")
    assert all(unit.factor > 0 for unit in UNITS.values())


def test_times_are_aware_utc_and_names_have_languages() -> None:
    assert to_ms(utc(NOW)) == NOW
    with pytest.raises(ValueError, match="no time zone"):
        to_ms(utc(NOW).replace(tzinfo=None))
    assert label({"en": "Incomer 1", "zh": "1号进线"}, "zh") == "1号进线"
    assert label({"en": "Incomer 1"}, "zh") == "Incomer 1"
    assert label("plain", "zh") == "plain"
    assert (Quality.NOT_TOPICAL | Quality.INVALID).words == "not_topical invalid"
    assert Quality.GOOD.words == "good"
