"""What the hub does for itself while it runs: keep its clock, health and identities, apply changed configuration."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from hub.config import Configuration, Entry, changed_files, difference
from hub.core.core import Core
from hub.core.errors import HubError
from hub.core.quality import Quality
from hub.history import History
from hub.store import Store
from hub.supervisor import Supervisor

HEALTH_SECONDS = 10.0
FIRST_EXPORT_SECONDS = 60.0

log = logging.getLogger(__name__)


async def restore(core: Core, history: History, store: Store, configured: Iterable[Entry]) -> None:
    """Bring back identities, newest readings and restart counts of the last run.

    Whatever was topical when the hub stopped is not any more: it was last known at the last reading of all, and
    history says so from there on.
    """
    entries = {(entry.project, entry.id) for entry in configured}
    await store.load_registry(core.registry)
    for last in await store.last_health():
        if (last.project, last.entry) in entries:
            core.health.entry(last.project, last.entry, last.integration).restarts = last.restarts
    latest = await history.latest()
    core.state.restore(latest)
    topical = latest.where((latest.quality & Quality.NOT_TOPICAL) == 0)
    if len(topical):
        stopped = int(latest.at.max())
        history.append(core.state.apply(core.state.not_topical(topical.rows, stopped)))


async def keep_registry(core: Core, store: Store) -> None:
    """Save new devices and entities; called before each commit, so that no row is on disk before its identity is."""
    unsaved = core.registry.unsaved()
    if unsaved:
        await store.save_registry(unsaved)
        core.registry.saved(unsaved)


async def keep_clock(core: Core, history: History) -> None:
    """Once a second: notice steps of the system's clock, and say what troubles the history."""
    while True:
        await asyncio.sleep(1.0)
        step = core.watch_clock()
        if step:
            log.warning("%s", core.health.notices["clock"])
        if history.trouble:
            if core.health.notices.get("history") != history.trouble:
                log.error("history: %s", history.trouble)
            core.health.notices["history"] = history.trouble
        elif core.health.notices.pop("history", None):
            log.info("history: works again")


async def keep_history(core: Core, history: History) -> None:
    """Export finished days and drop those past their retention, shortly after start and then every hour."""
    await asyncio.sleep(FIRST_EXPORT_SECONDS)
    while True:
        try:
            await history.tidy(core.registry)
        except HubError as error:
            log.warning("history: %s", error)
        await asyncio.sleep(3600.0)


async def keep_health(core: Core, store: Store) -> None:
    """Save the health of every entry now and then, so that a restart does not hide what happened before."""
    while True:
        await asyncio.sleep(HEALTH_SECONDS)
        try:
            await store.save_health(core.health.entries.values(), core.clock.now_ms())
        except HubError as error:
            if core.health.notices.get("database") != str(error):
                log.error("database: %s", error)  # noqa: TRY400 - told in words once, not traced each time
            core.health.notices["database"] = str(error)
        else:
            core.health.notices.pop("database", None)


class Reload:
    """Applies changed configuration files: entries that differ are touched, what an edit breaks goes on as it was."""

    def __init__(
        self, read: Callable[[], Configuration], current: Configuration, supervisor: Supervisor, core: Core
    ) -> None:
        self._read = read
        self._supervisor = supervisor
        self._core = core
        self._newest = current
        self.current = current

    def files(self) -> list[Path]:
        """Files to watch: those in force and those of the last edit, be it refused or not."""
        return list(dict.fromkeys([*self.current.files, *self._newest.files]))

    async def follow(self) -> None:
        """Watch the files for ever."""
        async for changed in changed_files(self.files):
            log.info("configuration changed: %s", ", ".join(sorted(file.name for file in changed)))
            await self.apply()

    async def apply(self) -> None:
        """Read the files again and do what differs; an entry with a mistake keeps running as it was."""
        new = await asyncio.to_thread(self._read)
        self._newest = new
        self._tell(new)
        changes = difference(self.current, new)
        self.current = changes.configuration
        stopped = [*changes.stopped, *(old for old, _ in changes.changed)]
        await self._supervisor.apply(stopped, [*changes.started, *(entry for _, entry in changes.changed)])
        counts = (len(changes.started), len(changes.stopped), len(changes.changed))
        log.info("configuration applied: %d started, %d stopped, %d changed", *counts)
        if changes.settings:
            log.warning("hub.yaml: %s changed; that takes effect at the next start", ", ".join(changes.settings))

    def _tell(self, new: Configuration) -> None:
        self._core.health.notices.pop("configuration", None)
        for error in new.errors:
            log.error("edit refused: %s", error)
        if new.errors:
            self._core.health.notices["configuration"] = (
                f"{len(new.errors)} mistakes in the last edit; what they concern goes on as before: {new.errors[0]}"
            )
