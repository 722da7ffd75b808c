"""One task per configured entry: run it, mark its points when its link fails, wait, run it again."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from copy import deepcopy

from hub.config import Entry
from hub.core.core import Core
from hub.core.health import EntryHealth, EntryState
from hub.history import Cursor
from hub.plugins import Plugins
from hub.sdk import Context, Integration

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
"""Seconds between two tries of a lost link: doubling from the first to the longest, each drawn from its upper half."""

STEADY = 60.0
"""A link that held this many seconds starts again with the first wait."""

STOP_WITHIN = 10.0
"""Seconds after which an entry that ignores its cancellation is left alone, and named."""

log = logging.getLogger(__name__)


def waiting_time(failures: int, chance: float) -> float:
    """Seconds to wait after `failures` failures in a row; `chance` in [0, 1) spreads entries that failed together."""
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 16))
    return longest * (0.5 + chance / 2)


class Supervisor:
    """Runs entries. The link of one, or a bug in it, concerns no other."""

    def __init__(self, core: Core, plugins: Plugins, reader: Callable[[str], Cursor] | None = None) -> None:
        """`reader` makes the durable cursors by which entries read the history."""
        self._core = core
        self._plugins = plugins
        self._reader = reader
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    def start(self, entry: Entry) -> None:
        """Run an entry until it is stopped. An entry of that id must not be running."""
        key = (entry.project, entry.id)
        if key in self._tasks:
            raise RuntimeError(f"{entry.project}/{entry.id} runs already")
        health = self._core.health.entry(entry.project, entry.id, entry.integration)
        self._core.health.move(health, EntryState.STARTING)
        name = f"entry:{entry.project}/{entry.id}"
        self._tasks[key] = asyncio.create_task(self._keep_running(entry, health), name=name)

    async def stop(self, project: str, entry: str, *, forget: bool = False) -> None:
        """Cancel an entry and wait until it has let go of its link; with `forget`, drop its health record too."""
        task = self._tasks.pop((project, entry), None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task], timeout=STOP_WITHIN)
            if not task.done():
                log.error("%s/%s ignores its cancellation and is left behind", project, entry)
        health = self._core.health.entries.get((project, entry))
        if health is not None:
            self._core.health.move(health, EntryState.STOPPED)
            self._let_go(health)
        if forget:
            self._core.health.forget(project, entry)

    async def apply(self, stopped: Iterable[Entry], started: Iterable[Entry]) -> None:
        """Stop some entries and start others; an entry in both is restarted with its new configuration."""
        starting = list(started)
        again = {(entry.project, entry.id) for entry in starting}
        await asyncio.gather(
            *(self.stop(entry.project, entry.id, forget=(entry.project, entry.id) not in again) for entry in stopped)
        )
        for entry in starting:
            self.start(entry)

    async def close(self) -> None:
        """Stop everything."""
        await asyncio.gather(*(self.stop(project, entry) for project, entry in list(self._tasks)))

    async def _keep_running(self, entry: Entry, health: EntryHealth) -> None:
        integration = self._plugins.integrations[entry.integration]
        failures = 0
        while True:
            started = self._core.clock.monotonic()
            if not await self._run_once(integration, entry, health):
                return
            steady = self._core.clock.monotonic() - started > STEADY
            failures = 1 if steady else failures + 1
            seconds = waiting_time(failures, random.random())  # noqa: S311 - spreads load, keeps no secret
            health.restarts += 1
            health.next_try = self._core.clock.now_ms() + round(seconds * 1000)
            await asyncio.sleep(seconds)

    async def _run_once(self, integration: Integration, entry: Entry, health: EntryHealth) -> bool:
        """Run the coroutine once; whether it is worth another try."""
        context = self._context(entry, health)
        name = f"{entry.project}/{entry.id}"
        try:
            await integration.run(context, deepcopy(entry.config))
        except asyncio.CancelledError:
            context.lost("stopped")
            raise
        except Exception as error:
            reason = str(error) or type(error).__name__
            context.lost(reason)
            if integration.is_link_error(error):
                if self._core.health.move(health, EntryState.LINK_DOWN, reason):
                    log.warning("%s: link down: %s", name, reason)
                return True
            self._core.health.move(health, EntryState.FAILED, f"{type(error).__name__}: {reason}")
            log.exception("%s: stopped by a fault in integration %s", name, integration.name)
            return False
        context.lost("the integration ended")
        self._core.health.move(health, EntryState.STOPPED, "the integration ended by itself")
        log.info("%s: ended", name)
        return False

    def _context(self, entry: Entry, health: EntryHealth) -> Context:
        return Context(
            core=self._core,
            entry=entry.id,
            project=entry.project,
            tenant=entry.tenant,
            health=health,
            log=logging.getLogger(f"hub.entry.{entry.project}.{entry.id}"),
            profiles=self._plugins.profiles(entry.integration),
            reader=self._reader,
        )

    def _let_go(self, health: EntryHealth) -> None:
        """Retire the devices of a stopped entry: its next configuration may have others."""
        for device in health.devices:
            self._core.registry.retire(f"{health.project}/{device}")
        health.devices.clear()
        health.links.clear()
