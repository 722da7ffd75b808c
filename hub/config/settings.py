"""hub.yaml: what is chosen for the whole hub."""

from __future__ import annotations

import os.path
from dataclasses import replace
from pathlib import Path
from typing import Any

import voluptuous as vol

from hub.config.document import Document
from hub.config.model import Settings
from hub.config.place import MISSING
from hub.config.validate import checked
from hub.config.words import host, number, whole
from hub.history.settings import HistorySettings

SETTINGS = vol.Schema(
    {
        vol.Optional("data"): str,
        vol.Optional("host"): vol.All(str, host),
        vol.Optional("port"): whole(0, 65535),
        vol.Optional("database"): vol.Any(None, str),
        vol.Optional("history"): {
            vol.Optional("commit_seconds"): number(0.05, 60),
            vol.Optional("export_after_days"): whole(1, 3650),
            vol.Optional("retention_days"): whole(0, 36500),
        },
        vol.Optional("projects"): vol.Any(str, [str]),
        vol.Optional("control"): bool,
    }
)
"""Every key of hub.yaml; all have defaults."""


def settings_of(document: Document, folder: Path) -> Settings:
    """The settings in `document`; those that are wrong or absent have their defaults."""
    value = document.value if isinstance(document.value, dict) else {}
    if document.value is not MISSING:
        checked(document, (), SETTINGS, document.value)
    good = {key: each for key, each in value.items() if key in SETTINGS.schema and not document.faulty((key,))}
    chosen: dict[str, Any] = SETTINGS(good)
    settings = replace(Settings(), **{key: _typed(key, each) for key, each in chosen.items()})
    return replace(settings, data=Path(os.path.normpath(folder / chosen.get("data", "../data"))))


def _typed(key: str, value: Any) -> Any:
    if key == "history":
        return HistorySettings(**value)
    if key == "projects":
        return (value,) if isinstance(value, str) else tuple(value)
    return value
