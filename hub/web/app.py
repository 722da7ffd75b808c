"""The web application: services, frontend, middleware and routes put together."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from aiohttp import web

from hub.web import live, system
from hub.web.demand import PEAKS, Peaks
from hub.web.extremes import DAY_EXTREMES, DayExtremes
from hub.web.failures import tell_failures
from hub.web.frontend import FRONTEND, Frontend, frontend_folder, load_frontend
from hub.web.load import LOAD_CURVES, LoadCurves
from hub.web.navigation import EXISTING
from hub.web.routes import ROUTES, TOPICS, add_routes
from hub.web.security import add_headers, guard
from hub.web.services import SERVICES, Services
from hub.web.static import PACKED
from hub.web.stream import STREAMS, Streams
from hub.web.today import DAY_STARTS, DayStarts
from hub.web.vitals import VITALS, Vitals

COMPILING = web.AppKey("compiling", asyncio.Task[None])
COMPILE_AFTER = 5.0
"""Seconds after the start."""

log = logging.getLogger(__name__)


def create_app(services: Services) -> web.Application:
    """The pages over `services`; run it on 127.0.0.1 until there are accounts.

    Raises HubError when the frontend is missing or a route declares no action.
    """
    app = web.Application(middlewares=[guard, tell_failures])
    app[SERVICES] = services
    app[FRONTEND] = load_frontend(frontend_folder(), services.configuration().settings.data / "cache")
    app[VITALS] = Vitals(services.core)
    app[PEAKS] = Peaks(services.history, services.core.clock)
    app[DAY_EXTREMES] = DayExtremes(services.history, services.core.clock)
    app[LOAD_CURVES] = LoadCurves(services.history, services.core.clock)
    app[DAY_STARTS] = DayStarts(services.history, services.core.clock)
    live_topics = {**TOPICS, **system.topics(app[VITALS]), **live.topics(app[DAY_STARTS])}
    app[STREAMS] = Streams(services, live_topics)
    app[PACKED] = {}
    app[EXISTING] = frozenset(route.path for route in ROUTES)
    add_routes(app.router, ROUTES)
    app.on_response_prepare.append(add_headers)
    app.on_startup.append(_start)
    app.on_shutdown.append(_end_streams)
    app.on_cleanup.append(_stop)
    return app


async def _start(app: web.Application) -> None:
    app[COMPILING] = asyncio.create_task(_compile(app[FRONTEND]), name="pages: templates")
    app[STREAMS].start()
    app[VITALS].start()
    log.info(
        "pages: HTTP is bound to %s because there are no accounts yet", app[SERVICES].configuration().settings.host
    )


async def _compile(frontend: Frontend) -> None:
    """Compile what nobody has asked for yet, once the hub's start is over: that comes first."""
    await asyncio.sleep(COMPILE_AFTER)
    await asyncio.to_thread(frontend.compile)


async def _end_streams(app: web.Application) -> None:
    """Let every page's stream end before the server waits for its connections."""
    await app[STREAMS].close()


async def _stop(app: web.Application) -> None:
    app[COMPILING].cancel()
    with suppress(asyncio.CancelledError):
        await app[COMPILING]
    await app[VITALS].close()
