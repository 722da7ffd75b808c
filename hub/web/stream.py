"""Live values: one stream of server-sent events a page, each frame made once for everyone who looks at the same."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress

import msgspec
import numpy as np
from aiohttp import web

from hub.core.batch import Mask, Rows
from hub.core.bus import Subscription
from hub.core.model import Entity, Kind
from hub.core.registry import Registry
from hub.core.state import NEVER, StateTable
from hub.web.page import project_of
from hub.web.route import Figures, Route, Topic
from hub.web.services import Services

TICK = 1.0
"""Seconds between two frames of values."""

HEARTBEAT = 5
"""Ticks between two heartbeats, by which a browser knows that silence is not death."""

WAITING = 4
"""Frames kept for a slow browser; when there are more it is sent everything afresh instead."""

Value = tuple[float | str | None, int]
Choice = tuple[str, str, tuple[tuple[str, str], ...]]
"""Project, kind of page, and its query: equal for all who look at the same."""

_json = msgspec.json.Encoder().encode

log = logging.getLogger(__name__)


def frame(event: str, data: object) -> bytes:
    """One named server-sent event with JSON for data."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), _json(data))


class Listener:
    """One open stream: frames that wait for it. A browser too slow for them gets a whole picture instead."""

    def __init__(self) -> None:
        self.behind = True
        self.closed = False
        self._frames: deque[bytes] = deque()
        self._arrived = asyncio.Event()

    def put(self, data: bytes) -> None:
        """Queue a frame; on overflow drop all and ask for a whole picture."""
        if len(self._frames) >= WAITING:
            self.start_afresh()
        if not self.behind:
            self._frames.append(data)
            self._arrived.set()

    def start_afresh(self) -> None:
        """Send a whole picture next."""
        self._frames.clear()
        self.behind = True
        self._arrived.set()

    def beat(self, data: bytes) -> None:
        """Queue a heartbeat, unless values wait: they say as much."""
        if not self._frames and not self.behind:
            self._frames.append(data)
            self._arrived.set()

    def close(self) -> None:
        """End the stream after what is queued."""
        self.closed = True
        self._arrived.set()

    async def wait(self) -> bytes:
        """Everything queued, as one piece; empty when the listener is behind or closed."""
        while not (self._frames or self.behind or self.closed):
            self._arrived.clear()
            await self._arrived.wait()
        data = b"" if self.behind else b"".join(self._frames)
        self._frames.clear()
        return data


class View:
    """What one choice shows, as rows of the state table and figures, and those who look at it."""

    def __init__(self, services: Services, topic: Topic, choice: Choice) -> None:
        self.listeners: set[Listener] = set()
        self._services = services
        self._topic = topic
        self._project, _, query = choice
        self._query: Mapping[str, str] = dict(query)
        self._figures: Figures = {}
        self._entities: list[Entity] = []
        self._keys: list[str] = []
        self._texts: list[bool] = []
        self.rows: Rows = np.empty(0, dtype=np.int32)
        self.resolve()

    def resolve(self) -> bool:
        """Ask the topic again which points it wants: devices come and go. Whether they are others than before."""
        entities = list(self._topic.points(self._services, self._project, self._query))
        if entities == self._entities:
            return False
        self._entities = entities
        self._keys = [f"{entity.device.key}.{entity.point.key}" for entity in entities]
        self._texts = [entity.point.kind is Kind.TEXT for entity in entities]
        self.rows = self._services.core.registry.rows(entities)
        return True

    def snapshot(self) -> bytes:
        """A frame of everything this view shows."""
        everything = np.arange(len(self.rows))
        return frame("v", self._values(everything) | _numbers(self._topic_figures()))

    def changes(self, touched: Mask) -> bytes:
        """A frame of what changed, empty when nothing did; `touched`, shape (rows of the state table,), marks news."""
        values = self._values(np.flatnonzero(touched[self.rows]))
        figures = self._topic_figures()
        news = {key: value for key, value in figures.items() if self._figures.get(key) != value}
        self._figures = figures
        return frame("v", values | _numbers(news)) if values or news else b""

    def _topic_figures(self) -> Figures:
        return self._topic.figures(self._services, self._project, self._query)

    def _values(self, places: np.ndarray[tuple[int], np.dtype[np.intp]]) -> dict[str, Value]:
        state, registry = self._services.core.state, self._services.core.registry
        rows = self.rows[places]
        columns = zip(places.tolist(), state.value[rows].tolist(), state.quality[rows].tolist(), strict=True)
        seen = state.at[rows] != NEVER
        return {
            self._keys[place]: (registry.text(value) if self._texts[place] else value, quality)
            for (place, value, quality), known in zip(columns, seen.tolist(), strict=True)
            if known
        }


