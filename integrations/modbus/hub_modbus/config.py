"""One entry in a project file: a line and the devices on it, checked as far as it goes without asking them."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from typing import Any

import voluptuous as vol

from hub.sdk import DEVICE, Config, ProfileError
from hub_modbus.expand import expand
from hub_modbus.layers import find, nearest
from hub_modbus.ports import SerialSettings, Settings, TcpSettings
from hub_modbus.profile import Profile, load_profile
from hub_modbus.schema import MODBUS, POINT, RATIO, SCAN, or_null, whole
from hub_modbus.wire import Framing

PARITIES = ("none", "even", "odd")
BAUDRATES = (300, 600, 1200, 2400, 4800, 9600, 14400, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
OVERRIDES = ("modbus", "ratio", "scan", "points")

_SERIAL = {
    vol.Required("port"): vol.All(str, vol.Length(min=1, msg="expected a port such as /dev/ttyUSB0")),
    vol.Optional("baudrate", default=9600): vol.In(BAUDRATES, msg=f"expected one of {BAUDRATES}"),
    vol.Optional("parity", default="none"): vol.In(PARITIES, msg=f"expected one of {PARITIES}"),
    vol.Optional("stop_bits", default=1): vol.In((1, 2), msg="expected 1 or 2"),
    vol.Optional("data_bits", default=8): vol.In((7, 8), msg="expected 7 or 8"),
    vol.Optional("framing", default="rtu"): vol.In(("rtu", "ascii"), msg="expected rtu or ascii"),
}

_TCP = {
    vol.Required("host"): vol.All(str, vol.Length(min=1, msg="expected a name or an address")),
    vol.Optional("port", default=502): whole(1, 65535),
    vol.Optional("framing", default="tcp"): vol.In(("tcp", "rtu", "ascii"), msg="expected tcp, rtu or ascii"),
    vol.Optional("timeout_ms", default=1000): whole(10, 60_000),
}

_DEVICE = {
    **{key: check for key, check in DEVICE.items() if key != "medium"},
    vol.Optional("medium"): str,
    vol.Required("profile"): str,
    vol.Required("unit_id"): whole(0, 255),
    vol.Optional("modbus", default={}): MODBUS,
    vol.Optional("ratio", default={}): RATIO,
    vol.Optional("scan", default={}): SCAN,
    vol.Optional("points", default={}): {str: or_null(POINT)},
    vol.Optional("write", default=[]): [str],
    vol.Optional("cache_ratio_s", default=3600): vol.All(whole(1, 86_400)),
}


def _one_line(config: Config) -> Config:
    if ("serial" in config) == ("tcp" in config):
        raise vol.Invalid("expected either serial: {port: ...} or tcp: {host: ...}")
    for index, device in enumerate(config["devices"]):
        if "serial" in config and not 1 <= device["unit_id"] <= 247:
            raise vol.Invalid(
                f"expected 1 to 247 on a serial line, found {device['unit_id']}: "
                "0 is for broadcasts, and some meters answer to 0 and 255 whatever their own address",
                ["devices", index, "unit_id"],
            )
    return config


SCHEMA = vol.Schema(
    vol.All(
        {
            vol.Optional("serial"): _SERIAL,
            vol.Optional("tcp"): _TCP,
            vol.Required("devices"): vol.All([_DEVICE], vol.Length(min=1, msg="expected at least one device")),
        },
        _one_line,
    )
)


def line_settings(config: Config) -> Settings:
    """How the entry's line is opened."""
    if "serial" in config:
        given = config["serial"]
        return SerialSettings(**{**given, "framing": Framing(given["framing"])})
    given = config["tcp"]
    return TcpSettings(**{**given, "framing": Framing(given["framing"])})


def device_profiles(config: Config, profiles: Mapping[str, Traversable]) -> Iterator[Profile]:
    """The profile of each device with the device's own overrides; devices that say nothing of their own share one."""
    plain: dict[str, Profile] = {}
    for device in config["devices"]:
        name = device["profile"]
        overrides = {key: device[key] for key in OVERRIDES if device[key]}
        if not overrides and name in plain:
            yield plain[name]
        else:
            profile = load_profile(name, profiles, overrides)
            if not overrides:
                plain[name] = profile
            yield profile


def check(config: Config, profiles: Mapping[str, Traversable]) -> None:
    """Look for what the schema cannot see. Raises vol.MultipleInvalid with the path of each fault."""
    faults = list(_same_units(config))
    loaded: dict[str, Profile] = {}
    for index, device in enumerate(config["devices"]):
        place = ["devices", index]
        try:
            find(device["profile"], profiles)
        except ProfileError as error:
            faults.append(vol.Invalid(str(error), [*place, "profile"]))
            continue
        try:
            if device["profile"] not in loaded:
                loaded[device["profile"]] = load_profile(device["profile"], profiles)
            faults += [vol.Invalid(text, [*place, *path]) for path, text in _misfits(device, loaded[device["profile"]])]
        except ProfileError as error:
            faults.append(vol.Invalid(str(error), [*place, "profile"]))
    if not faults:
        faults += _unloadable(config, profiles)
    if faults:
        raise vol.MultipleInvalid(faults)


def _same_units(config: Config) -> Iterator[vol.Invalid]:
    owner: dict[int, str] = {}
    for index, device in enumerate(config["devices"]):
        unit = device["unit_id"]
        if unit in owner:
            yield vol.Invalid(f"unit_id {unit} belongs to {owner[unit]} already", ["devices", index, "unit_id"])
        owner.setdefault(unit, device["device"])


def _misfits(device: Config, profile: Profile) -> Iterator[tuple[list[Any], str]]:
    yield from _unknown_points(device, profile)
    for number, name in enumerate(device["write"]):
        if name not in profile.points:
            yield ["write", number], f"{profile.name} has no point {name}; {nearest(name, profile.points)}"
        elif profile.points[name].write is None and not (device["points"].get(name) or {}).get("write"):
            yield ["write", number], f"{profile.name} does not declare how {name} is written: it is read only"
    for name in device["scan"]:
        if name not in profile.scan and not any((own or {}).get("scan") == name for own in device["points"].values()):
            near = difflib.get_close_matches(name, profile.scan, n=1) or list(profile.scan)
            yield ["scan", name], f"no such scan class; {profile.name} has {', '.join(near)}"
    if device["ratio"] and _is_primary(device, profile):
        yield ["ratio"], f"{profile.name} gives primary values already: a ratio would be applied twice; remove it"


def _is_primary(device: Config, profile: Profile) -> bool:
    stays_none = profile.ratio.mode == "none" and "mode" not in device["ratio"]
    return stays_none or all(point.ratio == "none" for point in profile.points.values())


def _unknown_points(device: Config, profile: Profile) -> Iterator[tuple[list[Any], str]]:
    for pattern, fields in device["points"].items():
        try:
            names = expand(pattern)
        except ValueError as error:
            yield ["points", pattern], str(error)
            continue
        for name in names:
            if not fnmatch.filter(profile.points, name) and not (fields and "address" in fields):
                yield ["points", pattern], f"{profile.name} has no point {name}; {nearest(name, profile.points)}"


def _unloadable(config: Config, profiles: Mapping[str, Traversable]) -> list[vol.Invalid]:
    faults = []
    for index, device in enumerate(config["devices"]):
        try:
            load_profile(device["profile"], profiles, {key: device[key] for key in OVERRIDES})
        except ProfileError as error:
            faults.append(vol.Invalid(str(error), ["devices", index]))
    return faults
