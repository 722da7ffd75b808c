"""Readings on their way to a commit: bounded, counted, and awaited by those who must know them durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.core.batch import Batch
from hub.history.commits import Commit
from hub.history.errors import HistoryError, ReadingsShed

AT_ONCE = 500_000
"""Readings to a commit, about: more would take long to sort and much memory to insert."""


class Waiting:
    """What was appended and is not durable yet. `appended == stored + replaced + shed + pending` at all times."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.appended = 0
        self.stored = 0
        self.replaced = 0
        self.shed = 0
        self.pending = 0
        self.closed = False
        self._shed_since_commit = 0
        self._batches: list[Batch] = []
        self._change = asyncio.Event()
        self._closing = asyncio.Event()

    @property
    def trouble(self) -> str:
        """That readings are being shed, in words."""
        if not self._shed_since_commit:
            return ""
        return f"{self._shed_since_commit} readings were given up, since {self.limit} wait already to be stored"

    @property
    def crowded(self) -> bool:
        """Whether commits are behind what comes in."""
        return self.pending > self.limit // 4

    def add(self, batch: Batch) -> None:
        """Keep `batch` for the next commit, or shed it when more than the limit would wait."""
        n = len(batch)
        self.appended += n
        if self.closed or (self.pending and self.pending + n > self.limit):
            self.shed += n
            self._shed_since_commit += n
            return
        self.pending += n
        self._batches.append(batch)

    def take(self) -> list[Batch]:
        """The oldest of what waits, enough for one commit; it goes on counting as pending."""
        held, taken = 0, 0
        for batch in self._batches:
            held += len(batch)
            taken += 1
            if held >= AT_ONCE:
                break
        batches, self._batches = self._batches[:taken], self._batches[taken:]
        return batches

    def put_back(self, batches: list[Batch]) -> None:
        """Return what a failed commit did not store, ahead of what came since."""
        self._batches = batches + self._batches

    def done(self, commit: Commit) -> None:
        """Count what a commit stored and tell everyone who waits for it."""
        self.stored += commit.stored
        self.replaced += commit.replaced
        self.pending -= commit.stored + commit.replaced
        self._shed_since_commit = 0
        self._tell()

    def close(self) -> None:
        """Take nothing more; what waits is due at once."""
        self.closed = True
        self._closing.set()
        self._tell()

    async def due(self, seconds: float) -> bool:
        """Wait `seconds`, less when much waits, longer while nothing does; False when closed and nothing is left."""
        while not self.closed and self.pending < AT_ONCE:
            try:
                await asyncio.wait_for(self._closing.wait(), seconds)
            except TimeoutError:
                if self._batches:
                    return True
        return bool(self._batches)

    async def durable(self) -> None:
        """Wait until all appended so far is stored. Raises ReadingsShed, or HistoryError once closed."""
        if self._shed_since_commit:
            raise ReadingsShed(self.trouble)
        goal = self.appended - self.shed
        await self.beyond(lambda: self.stored + self.replaced >= goal)

    async def beyond(self, reached: Callable[[], bool]) -> None:
        """Wait until `reached` is true, looking after every commit. Raises HistoryError once closed."""
        while not reached():
            if self.closed and not self._batches:
                raise HistoryError("the history is closed")
            change = self._change
            await change.wait()

    def _tell(self) -> None:
        change, self._change = self._change, asyncio.Event()
        change.set()
