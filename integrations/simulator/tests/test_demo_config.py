"""config/ reads the demo plant: the same meters at the same places, asked no more often than the wire can bear."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hub_modbus.plan import Ground, plan
from hub_modbus.profile import load_profile
from hub_modbus.wire import Framing, Wire
from hub_simulator.description import Description

from hub.sdk import KEY

CONFIG = Path(__file__).parents[3] / "config"

Files = Mapping[str, Traversable]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((CONFIG / "demo.yaml").read_text(encoding="utf-8"))
    return content


def lines(project: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["id"]: entry for entry in project["integrations"]["modbus"]}


def test_the_configuration_names_every_meter_of_the_plant_as_it_is(project: dict[str, Any], demo: Description) -> None:
    configured = {
        device["device"]: (line, device["unit_id"], device["profile"])
        for line, entry in lines(project).items()
        for device in entry["devices"]
    }
    assert configured == {meter.device: (meter.line, meter.unit_id, meter.profile) for meter in demo.meters}


def test_the_lines_are_where_the_simulator_puts_them(project: dict[str, Any], demo: Description) -> None:
    [plant] = project["integrations"]["simulator"]
    for line in demo.lines:
        entry = lines(project)[line.key]
        if line.port is None:
            assert entry["serial"]["port"] == f"{plant['folder']}/{line.key}"
            assert entry["serial"]["baudrate"] == line.baudrate
        else:
            assert entry["tcp"]["port"] == line.port == plant["ports"][line.key]


def test_names_are_in_both_languages_and_areas_exist(project: dict[str, Any]) -> None:
    assert len(project["areas"]) >= 12
    for key, area in project["areas"].items():
        assert KEY.fullmatch(key)
        assert set(area["name"]) == {"en", "zh"}
        assert area.get("parent", "site") in project["areas"]
    for entry in lines(project).values():
        for device in entry["devices"]:
            assert set(device["name"]) == {"en", "zh"}
            assert device["area"] in project["areas"]


def test_every_medium_has_its_main_meters(project: dict[str, Any], profiles: Files) -> None:
    media = {
        device["device"]: device.get("medium", load_profile(device["profile"], profiles).medium)
        for entry in lines(project).values()
        for device in entry["devices"]
    }
    assert set(project["main_meters"]) == set(media.values())
    for medium, meters in project["main_meters"].items():
        assert all(media[meter] == medium for meter in meters)


def test_every_line_has_time_for_what_is_asked_of_it(project: dict[str, Any], profiles: Files) -> None:
    for name, entry in lines(project).items():
        serial = entry.get("serial")
        wire = Wire(Framing.RTU, serial["baudrate"]) if serial else Wire.network(Framing.TCP)
        load, cycle = 0.0, 0.0
        for device in entry["devices"]:
            costs = cost_of_classes(device, wire, profiles)
            load += sum(cost / seconds for cost, seconds in costs.values())
            cycle += costs["fast"][0]
        assert load < 0.8, f"{name} would be busy {load:.0%} of the time"
        assert cycle < 0.8 * min(device["scan"]["fast"] for device in entry["devices"]), name
        print(f"{name}: fast cycle {cycle:.2f} s, line busy {load:.0%}")  # noqa: T201 - shown by pytest -s


def cost_of_classes(device: dict[str, Any], wire: Wire, profiles: Files) -> dict[str, tuple[float, float]]:
    """Seconds on the wire and interval of every scan class of a device, by the driver's own planner."""
    profile = load_profile(device["profile"], profiles, {"scan": device["scan"]})
    ground = Ground(profile.modbus, tuple(profile.points.values()))
    costs = {}
    for scan, seconds in profile.scan.items():
        points = [point for point in profile.points.values() if point.scan == scan]
        turnaround = profile.modbus.turnaround_ms / 1000
        blocks = plan(points, ground, wire)
        costs[scan] = (sum(wire.read(block.function, block.count, turnaround) for block in blocks), seconds)
    return costs
