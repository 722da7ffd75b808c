"""How far readers of the history came, and how entries were, through restarts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from hub.core.health import EntryHealth, EntryState
from hub.core.model import DeviceInfo, Point
from hub.core.registry import Registry
from hub.store import Cursor, LastHealth, Store, StoreError

Reopened = Callable[[], Awaitable[Store]]


async def test_a_cursor_nobody_set_stands_at_the_beginning(store: Store) -> None:
    assert await store.cursor("influxdb") == 0


async def test_a_cursor_survives_a_restart_and_may_go_back(store: Store, reopened: Reopened) -> None:
    await store.set_cursor("influxdb", 2**40)
    assert await (await reopened()).cursor("influxdb") == 2**40
    await store.set_cursor("influxdb", 17)
    assert await (await reopened()).cursor("influxdb") == 17


async def test_cursors_of_two_tenants_and_projects_do_not_meet(store: Store) -> None:
    await store.set_cursor("docking", 5, tenant="acme", project="north")
    await store.set_cursor("docking", 7, tenant="bolt", project="south")
    await store.set_cursor("docking", 9)
    assert await store.cursor("docking", "acme", "north") == 5
    assert await store.cursor("docking", "bolt", "south") == 7
    assert await store.cursor("docking", "bolt", "north") == 0
    assert await store.cursors() == [
        Cursor("docking", "acme", "north", 5),
        Cursor("docking", "bolt", "south", 7),
        Cursor("docking", "default", "", 9),
    ]


async def test_a_forgotten_cursor_holds_nothing_back(store: Store) -> None:
    await store.set_cursor("influxdb", 5)
    await store.set_cursor("influxdb", 6, project="demo")
    await store.forget_cursor("influxdb")
    await store.forget_cursor("influxdb")
    assert await store.cursors() == [Cursor("influxdb", "default", "demo", 6)]


async def test_a_negative_cursor_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="cursor influxdb: -1"):
        await store.set_cursor("influxdb", -1)


async def test_state_and_restarts_of_an_entry_survive_a_restart(store: Store, reopened: Reopened) -> None:
    entry = EntryHealth("line_1", "modbus", "demo", EntryState.LINK_DOWN, 1_700_000_000_000, "no answer", restarts=3)
    await store.save_health([entry], at=1_700_000_060_000)
    entry.restarts = 4
    await store.save_health([entry, EntryHealth("gas", "modbus", "demo")], at=1_700_000_120_000)
    gas, line = await (await reopened()).last_health()
    assert line == LastHealth(
        "default",
        "demo",
        "line_1",
        "modbus",
        EntryState.LINK_DOWN,
        1_700_000_000_000,
        "no answer",
        restarts=4,
        at=1_700_000_120_000,
    )
    assert (gas.entry, gas.state) == ("gas", EntryState.STARTING)


async def test_a_reason_with_bytes_no_database_takes_is_kept_readable(store: Store) -> None:
    await store.save_health([EntryHealth("line_1", "modbus", "demo", reason="garbage \x00\ud800 on the line")], at=1)
    (line,) = await store.last_health()
    assert line.reason == "garbage \ufffd? on the line"


async def test_health_belongs_to_the_tenant_of_its_project_whichever_was_saved_first(store: Store) -> None:
    await store.save_projects({"north": "acme"})
    await store.save_health([EntryHealth("line_1", "modbus", project) for project in ("north", "south")], at=1)
    registry = Registry()
    registry.add_device(DeviceInfo("south", "incomer_1", tenant="bolt"), [Point("voltage_l1")])
    await store.save_registry(registry.unsaved())
    assert [(health.project, health.tenant) for health in await store.last_health()] == [
        ("north", "acme"),
        ("south", "bolt"),
    ]


async def test_saving_no_health_and_no_project_is_no_error(store: Store) -> None:
    await store.save_health([], at=1)
    await store.save_projects({})
    assert await store.last_health() == []
