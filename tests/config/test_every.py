"""No mistake hides another."""

from __future__ import annotations

from typing import Any

import pytest
import voluptuous as vol

from hub.config.every import errors_of, keys_of

POINT = {vol.Required("key"): str, vol.Optional("unit"): str}
METER = {vol.Required("unit_id"): vol.All(int, vol.Range(1, 9)), vol.Optional("points"): [vol.Any(POINT, int)]}
SCHEMA = vol.Schema(
    {
        vol.Required("devices"): vol.All([METER], vol.Length(min=1)),
        vol.Optional("others"): [int],
        vol.Exclusive("serial", "link"): {"port": str},
        vol.Exclusive("tcp", "link"): {"host": str},
    }
)
GOOD = {"unit_id": 1}


BAD = {"unit_id": 0}
BAD_POINTS = [{}, {"key": "a"}, {"key": "b", "unit": 2}, 5, "x"]


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ({"devices": [GOOD]}, ""),
        ({"devices": []}, "devices"),
        ({"devices": [BAD, GOOD, BAD, {"unit_id": "1"}]}, "devices.0.unit_id devices.2.unit_id devices.3.unit_id"),
        ({"devices": ["a", BAD, "b", GOOD, "c"]}, "devices.0 devices.1.unit_id devices.2 devices.4"),
        ({"devices": ["a", "b", "c"]}, "devices.0 devices.1 devices.2"),
        ({"devices": [BAD], "others": ["x", 1, "y"]}, "devices.0.unit_id others.0 others.2"),
        (
            {"devices": [{"unit_id": 0, "points": BAD_POINTS}, BAD]},
            "devices.0.points.0.key devices.0.points.2.unit devices.0.points.4 devices.0.unit_id devices.1.unit_id",
        ),
        (
            {"devices": [GOOD, {"unit_id": 1, "points": [{}]}, {"unit_id": 2, "points": [5, {}]}, BAD]},
            "devices.1.points.0.key devices.2.points.1.key devices.3.unit_id",
        ),
        (
            {"devices": [GOOD], "serial": {"port": 1}, "tcp": {"host": 2, "x": 3}},
            "<link> serial.port tcp.host tcp.x",
        ),
    ],
)
def test_every_mistake_is_found_once(value: dict[str, Any], paths: str) -> None:
    found = sorted(".".join(map(str, keys_of(error))) or "<link>" for error in errors_of(SCHEMA, value))
    assert found == paths.split()


def test_two_thousand_bad_items_are_all_found() -> None:
    value = {"devices": [{"unit_id": 0} if n % 2 else "text" for n in range(2000)]}
    found = errors_of(SCHEMA, value)
    assert {keys_of(error)[:2] for error in found} == {("devices", n) for n in range(2000)}
    assert len(found) == 2000


def test_the_value_is_left_as_it_was() -> None:
    value = {"devices": ["a", {"unit_id": 0}], "serial": {}, "tcp": {}}
    errors_of(SCHEMA, value)
    assert value == {"devices": ["a", {"unit_id": 0}], "serial": {}, "tcp": {}}
