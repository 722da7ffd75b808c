"""A project file: its head, its tree of areas, its main meters."""

from __future__ import annotations

from typing import Any

import voluptuous as vol

from hub.config.document import Document
from hub.config.model import Area
from hub.config.place import MISSING, nearest
from hub.config.validate import check_key, checked, members
from hub.config.words import KEY_TEXT, LABEL, zone

HEAD = vol.Schema(
    {
        vol.Required("project"): KEY_TEXT,
        vol.Optional("tenant", default="default"): KEY_TEXT,
        vol.Optional("name", default=""): LABEL,
        vol.Required("zone"): vol.All(str, zone),
        vol.Optional("phases", default="cn"): vol.In(("cn", "iec")),
        vol.Optional("breakers", default="cn"): vol.In(("cn", "hp")),
        vol.Optional("areas"): object,
        vol.Optional("main_meters"): object,
        vol.Optional("integrations"): object,
    }
)
"""Every key of a project file; the last three are looked at piece by piece."""

_ESSENTIAL = {(), ("project",), ("tenant",), ("name",), ("zone",), ("phases",), ("breakers",)}
"""Where a fault leaves nothing to run."""

AREA = vol.Schema({vol.Optional("name", default=""): LABEL, vol.Optional("parent", default=""): str})
MAIN_METERS = vol.Schema([KEY_TEXT])


def head_of(document: Document) -> dict[str, Any] | None:
    """The project's own keys with defaults filled in; None when one of them is wrong, which is told."""
    if document.value is MISSING:
        return None
    checked(document, (), HEAD, document.value)
    if not isinstance(document.value, dict) or any(fault.keys[:1] in _ESSENTIAL for fault in document.faults):
        return None
    head = HEAD({key: value for key, value in document.value.items() if (key,) in _ESSENTIAL})
    return {**head, "name": head["name"] or head["project"]}


def areas_of(document: Document) -> dict[str, Area]:
    """The areas that are sound; a wrong parent is told, and the area stands at the top."""
    areas: dict[str, Area] = {}
    for keys, value in members(document, ("areas",)):
        check_key(document, keys)
        area = checked(document, keys, AREA, {} if value is None else value)
        if area is not MISSING:
            areas[str(keys[-1])] = Area(str(keys[-1]), area["name"], area["parent"])
    written = document.at(("areas",))
    for key, area in areas.items():
        message = _wrong_parent(areas, key, written)
        if message:
            document.refuse(("areas", key, "parent"), message)
        if area.parent not in areas or message:
            areas[key] = Area(key, area.name)
    return areas


def main_meters_of(document: Document, devices: set[str]) -> dict[str, list[str]]:
    """Device keys by medium; one that is not among `devices` is told and left out, unless `devices` is empty."""
    meters: dict[str, list[str]] = {}
    for keys, value in members(document, ("main_meters",)):
        check_key(document, keys)
        named = checked(document, keys, MAIN_METERS, value)
        if named is MISSING:
            continue
        for n, device in enumerate(named):
            if devices and device not in devices:
                document.refuse((*keys, n), f"no device '{device}' in this project{nearest(device, devices)}")
            else:
                meters.setdefault(str(keys[-1]), []).append(device)
    return meters


def _wrong_parent(areas: dict[str, Area], key: str, written: dict[str, Any]) -> str:
    """What is wrong with the parent of an area, empty when nothing is."""
    parent = areas[key].parent
    if not parent:
        return ""
    if parent not in written:
        return f"unknown area '{parent}'{nearest(parent, set(map(str, written)) - {key})}"
    seen = {key}
    while parent in areas:
        if parent in seen:
            return f"area '{key}' would stand in itself"
        seen.add(parent)
        parent = areas[parent].parent
    return ""
