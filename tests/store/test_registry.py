"""Identity survives: rows, numbers, names, texts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import MISSING, fields, replace

import pytest
from sqlalchemy import select, text

from hub.core.model import Confidence, DeviceInfo, Kind, Point
from hub.core.registry import Registry
from hub.store import Store, StoreError, tables

Reopened = Callable[[], Awaitable[Store]]

VOLTAGE = Point("voltage_l1", "V")
ENERGY = Point(
    "active_energy_import",
    unit="kWh",
    kind=Kind.COUNTER,
    deadband=0.5,
    deadband_percent=0.2,
    max_age=300.0,
    rollover=4294967.295,
    believable=(0.0, float("inf")),
    confidence=Confidence.ASSUMED,
    writable=True,
)
INCOMER = DeviceInfo(
    project="demo",
    key="incomer_1",
    name={"en": "Incomer 1", "zh": "1号进线"},
    area="substation",
    medium="heat",
    manufacturer="Sfere Electric",
    model="PD194Z-9TY",
    profile="sfere/pd194z_9ty",
    entry="line_1",
    address="RS-485 line 1, unit 1",
    tenant="acme",
)


async def save(store: Store, registry: Registry) -> None:
    unsaved = registry.unsaved()
    await store.save_registry(unsaved)
    registry.saved(unsaved)


async def loaded(reopened: Reopened) -> Registry:
    registry = Registry()
    await (await reopened()).load_registry(registry)
    return registry


def test_the_example_device_and_point_leave_no_field_at_its_default() -> None:
    """So that a field added to the model without a column fails the next test."""
    for example in (INCOMER, ENERGY):
        for field in fields(example):
            assert field.default is MISSING or getattr(example, field.name) != field.default, field.name


async def test_everything_known_of_a_device_and_its_points_survives_a_restart(store: Store, reopened: Reopened) -> None:
    registry = Registry()
    registry.add_device(INCOMER, [VOLTAGE, ENERGY])
    await save(store, registry)
    again = await loaded(reopened)
    assert again.device("demo/incomer_1") == INCOMER
    assert [again.at_row(row) for row in range(2)] == [registry.at_row(row) for row in range(2)]
    assert not again.unsaved()


async def test_a_restart_with_the_same_configuration_gives_every_entity_its_row_and_saves_nothing(
    store: Store, reopened: Reopened
) -> None:
    registry = Registry()
    for n in range(20):
        registry.add_device(DeviceInfo("demo", f"meter_{n}"), [VOLTAGE, ENERGY])
    await save(store, registry)
    again = await loaded(reopened)
    for n in reversed(range(20)):
        entities = again.add_device(DeviceInfo("demo", f"meter_{n}"), [ENERGY, VOLTAGE])
        assert entities["voltage_l1"].row == registry.entity(f"demo/meter_{n}.voltage_l1").row
    assert not again.unsaved()


async def test_a_new_device_after_a_restart_gets_rows_nobody_had(store: Store, reopened: Reopened) -> None:
    registry = Registry()
    registry.add_device(INCOMER, [VOLTAGE, ENERGY])
    await save(store, registry)
    again = await loaded(reopened)
    assert again.add_device(DeviceInfo("demo", "feeder_1"), [VOLTAGE])["voltage_l1"].row == 2


async def test_a_renamed_device_keeps_its_rows_and_so_its_history(store: Store, reopened: Reopened) -> None:
    registry = Registry()
    registry.add_device(INCOMER, [VOLTAGE, ENERGY])
    await save(store, registry)
    registry.rename_device("demo", "incomer_1", "transformer_1")
    await save(store, registry)
    again = await loaded(reopened)
    assert again.entity("demo/transformer_1.active_energy_import").row == 1
    assert again.device("demo/incomer_1") is None


async def test_two_devices_can_swap_their_names_in_one_save(store: Store, reopened: Reopened) -> None:
    registry = Registry()
    registry.add_device(DeviceInfo("demo", "a"), [VOLTAGE])
    registry.add_device(DeviceInfo("demo", "b"), [VOLTAGE])
    await save(store, registry)
    for old, new in (("a", "c"), ("b", "a"), ("c", "b")):
        registry.rename_device("demo", old, new)
    await save(store, registry)
    again = await loaded(reopened)
    assert again.entity("demo/a.voltage_l1").row == 1
    assert again.entity("demo/b.voltage_l1").row == 0


async def test_a_changed_point_keeps_its_row(store: Store, reopened: Reopened) -> None:
    registry = Registry()
    registry.add_device(INCOMER, [VOLTAGE, ENERGY])
    await save(store, registry)
    registry.add_device(INCOMER, [replace(VOLTAGE, deadband=1.0), ENERGY])
    await save(store, registry)
    again = await loaded(reopened)
    assert again.entity("demo/incomer_1.voltage_l1").row == 0
    assert again.entity("demo/incomer_1.voltage_l1").point.deadband == 1.0


async def test_what_was_not_saved_before_a_crash_is_still_unsaved_and_gets_the_same_row_again(
    store: Store, reopened: Reopened
) -> None:
    registry = Registry()
    registry.add_device(INCOMER, [VOLTAGE])
    await save(store, registry)
    registry.add_device(DeviceInfo("demo", "feeder_1"), [VOLTAGE])
    again = await loaded(reopened)
    assert again.device("demo/feeder_1") is None
    assert again.add_device(DeviceInfo("demo", "feeder_1"), [VOLTAGE])["voltage_l1"].row == 1
    assert [info.key for _, info in again.unsaved().devices] == ["feeder_1"]


async def test_a_save_repeated_after_its_answer_was_lost_changes_nothing(store: Store, reopened: Reopened) -> None:
    registry = Registry()
    registry.add_device(INCOMER, [VOLTAGE, ENERGY])
    registry.code("PD194Z")
    await store.save_registry(registry.unsaved())
    await save(store, registry)
    again = await loaded(reopened)
    assert len(again) == 2
    assert again.text(0) == "PD194Z"


async def test_texts_keep_their_codes_whatever_bytes_a_meter_sends(store: Store, reopened: Reopened) -> None:
    registry = Registry()
    texts = ["", "PD194Z-9TY", "电表 ⚡", "with \x00 NUL", "half \ud800 pair", 'quote " and \\']
    for each in texts:
        registry.code(each)
    await save(store, registry)
    registry.code("later")
    await save(store, registry)
    again = await loaded(reopened)
    assert [again.text(code) for code in range(len(texts) + 1)] == [*texts, "later"]


async def test_two_tenants_keep_their_devices_apart(store: Store, reopened: Reopened) -> None:
    registry = Registry()
    registry.add_device(replace(INCOMER, project="north", tenant="acme"), [VOLTAGE])
    registry.add_device(replace(INCOMER, project="south", tenant="bolt"), [VOLTAGE])
    await save(store, registry)
    again = await loaded(reopened)
    assert again.device("north/incomer_1") == replace(INCOMER, project="north", tenant="acme")
    assert again.device("south/incomer_1") == replace(INCOMER, project="south", tenant="bolt")
    async with store.read() as connection:
        owners = await connection.execute(select(tables.entities.c.project, tables.entities.c.tenant))
        assert sorted(owners.all()) == [("north", "acme"), ("south", "bolt")]


async def test_a_project_that_changes_hands_takes_all_its_rows_along(store: Store) -> None:
    registry = Registry()
    registry.add_device(INCOMER, [VOLTAGE, ENERGY])
    registry.add_device(replace(INCOMER, key="retired_1"), [VOLTAGE])
    await save(store, registry)
    registry.add_device(replace(INCOMER, tenant="bolt"), [VOLTAGE, ENERGY])
    await save(store, registry)
    async with store.read() as connection:
        for table in (tables.projects, tables.devices, tables.entities):
            tenants = await connection.execute(select(table.c.tenant).distinct())
            assert tenants.all() == [("bolt",)], table.name


async def test_every_row_of_every_table_carries_tenant_and_project(store: Store) -> None:
    async with store.read() as connection:
        for table in tables.metadata.tables.values():
            assert (await connection.execute(text(f"SELECT tenant, project FROM {table.name}"))).all() == []


async def test_ten_thousand_entities_come_back_as_they_were(store: Store, reopened: Reopened) -> None:
    registry = Registry()
    points = [replace(ENERGY, key=f"point_{n}") for n in range(50)]
    for n in range(200):
        registry.add_device(replace(INCOMER, key=f"meter_{n}"), points)
    await save(store, registry)
    again = await loaded(reopened)
    assert len(again) == 10_000
    assert all(again.at_row(row) == registry.at_row(row) for row in range(10_000))


async def test_an_entity_of_a_device_nobody_saved_is_refused_and_nothing_of_the_save_is_kept(
    store: Store, reopened: Reopened
) -> None:
    registry = Registry()
    registry.add_device(INCOMER, [VOLTAGE])
    registry.code("text")
    unsaved = registry.unsaved()
    with pytest.raises(StoreError):
        await store.save_registry(replace(unsaved, devices=[]))
    again = await loaded(reopened)
    assert len(again) == 0
    assert again.text(0) == ""
