"""Points told apart by their keys and units."""

from __future__ import annotations

import pytest

from hub.core.model import DeviceInfo, Entity, Kind, Point
from hub.web.points import Parts, parts, roles


def device(*points: Point) -> dict[str, Entity]:
    info = DeviceInfo("demo", "meter")
    return {point.key: Entity(row, info, point) for row, point in enumerate(points)}


def counter(key: str, unit: str = "kWh") -> Point:
    return Point(key, unit, Kind.COUNTER)


def keys(entities: tuple[Entity, ...]) -> list[str]:
    return [entity.point.key for entity in entities]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("voltage_l1", Parts("voltage", "l1")),
        ("voltage_l1_l2", Parts("voltage", "l1_l2")),
        ("current_n", Parts("current", "n")),
        ("active_power", Parts("active_power")),
        ("active_energy_import_t1", Parts("active_energy_import", tariff=1)),
        ("harmonic_current_l1_5", Parts("harmonic_current", "l1", order=5)),
        ("max_demand_active_power", Parts("max_demand_active_power")),
        ("voltage_l2_max", Parts("voltage", "l2", extreme="max")),
        ("min_voltage_l2", Parts("voltage", "l2", extreme="min")),
        ("active_power_c3", Parts("active_power", circuit=3)),
        ("active_power_circuit_12", Parts("active_power", circuit=12)),
        ("voltage_circuit_2_l1", Parts("voltage", "l1", circuit=2)),
        ("active_power_c3_l2", Parts("active_power", "l2", circuit=3)),
        ("relay_1", Parts("relay", index=1)),
        ("thd_voltage_l3", Parts("thd_voltage", "l3")),
        ("active_energy_import_month_2_t4", Parts("active_energy_import", tariff=4, index=2, rest="month")),
        ("oil_level", Parts("", rest="oil_level")),
    ],
)
def test_a_key_is_taken_apart(key: str, expected: Parts) -> None:
    assert parts(key) == expected


def test_a_three_phase_meter_has_one_power_and_one_counter() -> None:
    found = roles(
        device(
            Point("active_power_l1", "kW"),
            Point("active_power", "kW"),
            Point("current_l1", "A"),
            Point("current_l2", "A"),
            Point("current_n", "A"),
            Point("power_factor_l1"),
            Point("power_factor"),
            counter("active_energy_import_t1"),
            counter("active_energy_import"),
        )
    )
    assert keys(found.power) == ["active_power"]
    assert keys(found.counter) == ["active_energy_import"]
    assert keys(found.currents) == ["current_l1", "current_l2"]
    assert keys(found.power_factor) == ["power_factor"]


def test_the_circuits_of_a_multi_loop_meter_are_summed() -> None:
    found = roles(
        device(
            Point("active_power_c1", "kW"),
            Point("active_power_c2", "kW"),
            Point("active_power_c1_l1", "kW"),
            counter("active_energy_import_c1"),
            counter("active_energy_import_c2"),
        )
    )
    assert keys(found.power) == ["active_power_c1", "active_power_c2"]
    assert keys(found.counter) == ["active_energy_import_c1", "active_energy_import_c2"]


def test_a_gas_meter_is_known_by_its_units() -> None:
    found = roles(device(Point("temperature", "°C"), Point("gas_rate", "Nm³/h"), counter("corrected", "Nm³")))
    assert keys(found.power) == ["gas_rate"]
    assert keys(found.counter) == ["corrected"]


def test_tariff_registers_stand_for_a_total_that_is_not_there() -> None:
    found = roles(device(*(counter(f"active_energy_import_t{t}") for t in (1, 2, 3, 4))))
    assert len(found.counter) == 4


def test_a_reactive_counter_is_no_consumption() -> None:
    assert roles(device(counter("reactive_energy_import", "kvarh"))).counter == ()
