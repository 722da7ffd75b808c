"""The entries of a project file: one by one, so that a bad one costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.resources.abc import Traversable
from typing import Any

import voluptuous as vol

from hub.config.document import Document
from hub.config.model import Entry, Refused
from hub.config.place import MISSING, Keys, Place, nearest
from hub.config.validate import attempt, checked, found, members
from hub.config.words import KEY_TEXT
from hub.sdk import Integration

Profiles = Callable[[str], Mapping[str, Traversable]]

_ID = vol.Schema(KEY_TEXT)


class Entries:
    """Reads the entries of one project; afterwards `entries` can run and `refused` cannot."""

    def __init__(
        self, document: Document, head: Mapping[str, Any], integrations: Mapping[str, Integration], profiles: Profiles
    ) -> None:
        self.entries: list[Entry] = []
        self.refused: list[Refused] = []
        self.devices: dict[str, Place] = {}
        self.may_find_devices = False
        self._document = document
        self._project = str(head["project"])
        self._tenant = str(head["tenant"])
        self._integrations = integrations
        self._profiles = profiles
        self._ids: dict[str, Place] = {}
        for keys, value in members(document, ("integrations",)):
            self._read_list(keys, value)

    def _read_list(self, keys: Keys, value: Any) -> None:
        """All entries of one integration."""
        document, name = self._document, str(keys[-1])
        integration = self._integrations.get(name)
        if integration is None:
            document.refuse(keys, f"no integration '{name}' is installed{nearest(name, self._integrations)}")
        elif value is not None and not isinstance(value, list) and not document.told(keys):
            document.refuse(keys, f"expected a list of entries, each beginning with '- ', found {found(value)}")
        if integration is None or not isinstance(value, list):
            self.may_find_devices = True
            self.refused.append(Refused(document.file, self._project, name if integration else ""))
            return
        for n, entry in enumerate(value):
            self._read(integration, (*keys, n), entry, alone=len(value) == 1)

    def _read(self, integration: Integration, keys: Keys, value: Any, *, alone: bool) -> None:
        """One entry, into `entries` or `refused`."""
        document, entry_id, result = self._document, "", MISSING
        if isinstance(value, dict):
            entry_id = self._id(integration.name, keys, value, alone=alone)
            result = self._checked(integration, keys, {key: each for key, each in value.items() if key != "id"})
        elif not document.told(keys):
            document.refuse(keys, f"expected a mapping, found {found(value)}")
        if result is MISSING or document.faulty(keys) or document.told(keys):
            self.refused.append(Refused(document.file, self._project, integration.name, entry_id))
            return
        place = document.place(keys)
        self.entries.append(
            Entry(self._project, self._tenant, entry_id, integration.name, dict(result), place.file, place.line)
        )

    def _checked(self, integration: Integration, keys: Keys, config: dict[str, Any]) -> Any:
        """`config` as schema and check of the integration leave it, MISSING when they refuse it."""
        self._check_devices(keys, config)
        result = checked(self._document, keys, integration.schema, config)
        profiles = self._profiles(integration.name)
        self._check_profiles(keys, config, profiles)
        if integration.check and result is not MISSING and not self._document.faulty(keys):
            attempt(self._document, keys, partial(integration.check, result, profiles), config)
        return result

    def _id(self, integration: str, keys: Keys, value: Mapping[str, Any], *, alone: bool) -> str:
        """The entry's id, its own or the integration's name; empty when it has none or a wrong one."""
        document = self._document
        written = value.get("id", MISSING)
        if written is MISSING and not alone:
            document.refuse((*keys, "id"), f"required, since there are several entries; such as id: {integration}_1")
            return ""
        entry_id = integration if written is MISSING else checked(document, (*keys, "id"), _ID, written)
        if entry_id is MISSING:
            return ""
        where = (*keys, "id") if written is not MISSING else keys
        if entry_id in self._ids:
            message = f"id '{entry_id}' is taken in this project, at {self._ids[entry_id]}: give each entry its own"
            document.refuse(where, message)
        self._ids.setdefault(entry_id, document.place(where))
        return str(entry_id)

    def _check_devices(self, keys: Keys, config: dict[str, Any]) -> None:
        """Device keys are unique in the project, and areas are known."""
        document = self._document
        devices = list(_devices(config, keys))
        self.may_find_devices = self.may_find_devices or not devices
        for path, device in devices:
            key = device.get("device")
            if isinstance(key, str):
                if key in self.devices:
                    message = (
                        f"device '{key}' is in this project already, at {self.devices[key]}: its key must be unique"
                    )
                    document.refuse((*path, "device"), message)
                self.devices.setdefault(key, document.place((*path, "device")))
            self._check_area(path, device.get("area"))

    def _check_area(self, path: Keys, area: Any) -> None:
        areas = self._document.at(("areas",))
        if not isinstance(area, str) or not area or (isinstance(areas, dict) and area in areas):
            return
        known = nearest(area, map(str, areas)) if isinstance(areas, dict) else ""
        hint = known or "; list the areas of the project under 'areas:'"
        self._document.refuse((*path, "area"), f"unknown area '{area}'{hint}")

    def _check_profiles(self, keys: Keys, config: dict[str, Any], profiles: Mapping[str, Traversable]) -> None:
        """Profiles are known, where the integration has any."""
        for path, device in _devices(config, keys):
            profile = device.get("profile")
            where = (*path, "profile")
            if profiles and isinstance(profile, str) and profile not in profiles and not self._document.told(where):
                self._document.refuse(where, f"unknown profile '{profile}'{nearest(profile, profiles)}")


def _devices(config: Mapping[str, Any], keys: Keys) -> Iterator[tuple[Keys, dict[str, Any]]]:
    """The mappings with a `device` key: the entry itself, and those anywhere below a key `devices`."""
    if "device" in config:
        yield keys, dict(config)
    yield from _below_devices(config, keys, inside=False)


def _below_devices(value: Any, keys: Keys, *, inside: bool) -> Iterator[tuple[Keys, dict[str, Any]]]:
    if inside and isinstance(value, dict) and "device" in value:
        yield keys, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from _below_devices(member, (*keys, key), inside=inside or key == "devices")
