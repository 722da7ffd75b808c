"""Changes to whoever wants them, without anyone slowing the source."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from hub.core.batch import Batch

Sink = Callable[[Batch], None]


class Subscription:
    """A bounded queue of batches. When it is full the oldest batch gives way, and `dropped` counts its readings."""

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit
        self.dropped = 0
        self.pending = 0
        self._batches: deque[Batch] = deque()
        self._arrived = asyncio.Event()

    def put(self, batch: Batch) -> None:
        """Queue a batch; the newest is always kept, whatever its size."""
        self._batches.append(batch)
        self.pending += len(batch)
        while self.pending > self.limit and len(self._batches) > 1:
            lost = len(self._batches.popleft())
            self.pending -= lost
            self.dropped += lost
        self._arrived.set()

    def take(self) -> Batch | None:
        """Everything queued, as one batch; None when nothing is."""
        if not self._batches:
            return None
        batch = Batch.concat(list(self._batches))
        self._batches.clear()
        self.pending = 0
        self._arrived.clear()
        return batch

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        """Wait for changes and take all there are."""
        while (batch := self.take()) is None:
            self._arrived.clear()
            await self._arrived.wait()
        return batch


class Bus:
    """Publishes each batch of changes to sinks (called at once) and subscriptions (queued)."""

    def __init__(self) -> None:
        self._sinks: list[Sink] = []
        self.subscriptions: list[Subscription] = []

    def publish(self, batch: Batch) -> None:
        """Hand a batch to everyone. Sinks must only note it down: they run inside the caller's step."""
        if not len(batch):
            return
        for sink in self._sinks:
            sink(batch)
        for subscription in self.subscriptions:
            subscription.put(batch)

    def attach(self, sink: Sink) -> None:
        """Call `sink` with every batch, for ever: for the history, which must see each one."""
        self._sinks.append(sink)

    def subscribe(self, name: str, limit: int = 100_000) -> Subscription:
        """A new queue of at most `limit` readings. Give it back with `unsubscribe`."""
        subscription = Subscription(name, limit)
        self.subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription; a second call does nothing."""
        if subscription in self.subscriptions:
            self.subscriptions.remove(subscription)