class Streams:
    """Makes a frame a second for each view somebody looks at, and hands it to all of them."""

    def __init__(self, services: Services, topics: Mapping[str, Topic]) -> None:
        self.topics = topics
        self.views: dict[Choice, View] = {}
        self._services = services
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow the bus."""
        self._task = asyncio.create_task(self._run(), name="pages: live values")

    async def close(self) -> None:
        """End every stream, so that no page takes a server that is going down for alive."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for view in self.views.values():
            for listener in view.listeners:
                listener.close()

    def join(self, choice: Choice) -> tuple[View, Listener]:
        """A listener of the view `choice`, which exists from its first listener to its last."""
        view = self.views.get(choice)
        if view is None:
            view = self.views[choice] = View(self._services, self.topics[choice[1]], choice)
        listener = Listener()
        view.listeners.add(listener)
        return view, listener

    def leave(self, choice: Choice, listener: Listener) -> None:
        """Give a listener back."""
        view = self.views[choice]
        view.listeners.discard(listener)
        if not view.listeners:
            del self.views[choice]

    async def _run(self) -> None:
        core = self._services.core
        changes = core.bus.subscribe("pages", limit=1_000_000)
        try:
            ticks = 0
            while True:
                await asyncio.sleep(TICK)
                ticks += 1
                touched = _touched(changes, core.registry, core.state)
                await self._send_all(touched, ticks % HEARTBEAT == 0)
        finally:
            core.bus.unsubscribe(changes)

    async def _send_all(self, touched: Mask, heartbeat: bool) -> None:
        """Serve every view; a fault in one closes its streams, is logged, and concerns no other."""
        views = list(self.views.items())
        ends = await asyncio.gather(
            *(self._send(view, touched, heartbeat) for _, view in views), return_exceptions=True
        )
        for (choice, view), fault in zip(views, ends, strict=True):
            if fault is not None:
                log.error("live values of %s, page %s failed", choice[0], choice[1], exc_info=fault)
                for listener in view.listeners:
                    listener.close()

    async def _send(self, view: View, touched: Mask, heartbeat: bool) -> None:
        if heartbeat and view.resolve():
            for listener in view.listeners:
                listener.start_afresh()
        data = view.changes(touched)
        beat = frame("hb", self._services.core.clock.now_ms()) if heartbeat else b""
        for listener in view.listeners:
            if data:
                listener.put(data)
            elif beat:
                listener.beat(beat)


STREAMS = web.AppKey("streams", Streams)


async def stream(request: web.Request) -> web.StreamResponse:
    """The live values of one page: all of them at once, then each second those that changed, and heartbeats."""
    project = project_of(request)
    streams = request.app[STREAMS]
    query = {key: value for key, value in request.query.items() if key != "page"}
    name = request.query.get("page", "")
    if name not in streams.topics:
        raise web.HTTPNotFound(text=f"No page {name!r} has live values.")
    choice: Choice = (project.key, name, tuple(sorted(query.items())))
    response = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.content_type = "text/event-stream"
    view, listener = streams.join(choice)
    try:
        await response.prepare(request)
        while not listener.closed:
            data = await listener.wait()
            if listener.behind:
                listener.behind = False
                data = view.snapshot()
            await response.write(data)
    except ConnectionResetError:
        pass  # the reader went elsewhere
    finally:
        streams.leave(choice, listener)
    return response


def _touched(changes: Subscription, registry: Registry, state: StateTable) -> Mask:
    """Which rows had news since the last call, shape (rows of the state table,)."""
    touched = np.zeros(max(len(registry), len(state)), dtype=np.bool_)
    lost = changes.dropped
    batch = changes.take()
    if batch is not None:
        touched[batch.rows] = True
    if lost:
        touched[:] = True
        changes.dropped = 0
    return touched


def _numbers(figures: Figures) -> dict[str, Value]:
    return {key: (value, 0) for key, value in figures.items()}


def live_entities(services: Services, project: str, patterns: Iterable[str]) -> list[Entity]:
    """Entities in use of one project whose `device.point` matches a shell pattern, such as `*.active_power`."""
    registry = services.core.registry
    found = [entity for pattern in patterns for entity in registry.find(f"{project}/{pattern}")]
    return [entity for entity in found if entity.device.id in registry.active]


ROUTES = (Route("GET", "/p/{project}/ui/stream", stream, "view:live"),)
