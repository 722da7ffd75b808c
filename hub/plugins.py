"""Installed plugins: found by entry point, each loaded on its own, so that a broken one is listed and the rest run."""

from __future__ import annotations

import importlib.metadata
import logging
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, PackageMetadata
from importlib.resources.abc import Traversable
from typing import Any

import pluggy

from hub import hookspecs
from hub.core.errors import PluginError
from hub.sdk import Integration, ProfileFolder

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Installed:
    """One plugin as the Integrations page lists it; `error` is empty when it loaded, `trace` says where it failed."""

    name: str
    distribution: str = ""
    version: str = ""
    summary: str = ""
    licence: str = ""
    integrations: list[str] = field(default_factory=list)
    error: str = ""
    trace: str = ""


class Plugins:
    """What the installed plugins bring: integrations by key, profiles by protocol, commands for the console."""

    def __init__(self, hooks: pluggy.PluginManager, installed: list[Installed]) -> None:
        self.installed = installed
        self.integrations: dict[str, Integration] = {}
        self._folders: list[ProfileFolder] = []
        self._hooks = hooks
        for entry in installed:
            plugin = hooks.get_plugin(entry.name)
            if plugin is not None:
                self._collect(entry, plugin)

    def profiles(self, protocol: str) -> Mapping[str, Traversable]:
        """YAML profiles for `protocol` by full name, such as `acme/pm5`."""
        return {
            f"{folder.prefix}/{file.name.removesuffix('.yaml')}": file
            for folder in self._folders
            if folder.protocol == protocol
            for file in sorted(folder.folder.iterdir(), key=lambda file: file.name)
            if file.name.endswith(".yaml")
        }

    def add_commands(self, cli: Any) -> None:
        """Let every plugin add its commands to the console, a `typer.Typer`."""
        for entry in self.installed:
            self._call(entry, "hub_commands", cli=cli)

    def _collect(self, entry: Installed, plugin: object) -> None:
        for integration in self._call(entry, "hub_integrations"):
            if not isinstance(integration, Integration):
                _fail(entry, PluginError(f"hub_integrations returned {integration!r}, expected hub.sdk.Integration"))
            elif integration.name in self.integrations:
                _fail(entry, PluginError(f"integration {integration.name} is brought by another plugin already"))
            else:
                self.integrations[integration.name] = integration
                entry.integrations.append(integration.name)
        self._folders += [folder for folder in self._call(entry, "hub_profiles") if isinstance(folder, ProfileFolder)]

    def _call(self, entry: Installed, hook: str, **arguments: Any) -> Iterable[Any]:
        plugin = self._hooks.get_plugin(entry.name)
        caller = self._hooks.subset_hook_caller(
            hook, [other for other in self._hooks.get_plugins() if other is not plugin]
        )
        try:
            return [item for answer in caller(**arguments) if answer is not None for item in answer]
        except Exception as error:  # noqa: BLE001 - a stranger's hook may fail in any way it likes
            _fail(entry, error)
            return []


def load_plugins(entry_points: Iterable[EntryPoint] | None = None) -> Plugins:
    """Load every plugin of the entry-point group `kwhub`, or those given.

    Nothing a plugin does stops the others: its fault is in its `Installed.error`.
    """
    hooks = pluggy.PluginManager(hookspecs.PROJECT)
    hooks.add_hookspecs(hookspecs)
    found = importlib.metadata.entry_points(group=hookspecs.PROJECT) if entry_points is None else entry_points
    return Plugins(hooks, [_load(hooks, point) for point in sorted(found, key=lambda point: point.name)])


def _load(hooks: pluggy.PluginManager, point: EntryPoint) -> Installed:
    entry = Installed(point.name)
    if point.dist is not None:
        about = point.dist.metadata
        entry.distribution, entry.version = point.dist.name, point.dist.version
        entry.summary, entry.licence = _header(about, "Summary"), _header(about, "License-Expression")
    try:
        hooks.register(point.load(), name=point.name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's module may do anything at import
        hooks.set_blocked(point.name)
        _fail(entry, error)
    return entry


def _header(about: PackageMetadata, name: str) -> str:
    return about[name] if name in about else ""  # noqa: SIM401 - a message header has no typed `get` in 3.11


def _fail(entry: Installed, error: BaseException) -> None:
    entry.error = f"{type(error).__name__}: {error}"
    entry.trace = "".join(traceback.format_exception(error))
    log.error("plugin %s cannot be used: %s", entry.name, entry.error, exc_info=error)
