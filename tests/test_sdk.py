"""What plugin authors stand on: reports, texts, losses, and reading the history with a cursor."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import voluptuous as vol

from hub import sdk
from hub.config import Entry
from hub.core.core import Core
from hub.core.model import DeviceInfo
from hub.history import History
from hub.plugins import load_plugins
from hub.sdk import DEVICE, Config, Context, Device, DeviceHealth, Integration, Kind, Point, Quality
from hub.store import Store
from hub.supervisor import Supervisor
from hub.testing.hub import HubUnderTest
from hub.upkeep import keep_registry, restore

POINTS = [
    Point("active_power", unit="kW"),
    Point("serial_number", kind=Kind.TEXT),
    Point("breaker_closed", kind=Kind.STATUS),
]


@pytest.fixture
def meter() -> Device:
    return Device(Core(), DeviceInfo("demo", "meter_1"), POINTS, DeviceHealth(), lambda: None)


def state_of(device: Device, key: str) -> tuple[float, int, Quality]:
    state, row = device._core.state, device.entities[key].row
    return float(state.value[row]), int(state.at[row]), Quality(int(state.quality[row]))


def test_numbers_truths_and_texts_are_reported_alike(meter: Device) -> None:
    meter.report({"active_power": 5, "breaker_closed": True, "serial_number": "SN-0042"}, at=1_795_356_000_000)
    assert state_of(meter, "active_power") == (5.0, 1_795_356_000_000, Quality.GOOD)
    assert state_of(meter, "breaker_closed")[0] == 1.0
    assert meter._core.registry.text(state_of(meter, "serial_number")[0]) == "SN-0042"


def test_no_value_is_invalid_and_never_zero(meter: Device) -> None:
    meter.report({"active_power": None, "breaker_closed": False})
    value, _, quality = state_of(meter, "active_power")
    assert math.isnan(value)
    assert quality == Quality.INVALID
    assert state_of(meter, "breaker_closed")[2] == Quality.GOOD


def test_times_may_be_aware_datetimes_but_never_naive_ones(meter: Device) -> None:
    meter.report({"active_power": 1}, at=datetime(2026, 11, 22, 6, 5, tzinfo=UTC))
    assert state_of(meter, "active_power")[1] == 1_795_327_500_000
    with pytest.raises(ValueError, match="no time zone"):
        meter.report({"active_power": 1}, at=datetime(2026, 11, 22, 6, 5))  # noqa: DTZ001 - the mistake under test


def test_a_point_the_device_lacks_is_refused(meter: Device) -> None:
    with pytest.raises(KeyError):
        meter.report({"reactive_power": 1})


def test_a_lost_device_keeps_its_last_values_and_is_marked_once(meter: Device) -> None:
    told: list[int] = []
    meter._core.bus.attach(lambda batch: told.append(len(batch)))
    meter.report({"active_power": 7})
    meter.lost("no answer for 5 s")
    meter.lost("no answer for 5 s")
    assert state_of(meter, "active_power")[0] == 7
    assert state_of(meter, "active_power")[2] == Quality.NOT_TOPICAL
    assert told == [1, 1], "points never read are not topical already"
    assert meter.health.silent


def test_devices_share_their_common_keys() -> None:
    schema = vol.Schema({**DEVICE, vol.Required("host"): str})
    full = schema({"device": "meter_1", "host": "127.0.0.1", "name": {"en": "Meter", "zh": "电表"}})
    assert (full["medium"], full["area"]) == ("electricity", "")
    for wrong in ({"device": "Meter 1", "host": "h"}, {"host": "h"}, {"device": "m", "host": "h", "name": {"fr": "x"}}):
        with pytest.raises(vol.Invalid):
            schema(wrong)


def test_the_sdk_exports_what_it_promises() -> None:
    assert sdk.VERSION == 1
    assert all(hasattr(sdk, name) for name in sdk.__all__)


async def test_an_entry_reads_the_history_and_goes_on_where_it_committed(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/hub.db")
    history = await History.open(tmp_path / "history")
    core = Core()
    history.before_commit = partial(keep_registry, core, store)
    core.bus.attach(history.append)
    seen: list[float] = []

    async def forwards(context: Context, config: Config) -> None:
        cursor = context.history("city")
        async for chunk in cursor:
            seen.extend(chunk.batch.values.tolist())
            await cursor.commit()

    plugins = load_plugins([])
    plugins.integrations["city"] = Integration("city", vol.Schema({}), forwards)
    supervisor = Supervisor(core, plugins, partial(history.cursor, store=store))
    entry = Entry("demo", "default", "city", "city", {}, "test", 1)
    meter = Device(core, DeviceInfo("demo", "meter_1"), POINTS, DeviceHealth(), lambda: None)
    for value in (1.0, 2.0):
        meter.report({"active_power": value})
        await history.committed()
        supervisor.start(entry)
        await asyncio.wait_for(_until(partial(seen.__contains__, value)), 10)
        await asyncio.sleep(0.1)
        await supervisor.stop("demo", "city")
    assert seen == [1.0, 2.0]
    await history.close()
    await store.close()


async def test_a_restart_brings_back_the_last_values_marked_as_old(tmp_path: Path) -> None:
    for life in (1, 2):
        store = await Store.open(f"sqlite:///{tmp_path}/hub.db")
        history = await History.open(tmp_path / "history")
        core = Core()
        await restore(core, history, store, [])
        history.before_commit = partial(keep_registry, core, store)
        core.bus.attach(history.append)
        if life == 1:
            meter = Device(core, DeviceInfo("demo", "meter_1"), POINTS, DeviceHealth(), lambda: None)
            meter.report({"active_power": 7, "breaker_closed": 1})
            await history.committed()
        else:
            row = core.registry.entity("demo/meter_1.active_power").row
            assert core.state.value[row] == 7
            assert core.state.quality[row] == Quality.NOT_TOPICAL
            assert await history.committed()
            assert Quality(int((await history.latest()).quality[0])) == Quality.NOT_TOPICAL
        await history.close()
        await store.close()


async def test_a_hub_without_history_says_so(hub: HubUnderTest) -> None:
    async def reads(context: Context, config: Config) -> None:
        context.history("city")

    hub.add_integration(Integration("city", vol.Schema({}), reads))
    entry = await hub.start("city", {})
    await hub.until(lambda: "keeps no history" in entry.reason)


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.01)
