"""Every meter of the demo plant, read by the driver's own code: two readings of one profile must agree."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from importlib.resources.abc import Traversable

import numpy as np
import pytest
from hub_modbus.plan import Ground, plan
from hub_modbus.profile import load_profile
from hub_modbus.readout import Readout
from hub_modbus.registers import Ratios
from hub_modbus.wire import Framing, Wire
from hub_simulator.counters import Count
from hub_simulator.description import Description, MeterPlace
from hub_simulator.meters import build_lines, build_meter, preset_rollovers
from hub_simulator.plant import Plant
from hub_simulator.profile import read_profile

WIRE = Wire(Framing.RTU, 9600)

Files = Mapping[str, Traversable]


def decoded(plant: Plant, place: MeterPlace, files: Files) -> dict[str, float]:
    """What the driver makes of all registers of a meter, asked for in the driver's own blocks."""
    unit = build_meter(plant, place, read_profile(place.profile, files))
    profile = load_profile(place.profile, files)
    ratios = Ratios(Fraction(str(place.pt)), Fraction(str(place.ct)))
    if profile.ratio.mode == "none":
        ratios = Ratios()
    points = [point for point in profile.points.values() if not point.is_text]
    values: dict[str, float] = {}
    for block in plan(points, Ground(profile.modbus, tuple(profile.points.values())), WIRE):
        reply = unit.answer(bytes([block.function]) + block.address.to_bytes(2, "big") + block.count.to_bytes(2, "big"))
        assert reply[0] == block.function, f"{place.device} refuses {block.words}"
        words = np.frombuffer(reply[2:], ">u2").astype(np.uint16)
        readout = Readout(block.points, block.address, ratios)
        values |= dict(zip((point.key for point in readout.points), readout.values(words).tolist(), strict=True))
    return values


def test_every_point_of_every_meter_has_a_value_of_the_plant(
    plant: Plant, profiles: Files, caplog: pytest.LogCaptureFixture
) -> None:
    lines = build_lines(plant, profiles)
    assert 60 <= sum(len(units.by_id) for units in lines.values()) <= 70
    assert not caplog.records, caplog.text


def test_all_sfere_profiles_answer_in_the_demo_plant_or_extend_one_that_does(
    demo: Description, profiles: Files
) -> None:
    used = {meter.profile for meter in demo.meters}
    families = {name for name in profiles if name.startswith("sfere/") and "pd194z_e14" not in name}
    assert families <= used
    assert {"sfere/pd194z_e14_4x3", "sfere/pd194z_e14_12x1", "sfere/pd194z_e14_6x1"} <= used


def test_the_driver_reads_what_the_plant_shows(plant: Plant, demo: Description, profiles: Files) -> None:
    plant.run_in(plant.at_ms - 40 * 60_000, plant.at_ms)
    compared = 0
    for place in demo.meters:
        unit = build_meter(plant, place, read_profile(place.profile, profiles))
        values = decoded(plant, place, profiles)
        for field in unit.registers.profile.fields:
            source = unit.registers._sources[field.key]()
            if field.key not in values or isinstance(source, str):
                continue
            true = source.value if isinstance(source, Count) else float(source or 0)
            step = float(field.scale) * float(unit.registers._ratio[field.ratio]) * 1.0001
            if field.rollover or field.modulus:
                continue
            tolerance = 2e-7 * abs(true) if field.type == "f32" else step
            low, high = (-32768 * step, 32767 * step) if field.type == "s16" else (-np.inf, np.inf)
            if low < true < high and field.key in values and not np.isnan(values[field.key]):
                assert values[field.key] == pytest.approx(true, abs=tolerance + 1e-9), f"{place.device}.{field.key}"
                compared += 1
    assert compared > 2000


def test_the_driver_finds_the_meters_consistent(plant: Plant, demo: Description, profiles: Files) -> None:
    for place in demo.meters:
        if not place.circuits or place.direct_current or len(place.circuits) > 1:
            continue
        v = decoded(plant, place, profiles)
        assert v["active_power"] ** 2 + v["reactive_power"] ** 2 == pytest.approx(
            v["apparent_power"] ** 2, rel=0.02, abs=0.05
        )
        assert abs(v["power_factor"]) <= 1.0005
        if v["apparent_power"] > 1:
            assert v["power_factor"] == pytest.approx(v["active_power"] / v["apparent_power"], abs=0.03), place.device
        if "active_power_l2" in v:
            phases = [v[f"active_power_l{phase}"] for phase in (1, 2, 3)]
            assert sum(phases) == pytest.approx(v["active_power"], rel=0.01, abs=0.5), place.device
        if "voltage_l1_l2" in v:
            assert v["voltage_l1_l2"] == pytest.approx(v["voltage_l1"] * 3**0.5, rel=0.03)


def test_counters_read_twice_differ_by_the_energy_between_to_one_count(
    plant: Plant, demo: Description, profiles: Files
) -> None:
    place = next(meter for meter in demo.meters if meter.device == "furnace_1")
    unit = build_meter(plant, place, read_profile(place.profile, profiles))
    key = "active_energy_import"
    before, amount = decoded(plant, place, profiles)[key], plant.imported.amount[plant.network.index["furnace_1"]].sum()
    plant.step(plant.at_ms + 600_000)
    after = decoded(plant, place, profiles)[key]
    grown = (plant.imported.amount[plant.network.index["furnace_1"]].sum() - amount) / 3.6e9
    assert grown > 10
    assert after - before == pytest.approx(grown, abs=unit.registers.resolution(key))
    assert unit.registers.resolution(key) == pytest.approx(0.001 * 80)


def test_a_counter_rolls_over_when_it_is_told_to(plant: Plant, demo: Description, profiles: Files) -> None:
    plant.run_in(plant.at_ms - 60_000, plant.at_ms)
    preset_rollovers(plant, profiles)
    place = next(meter for meter in demo.meters if meter.rolls_over_in)
    before = decoded(plant, place, profiles)["active_energy_import"]
    assert before > 0.99 * 2**32 * 0.001 * place.ct
    for _ in range(30):
        plant.step(plant.at_ms + 60_000)
    after = decoded(plant, place, profiles)["active_energy_import"]
    assert 0 < after < 200


def test_a_meter_that_dies_returns_by_itself(plant: Plant, demo: Description, profiles: Files) -> None:
    place = next(meter for meter in demo.meters if meter.outage)
    unit = build_meter(plant, place, read_profile(place.profile, profiles))
    states = []
    for _ in range(60):
        plant.step(plant.at_ms + 30_000)
        states.append(unit.silent())
    assert 2 <= sum(states) <= 15
    assert not all(states[-25:])


def test_tariffs_and_demand_of_a_full_map_agree_with_each_other(
    plant: Plant, demo: Description, profiles: Files
) -> None:
    plant.run_in(plant.at_ms - 3 * 3_600_000, plant.at_ms)
    v = decoded(plant, demo.meters[0], profiles)
    parts = sum(v[f"active_energy_import_t{period}"] for period in (1, 2, 3, 4))
    assert v["active_energy_import_tariffs"] == pytest.approx(parts, abs=5 * 3.0)
    assert v["max_demand_active_power"] >= v["demand_active_power"] > 500
    assert v["active_power_max"] >= v["active_power"] - 3
    assert v["clock_hour"] == 10
    assert v["voltage_unbalance"] < 2
