"""What every integration must do, as a test class to inherit: our quality scale, executable."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

import psutil
import pytest
import voluptuous as vol

from hub.core.health import EntryState
from hub.core.quality import Quality
from hub.testing.hub import HubUnderTest


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Conformance:
    """Inherit it, name the integration, and bring a real peer that can come and go.

    `nonsense` are configurations the schema must refuse; `entity` is `device.point` as read from the peer.
    """

    integration: ClassVar[str]
    nonsense: ClassVar[list[Mapping[str, Any]]]
    entity: ClassVar[str]
    recovers_within: ClassVar[float] = 10.0

    def config(self, port: int) -> Mapping[str, Any]:
        """A working configuration for a peer at 127.0.0.1:`port`, polling at least once a second."""
        raise NotImplementedError

    def peer(self, port: int) -> AbstractAsyncContextManager[None]:
        """A real peer listening at 127.0.0.1:`port` while the context is open; it closes its connections at the end."""
        raise NotImplementedError

    async def test_nonsense_in_the_configuration_is_refused(self, hub: HubUnderTest) -> None:
        assert self.nonsense, "name at least one configuration that must be refused"
        for config in self.nonsense:
            with pytest.raises(vol.Invalid):
                hub.validated(self.integration, config)

    async def test_a_dead_host_is_a_link_error_and_no_bug(self, hub: HubUnderTest) -> None:
        entry = await hub.start(self.integration, self.config(free_port()))
        await hub.until(lambda: entry.state is EntryState.LINK_DOWN, self.recovers_within)
        assert entry.reason

    async def test_a_lost_link_makes_points_not_topical_within_a_second_and_they_recover(
        self, hub: HubUnderTest
    ) -> None:
        port = free_port()
        async with self.peer(port):
            entry = await hub.start(self.integration, self.config(port))
            await hub.until(lambda: hub.quality(self.entity) == Quality.GOOD, self.recovers_within)
            assert entry.state is EntryState.RUNNING
            value = hub.value(self.entity)
        await hub.until(lambda: bool(hub.quality(self.entity) & Quality.NOT_TOPICAL), self.lost_within())
        assert hub.value(self.entity) == pytest.approx(value, nan_ok=True), "a lost value stays, marked as old"
        async with self.peer(port):
            await hub.until(lambda: hub.quality(self.entity) == Quality.GOOD, self.recovers_within + 5)

    async def test_cancellation_ends_within_a_second_and_closes_every_socket(self, hub: HubUnderTest) -> None:
        port = free_port()
        async with self.peer(port):
            await hub.start(self.integration, self.config(port))
            await hub.until(lambda: hub.quality(self.entity) == Quality.GOOD, self.recovers_within)
            assert _connected_to(port), "the integration reads without a connection to its peer?"
            began = time.monotonic()
            await hub.stop(self.integration)
            took = time.monotonic() - began
            await asyncio.sleep(0.05)
            assert took < 1.0, f"cancellation took {took:.2f} s"
            assert not _connected_to(port), "a socket stayed open"

    def lost_within(self) -> float:
        """Seconds from the loss of the peer to the quality: one for the hub, and what the protocol needs to notice."""
        return 2.0


def _connected_to(port: int) -> bool:
    """Whether this process holds a connection, as client, to `port`."""
    return any(
        getattr(connection.raddr, "port", None) == port and connection.status == psutil.CONN_ESTABLISHED
        for connection in psutil.Process().net_connections("tcp4")
    )
