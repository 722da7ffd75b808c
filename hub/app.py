"""The composition root: builds every part, joins them, runs until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import logging
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from aiohttp import web

from hub import __version__, upkeep
from hub.config import Configuration, Settings, load
from hub.core.core import Core
from hub.core.errors import HubError
from hub.history import History
from hub.plugins import Plugins, load_plugins
from hub.store import Store
from hub.supervisor import Supervisor
from hub.watch import LoopWatch
from hub.web.app import create_app
from hub.web.services import Services

START_SECONDS = 5.0

log = logging.getLogger(__name__)


def read_configuration(path: Path, plugins: Plugins) -> Configuration:
    """The configuration at `path` as the installed plugins understand it, with every mistake in its `errors`."""
    return load(path, plugins.integrations, plugins.profiles)


async def run(path: Path) -> None:
    """Run the hub configured at `path` until SIGINT or SIGTERM. Raises HubError when it cannot start at all."""
    gc.disable()
    asyncio.get_running_loop().call_later(START_SECONDS, _collect_again)
    core, plugins = Core(), load_plugins()
    started = core.clock.now_ms()
    configuration = read_configuration(path, plugins)
    settings = configuration.settings
    for error in configuration.errors:
        log.error("configuration: %s", error)
    if not configuration.usable:
        raise HubError(f"{path} cannot be used; `kwhub check` says the same")
    settings.data.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.database_url)
        stack.push_async_callback(store.close)
        await store.save_projects({project.key: project.tenant for project in configuration.projects.values()})
        history = await History.open(settings.data / "history", core.clock, settings.history)
        stack.push_async_callback(history.close)
        await upkeep.restore(core, history, store, configuration.entries)
        history.before_commit = partial(upkeep.keep_registry, core, store)
        core.bus.attach(history.append)
        supervisor = Supervisor(core, plugins, partial(history.cursor, store=store))
        reload = upkeep.Reload(partial(read_configuration, path, plugins), configuration, supervisor, core)
        await _serve_pages(Services(core, history, lambda: reload.current, plugins, started, __version__), stack)
        stack.enter_context(LoopWatch(core.health))
        stack.push_async_callback(supervisor.close)
        await supervisor.apply([], configuration.entries)
        seconds = (core.clock.now_ms() - started) / 1000
        log.info("ready in %.1f s: http://%s:%d/", seconds, settings.host, settings.port)
        await _until_told_to_stop(
            upkeep.keep_clock(core, history),
            upkeep.keep_health(core, store),
            upkeep.keep_history(core, history),
            reload.follow(),
        )
        log.info("stopping")


def _collect_again() -> None:
    """Search for garbage from now on, but not among what the start made: it stays, and a search holds up the loop."""
    gc.freeze()
    gc.enable()


async def _serve_pages(services: Services, stack: AsyncExitStack) -> None:
    settings = services.configuration().settings
    _only_this_machine(settings)
    runner = web.AppRunner(create_app(services), access_log=None, shutdown_timeout=2.0, keepalive_timeout=15.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        raise HubError(f"cannot serve pages at {settings.host}:{settings.port}: {error.strerror or error}") from error


def _only_this_machine(settings: Settings) -> None:
    """Refuse to show an unprotected hub to the network. Raises HubError."""
    if settings.host != "localhost" and not ipaddress.ip_address(settings.host).is_loopback:
        raise HubError(
            f"host: {settings.host} would show every page to everyone on the network, and there are no accounts yet; "
            "write 127.0.0.1 and reach it through a tunnel or a proxy that asks for a password"
        )


async def _until_told_to_stop(*chores: Coroutine[None, None, None]) -> None:
    """Do the chores until a signal comes; a chore that fails ends the hub, since something essential is broken."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(chore) for chore in chores]
        await told.wait()
        for task in tasks:
            task.cancel()
