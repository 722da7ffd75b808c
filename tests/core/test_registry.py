"""Identity through restarts, renames and reconfiguration."""

from __future__ import annotations

import pytest

from hub.core.errors import HubError, UnknownEntity
from hub.core.model import DeviceInfo, Kind, Point
from hub.core.registry import Registry

VOLTAGE, POWER = Point("voltage_l1", unit="V"), Point("active_power", unit="kW")


def device(key: str, **details: str) -> DeviceInfo:
    return DeviceInfo("demo", key, **details)


def restarted(registry: Registry) -> Registry:
    """What a new process knows after the database kept everything unsaved."""
    again = Registry()
    unsaved = registry.unsaved()
    numbers = dict(unsaved.devices)
    again.restore(
        unsaved.devices,
        [(entity.row, numbers[number].id, entity.point) for number, entity in unsaved.entities],
        unsaved.texts,
    )
    return again


def test_entities_get_rows_in_order_and_keep_them() -> None:
    registry = Registry()
    first = registry.add_device(device("incomer_1"), [VOLTAGE, POWER])
    second = registry.add_device(device("incomer_2"), [VOLTAGE])
    assert [first["voltage_l1"].row, first["active_power"].row, second["voltage_l1"].row] == [0, 1, 2]
    assert registry.add_device(device("incomer_1"), [POWER, VOLTAGE])["voltage_l1"].row == 0
    assert registry.entity("demo/incomer_1.active_power").row == 1


def test_rows_survive_a_restart_and_new_points_get_new_rows() -> None:
    registry = Registry()
    registry.add_device(device("incomer_1"), [VOLTAGE])
    registry.add_device(device("incomer_2"), [VOLTAGE])
    again = restarted(registry)
    entities = again.add_device(device("incomer_2"), [POWER, VOLTAGE])
    assert entities["voltage_l1"].row == 1
    assert entities["active_power"].row == 2


def test_a_renamed_device_keeps_its_rows_before_and_after_a_restart() -> None:
    registry = Registry()
    registry.add_device(device("incomer_1"), [VOLTAGE])
    registry.rename_device("demo", "incomer_1", "main_incomer")
    assert registry.entity("demo/main_incomer.voltage_l1").row == 0
    with pytest.raises(UnknownEntity, match=r"no such entity: demo/incomer_1\.voltage_l1"):
        registry.entity("demo/incomer_1.voltage_l1")
    again = restarted(registry)
    assert again.add_device(device("main_incomer"), [VOLTAGE])["voltage_l1"].row == 0
    assert again.add_device(device("incomer_1"), [VOLTAGE])["voltage_l1"].row == 1


def test_a_rename_onto_a_known_device_is_refused() -> None:
    registry = Registry()
    registry.add_device(device("incomer_1"), [VOLTAGE])
    registry.add_device(device("incomer_2"), [VOLTAGE])
    with pytest.raises(HubError, match="exists already"):
        registry.rename_device("demo", "incomer_1", "incomer_2")
    with pytest.raises(HubError, match="no device demo/incomer_9"):
        registry.rename_device("demo", "incomer_9", "incomer_3")


def test_a_retired_device_is_no_longer_listed_but_its_history_can_be_found() -> None:
    registry = Registry()
    registry.add_device(device("incomer_1"), [VOLTAGE])
    registry.retire("demo/incomer_1")
    assert list(registry.devices()) == []
    assert registry.entity("demo/incomer_1.voltage_l1").row == 0


def test_only_what_changed_is_unsaved() -> None:
    registry = Registry()
    registry.add_device(device("incomer_1"), [VOLTAGE])
    registry.code("PD194Z")
    first = registry.unsaved()
    assert (len(first.devices), len(first.entities), first.texts) == (1, 1, [(0, "PD194Z")])
    registry.saved(first)
    assert not registry.unsaved()
    registry.add_device(device("incomer_1", area="substation"), [VOLTAGE])
    assert [info.area for _, info in registry.unsaved().devices] == ["substation"]
    assert registry.unsaved().entities == []


def test_what_changes_while_it_is_saved_is_saved_again() -> None:
    registry = Registry()
    registry.add_device(device("incomer_1"), [VOLTAGE])
    under_way = registry.unsaved()
    registry.add_device(device("incomer_1", area="press_shop"), [Point("voltage_l1", unit="kV")])
    registry.code("late text")
    registry.saved(under_way)
    rest = registry.unsaved()
    assert [info.area for _, info in rest.devices] == ["press_shop"]
    assert [entity.point.unit for _, entity in rest.entities] == ["kV"]
    assert rest.texts == [(0, "late text")]


def test_texts_are_numbers_in_columns() -> None:
    registry = Registry()
    assert [registry.code("on"), registry.code("off"), registry.code("on")] == [0, 1, 0]
    assert registry.text(1.0) == "off"
    assert registry.text(99) == ""
    assert registry.text(float("nan")) == ""


def test_entities_are_found_by_pattern() -> None:
    registry = Registry()
    registry.add_device(device("incomer_1"), [VOLTAGE, POWER])
    registry.add_device(device("feeder_1"), [POWER])
    assert [entity.id for entity in registry.find("demo/*.active_power")] == [
        "demo/feeder_1.active_power",
        "demo/incomer_1.active_power",
    ]


def test_a_point_declared_twice_and_a_bad_key_are_refused() -> None:
    registry = Registry()
    with pytest.raises(HubError, match="declared twice"):
        registry.add_device(device("incomer_1"), [VOLTAGE, VOLTAGE])
    with pytest.raises(ValueError, match="lower snake"):
        Point("Voltage L1")
    with pytest.raises(ValueError, match="lower snake"):
        device("Incomer 1")
    with pytest.raises(ValueError, match="must not be negative"):
        Point("voltage", kind=Kind.MEASUREMENT, deadband=-1)
