"""Notices when something holds up the event loop, and names the entry whose code it was."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from types import FrameType, TracebackType

from hub.core.health import EntryHealth, Health

BEAT = 0.02
"""Seconds between two signs of life of the loop."""

TOO_LONG = 0.2
"""Seconds without a sign of life after which the culprit is named. The promise is 0.05; this is when it is broken."""

log = logging.getLogger(__name__)


class LoopWatch:
    """Runs beside the event loop in a thread of its own; use it as a context manager inside the loop.

    `worst` is the longest hold-up in seconds since the start, `lag` that of the last second.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self._loop = asyncio.get_running_loop()
        self._main = threading.get_ident()
        self._beaten = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="loop watch", daemon=True)
        self._pulse: asyncio.TimerHandle | None = None
        self.worst = 0.0
        self.lag = 0.0
        self._second = 0.0

    def __enter__(self) -> LoopWatch:
        self._beat()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._pulse is not None:
            self._pulse.cancel()
        self._thread.join()

    def _beat(self) -> None:
        now = time.monotonic()
        late = max(0.0, now - self._beaten - BEAT)
        self.worst = max(self.worst, late)
        if int(now) != int(self._beaten):
            self._second = 0.0
        self._second = max(self._second, late)
        self.lag = self._second
        self._beaten = now
        self._pulse = self._loop.call_later(BEAT, self._beat)

    def _watch(self) -> None:
        named = 0.0
        while not self._stop.wait(TOO_LONG / 4):
            held = time.monotonic() - self._beaten
            if held > TOO_LONG and self._beaten != named:
                named = self._beaten
                self._name_culprit(held)

    def _name_culprit(self, held: float) -> None:
        task = asyncio.current_task(self._loop)
        name = task.get_name() if task is not None else ""
        frame = sys._current_frames().get(self._main)
        place = _plugin_frame(frame)
        culprit = self._entry(name, place)
        if culprit is None:
            log.warning("the event loop is held up for %.0f ms by %s", held * 1000, place or name or "unknown code")
            return
        culprit.blocked_ms = max(culprit.blocked_ms, held * 1000)
        words = (culprit.project, culprit.entry, held * 1000, place or "its coroutine")
        log.error("%s/%s holds up the whole hub for %.0f ms: %s", *words)

    def _entry(self, task: str, place: str) -> EntryHealth | None:
        """The entry whose task it is; else the one entry of the integration whose code it is, if there is only one."""
        entries = list(self._health.entries.values())
        mine = [health for health in entries if task == f"entry:{health.project}/{health.entry}"]
        kin = [health for health in entries if place.startswith(f"hub_{health.integration}.")]
        if mine:
            return mine[0]
        return kin[0] if len(kin) == 1 else None


def _plugin_frame(frame: FrameType | None) -> str:
    """`module.function:line` of the innermost code that belongs to a plugin, else of the innermost code of all."""
    innermost = ""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        here = f"{module}.{frame.f_code.co_name}:{frame.f_lineno}"
        if module.startswith("hub_"):
            return here
        innermost = innermost or here
        frame = frame.f_back
    return innermost
