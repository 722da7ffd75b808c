"""Whose turn it is on the line: one at a time, orders before polls."""

from __future__ import annotations

import asyncio
from collections import deque


class Turn:
    """A lock with two queues. Whoever is urgent goes before all who are not; among equals the first comes first."""

    def __init__(self) -> None:
        self._taken = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._patient: deque[asyncio.Future[None]] = deque()

    async def take(self, urgent: bool = False) -> None:
        """Wait for the turn. Every `take` that returns needs one `give`."""
        if not self._taken:
            self._taken = True
            return
        queue = self._urgent if urgent else self._patient
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """Pass the turn to the next who still waits."""
        for queue in (self._urgent, self._patient):
            while queue:
                place = queue.popleft()
                if not place.done():
                    place.set_result(None)
                    return
        self._taken = False
