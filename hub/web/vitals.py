"""How the hub's own process is doing: readings a second, memory, processor time, delays of the event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

import psutil
from aiohttp import web

from hub.core.core import Core

BEAT = 0.25
"""Seconds between two looks at the event loop."""

WINDOW = 60.0
"""Seconds over which rates are means and the longest delay is kept."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Counters at a monotonic time; `processor` and `lag` in seconds."""

    at: float
    received: int
    changes: int
    processor: float
    lag: float


@dataclass(frozen=True, slots=True)
class Vital:
    """The process over the last minute, and its memory now.

    Readings and changes a second, the share of one processor core, the longest delay of the event loop in ms, bytes.
    """

    received: float
    changes: float
    processor: float
    lag_ms: float
    memory: int


class Vitals:
    """Looks at the process while the application runs."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._samples: deque[Sample] = deque(maxlen=round(WINDOW / BEAT))
        self._process = psutil.Process()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="pages: vitals")

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def read(self) -> Vital:
        """The state of the process now."""
        memory = self._process.memory_info().rss
        if len(self._samples) < 2:
            return Vital(0.0, 0.0, 0.0, 0.0, memory)
        first, last = self._samples[0], self._samples[-1]
        seconds = last.at - first.at
        return Vital(
            received=(last.received - first.received) / seconds,
            changes=(last.changes - first.changes) / seconds,
            processor=(last.processor - first.processor) / seconds,
            lag_ms=max(sample.lag for sample in self._samples) * 1000,
            memory=memory,
        )

    async def _run(self) -> None:
        core = self._core
        due = core.clock.monotonic()
        while True:
            now = core.clock.monotonic()
            lag = max(0.0, now - due)
            self._samples.append(Sample(now, core.state.received, core.changes, time.process_time(), lag))
            due = now + BEAT
            await asyncio.sleep(BEAT)


VITALS = web.AppKey("vitals", Vitals)
