"""Modbus TCP: meters behind one port of the loopback, as behind a gateway."""

from __future__ import annotations

import asyncio
import contextlib
import errno

from hub_simulator.slave import Units


class PortTaken(Exception):
    """The TCP port that meters should answer on belongs to another program."""


class TcpLine:
    """The meters of one port; `port` is the number they really listen on (0 asks the system for a free one)."""

    def __init__(self, units: Units, port: int = 0, host: str = "127.0.0.1") -> None:
        self.units = units
        self.host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to listen. Raises PortTaken."""
        try:
            self._server = await asyncio.start_server(self._accept, self.host, self.port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTaken(
                f"TCP port {self.port} of {self.host} is taken by another program: choose another port for this line"
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End every connection and give the port back."""
        if self._server is None:
            return
        self._server.close()
        for talk in list(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        if talk is not None:
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)
        try:
            await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            header = await reader.readexactly(7)
            length = int.from_bytes(header[4:6], "big")
            if header[2:4] != b"\0\0" or not 2 <= length <= 254:
                self.units.damaged += 1
                return
            pdu = await reader.readexactly(length - 1)
            thought, reply = self.units.tcp(header[6], pdu)
            await asyncio.sleep(thought)
            writer.write(header[:4] + (len(reply) + 1).to_bytes(2, "big") + header[6:7] + reply)
            await writer.drain()
