"""A small plant's integrations: one for meters on lines, one for a single device, one with faults of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest
import voluptuous as vol

from hub.config import Configuration, load
from hub.sdk import DEVICE, Config, Context, HubError, Integration

METER = {
    **DEVICE,
    vol.Required("profile"): str,
    vol.Required("unit_id"): vol.All(int, vol.Range(1, 247)),
    vol.Optional("ratio"): {
        vol.Optional("pt", default=1): vol.Any(int, float),
        vol.Optional("ct", default=1): vol.Any(int, float),
    },
    vol.Optional("write", default=list): [str],
    vol.Optional("scan", default=dict): {str: vol.All(vol.Any(int, float), vol.Range(min=0.1))},
    vol.Optional("window"): str,
}

LINE = vol.Schema(
    {
        vol.Exclusive("serial", "link"): {
            vol.Required("port"): str,
            vol.Optional("baudrate", default=9600): vol.In((1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)),
            vol.Optional("parity", default="none"): vol.In(("none", "even", "odd")),
        },
        vol.Exclusive("tcp", "link"): {
            vol.Required("host"): str,
            vol.Optional("port", default=502): vol.All(int, vol.Range(1, 65535)),
            vol.Optional("framing", default="tcp"): vol.Any("tcp", "rtu", "ascii"),
            vol.Optional("keep_alive", default=True): bool,
            vol.Optional("password"): str,
        },
        vol.Required("devices"): [METER],
    }
)

BOX = vol.Schema({**DEVICE, vol.Required("host"): str, vol.Optional("interval", default=1): vol.Any(int, float)})

PROFILES = {
    "modbus": {name: Path(name) for name in ("sfere/sfere720", "sfere/pd194z_9ty", "sfere/pd194e_9s4", "acme/pm5")}
}


def one_unit_id_each(config: Config, profiles: Mapping[str, Traversable]) -> None:
    seen: dict[int, str] = {}
    for n, meter in enumerate(config["devices"]):
        unit_id = meter["unit_id"]
        if unit_id in seen:
            raise vol.Invalid(f"unit {unit_id} is {seen[unit_id]} already", path=["devices", n, "unit_id"])
        seen[unit_id] = meter["device"]


def moody(value: object) -> object:
    if value == "plug-in error":
        raise KeyError("a fault of the plugin")
    return value


def moody_check(config: Config, profiles: Mapping[str, Traversable]) -> None:
    if config["mood"] == "hub error":
        raise HubError("the profile contradicts itself")
    if config["mood"] == "check error":
        raise AttributeError("a fault of the plugin")


async def never(context: Context, config: Config) -> None:
    raise AssertionError("reading a configuration runs nothing")


INTEGRATIONS = {
    "modbus": Integration("modbus", LINE, never, check=one_unit_id_each),
    "acme_box": Integration("acme_box", BOX, never),
    "moody": Integration("moody", vol.Schema({"mood": moody}), never, check=moody_check),
}

Plant = Callable[[dict[str, str]], Path]
Read = Callable[[Path], Configuration]


def read_with_these(hub_yaml: Path) -> Configuration:
    return load(hub_yaml, INTEGRATIONS, lambda name: PROFILES.get(name, {}))


@pytest.fixture
def read() -> Read:
    """Reads a configuration with the integrations and profiles of this file."""
    return read_with_these


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Writes files of a configuration by name and text; the path of hub.yaml comes out."""

    def write(files: dict[str, str]) -> Path:
        for name, text in {"hub.yaml": "{}", **files}.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path / "hub.yaml"

    return write
