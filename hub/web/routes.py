"""Every address of the hub's pages, in one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiohttp import web

from hub.core.errors import HubError
from hub.web import devices, history, integrations, live, meter, overview, probes, static, stream, system
from hub.web.route import Route, Topic

ROUTES: tuple[Route, ...] = (
    *probes.ROUTES,
    *static.ROUTES,
    *stream.ROUTES,
    *overview.ROUTES,
    *live.ROUTES,
    *meter.ROUTES,
    *history.ROUTES,
    *devices.ROUTES,
    *integrations.ROUTES,
    *system.ROUTES,
)
"""A page exists when its routes stand here; the navigation shows no other."""

TOPICS: Mapping[str, Topic] = {
    "quiet": Topic("view:project"),
    **overview.TOPICS,
    **meter.TOPICS,
    **devices.TOPICS,
    **integrations.TOPICS,
}
"""What `/p/{project}/ui/stream?page=NAME` shows, by name; `quiet` is a page whose only news is the heartbeat."""


class UndeclaredAction(HubError):
    """A route that says not what it lets people do."""


def add_routes(router: web.UrlDispatcher, routes: Iterable[Route]) -> None:
    """Make addresses reachable. Raises UndeclaredAction for a route without an action."""
    for route in routes:
        if not route.action:
            raise UndeclaredAction(f"{route.method} {route.path} declares no action")
        router.add_route(route.method, route.path, route.handler)
