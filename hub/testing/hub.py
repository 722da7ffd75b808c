"""A hub for tests: real core, real supervisor, the plugins that are installed; no pages and no files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import voluptuous as vol

from hub.config import Entry
from hub.core.clock import Clock
from hub.core.core import Core
from hub.core.health import EntryHealth
from hub.core.quality import Quality
from hub.plugins import Plugins, load_plugins
from hub.sdk import Integration
from hub.supervisor import Supervisor

PROJECT = "demo"


class HubUnderTest:
    """Starts entries as the hub does and lets a test look at what they report. The project is always `demo`."""

    def __init__(self, tmp_path: Path, clock: Clock | None = None, plugins: Plugins | None = None) -> None:
        self.core = Core(clock)
        self.plugins = plugins or load_plugins()
        self.supervisor = Supervisor(self.core, self.plugins)
        self.tmp_path = tmp_path

    def add_integration(self, integration: Integration) -> None:
        """Make an integration known that no installed plugin brings."""
        self.plugins.integrations[integration.name] = integration

    def validated(self, integration: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """`config` as the integration's schema and check leave it. Raises vol.Invalid when they refuse it."""
        known = self.plugins.integrations.get(integration)
        if known is None:
            failed = {entry.name: entry.error for entry in self.plugins.installed if entry.error}
            raise vol.Invalid(f"no integration {integration!r} is installed; plugins that failed: {failed or 'none'}")
        result: dict[str, Any] = known.schema(dict(config))
        if known.check is not None:
            known.check(result, self.plugins.profiles(integration))
        return result

    async def start(self, integration: str, config: Mapping[str, Any], id: str = "") -> EntryHealth:  # noqa: A002
        """Start an entry under `id` (the integration's name by default) and return its health at once."""
        entry = Entry(
            PROJECT, "default", id or integration, integration, self.validated(integration, config), "test", 1
        )
        self.supervisor.start(entry)
        return self.entry(entry.id)

    async def stop(self, id: str) -> None:  # noqa: A002
        """Stop the entry `id`; returns when it has ended."""
        await self.supervisor.stop(PROJECT, id)

    async def close(self) -> None:
        """Stop every entry."""
        await self.supervisor.close()

    async def until(self, predicate: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait until `predicate` holds. Fails the test after `seconds`, telling the state of every entry."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not self._holds(predicate):
            if asyncio.get_running_loop().time() > deadline:
                states = {
                    key[1]: (health.state.value, health.reason) for key, health in self.core.health.entries.items()
                }
                raise AssertionError(f"not so within {seconds:g} s; entries: {states}")
            await asyncio.sleep(0.01)

    def entry(self, id: str) -> EntryHealth:  # noqa: A002
        """The health of the entry `id`."""
        return self.core.health.entries[PROJECT, id]

    def value(self, entity: str) -> float:
        """The newest value of `demo/device.point` (the project may be left out); NaN when it was never read."""
        return float(self.core.state.value[self._row(entity)])

    def quality(self, entity: str) -> Quality:
        """The newest quality of an entity."""
        return Quality(int(self.core.state.quality[self._row(entity)]))

    def _row(self, entity: str) -> int:
        return self.core.registry.entity(entity if "/" in entity else f"{PROJECT}/{entity}").row

    def _holds(self, predicate: Callable[[], bool]) -> bool:
        try:
            return predicate()
        except KeyError:
            return False
