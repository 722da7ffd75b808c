"""Addresses for machines that watch the hub, and the front door."""

from __future__ import annotations

from aiohttp import web

from hub.web.navigation import ADDRESSES, first_page
from hub.web.route import Route
from hub.web.services import services_of


async def healthz(_request: web.Request) -> web.Response:
    """200 as long as the event loop turns."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """200 when readings are taken and kept, 503 with the reason when history is in trouble."""
    history = services_of(request).history
    ready = not history.trouble
    return web.json_response(
        {"status": "ready" if ready else "not ready", "history": history.trouble or "ok"}, status=200 if ready else 503
    )


async def front_door(request: web.Request) -> web.StreamResponse:
    """To the first page of the first project, or to the system page when no project is configured."""
    projects = services_of(request).configuration().projects
    first = next(iter(projects.values()), None)
    raise web.HTTPFound(first_page(request.app, first) if first else ADDRESSES["health"])


ROUTES = (
    Route("GET", "/", front_door, "public:front"),
    Route("GET", "/healthz", healthz, "public:health"),
    Route("GET", "/readyz", readyz, "public:health"),
)
