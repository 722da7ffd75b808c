"""What the pages are built from, handed to every handler under one key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from hub.config import Configuration
from hub.core.core import Core
from hub.history import History
from hub.plugins import Plugins


@dataclass(frozen=True, slots=True)
class Services:
    """The running hub as pages see it. `started` is ms UTC; `configuration` gives the one in force now."""

    core: Core
    history: History
    configuration: Callable[[], Configuration]
    plugins: Plugins
    started: int
    version: str


SERVICES = web.AppKey("services", Services)


def services_of(request: web.Request) -> Services:
    """The services behind a request."""
    return request.app[SERVICES]
