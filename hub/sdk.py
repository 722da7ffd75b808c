"""What a plugin imports, and nothing else: devices, readings, the context of a running entry, hooks.

Version 1 of the interface. An integration is a name, a schema and one coroutine that holds one link for as long as it
lasts; the hub supervises it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import voluptuous as vol

from hub.core.batch import Batch, Rows
from hub.core.bus import Subscription
from hub.core.clock import Clock, to_ms
from hub.core.command import Command, CommandFailed
from hub.core.core import Core
from hub.core.errors import ConfigError, FrameError, HubError, LinkError, ProfileError
from hub.core.health import DeviceHealth, EntryHealth, Fault, LinkHealth
from hub.core.model import KEY, Confidence, DeviceInfo, Entity, Kind, Label, Point
from hub.core.quality import Quality
from hub.core.units import UNITS, convert
from hub.history import Chunk, Cursor
from hub.hookspecs import hookimpl

__all__ = [
    "DEVICE",
    "KEY",
    "UNITS",
    "Batch",
    "Chunk",
    "Clock",
    "Command",
    "CommandFailed",
    "Confidence",
    "Config",
    "ConfigError",
    "Context",
    "Cursor",
    "Device",
    "DeviceHealth",
    "DeviceInfo",
    "Entity",
    "Fault",
    "FrameError",
    "HubError",
    "Installation",
    "Integration",
    "Kind",
    "Label",
    "LinkError",
    "LinkHealth",
    "Point",
    "ProfileError",
    "ProfileFolder",
    "Quality",
    "Subscription",
    "convert",
    "hookimpl",
]

VERSION = 1

Config = dict[str, Any]
"""One entry's configuration, as its schema left it."""

Value = float | int | bool | str | None

_KEY = vol.All(str, vol.Match(f"^{KEY.pattern}$", msg="expected lower snake case, such as incomer_1"))

_LABEL = vol.Any(str, {vol.Any("en", "zh"): str})

DEVICE: dict[vol.Marker, Any] = {
    vol.Required("device"): _KEY,
    vol.Optional("name", default=""): _LABEL,
    vol.Optional("area", default=""): str,
    vol.Optional("medium", default="electricity"): str,
}
"""Keys that every configured device has; a plugin's schema adds its own to them."""


@dataclass(frozen=True, slots=True)
class ProfileFolder:
    """A folder of YAML profiles for one protocol; `folder/name.yaml` is known as `prefix/name`."""

    protocol: str
    prefix: str
    folder: Traversable


@dataclass(frozen=True, slots=True)
class Integration:
    """A name (the key in YAML), a schema and a coroutine.

    `run` returns only when the entry is over; the exceptions in `link_errors` (and OSError, TimeoutError, LinkError)
    mean that the link is down, anything else is a bug. `check` looks at a configuration that passed the schema for what
    a schema cannot see, such as an unknown profile, and raises vol.Invalid with the path of the fault.
    """

    name: str
    schema: vol.Schema
    run: Callable[[Context, Config], Awaitable[None]]
    link_errors: tuple[type[Exception], ...] = ()
    check: Callable[[Config, Mapping[str, Traversable]], None] | None = None

    def is_link_error(self, error: BaseException) -> bool:
        """Whether `error` says that the other end is away, rather than that the code is wrong."""
        return isinstance(error, (OSError, TimeoutError, LinkError, *self.link_errors))


@runtime_checkable
class Installation(Protocol):
    """What a plugin's command finds in `typer.Context.obj`: the installed profiles, and the plant as configured."""

    def profiles(self, protocol: str) -> Mapping[str, Traversable]:
        """YAML profiles for `protocol` by full name, such as `acme/pm5`."""

    def entries(self, config: Path, integration: str) -> list[tuple[str, Config]]:
        """Project and validated configuration of every entry of `integration`; `config` is hub.yaml or its folder."""


class Device:
    """A configured device inside a running entry."""

    def __init__(
        self, core: Core, info: DeviceInfo, points: Iterable[Point], health: DeviceHealth, alive: Callable[[], None]
    ) -> None:
        self.info = info
        self.health = health
        self.entities = core.add_device(info, points)
        self._core = core
        self._alive = alive
        self._all = core.registry.rows(self.entities.values())

    @property
    def key(self) -> str:
        """The device's key within its project."""
        return self.info.key

    def rows(self, keys: Iterable[str]) -> Rows:
        """Rows of the points named, for `Context.ingest`. Raises KeyError for a point the device lacks."""
        return np.fromiter((self.entities[key].row for key in keys), dtype=np.int32)

    def report(
        self,
        values: Mapping[str, Value],
        at: datetime | int | None = None,
        quality: Quality = Quality.GOOD,
    ) -> None:
        """Report readings by point key; `at` is an aware datetime or ms UTC, now by default.

        None means that the device had no value to give: the entity becomes INVALID, never zero.
        Raises KeyError for a point the device does not have.
        """
        stamp = self._core.clock.now_ms() if at is None else at if isinstance(at, int) else to_ms(at)
        missing = np.fromiter((value is None for value in values.values()), dtype=np.bool_)
        numbers = [self._number(value) for value in values.values()]
        flags = np.where(missing, np.uint8(Quality.INVALID), np.uint8(quality))
        self._alive()
        self._core.ingest(Batch.of(self.rows(values), numbers, stamp, flags))

    def lost(self, reason: str) -> None:
        """Say that the device does not answer: all its entities become NOT_TOPICAL now."""
        self.health.silent = True
        self.health.reason = reason
        state, now = self._core.state, self._core.clock.now_ms()
        topical = self._all[(state.quality[self._all] & np.uint8(Quality.NOT_TOPICAL)) == 0]
        if len(topical):
            self._core.ingest(state.not_topical(topical, now))

    def commands(self) -> AsyncIterator[Command]:
        """Orders for this device, one after the other. Only a device that iterates here takes any."""
        return self._core.commands.listen(self.info.id)

    def _number(self, value: Value) -> float:
        if value is None:
            return float("nan")
        return float(self._core.registry.code(value)) if isinstance(value, str) else float(value)


@dataclass(slots=True)
class Context:
    """What a running entry may use: its place in the plant, and the hub's services.

    `profiles` maps names such as `acme/pm5` to YAML files of the integration's protocol.
    """

    core: Core
    entry: str
    project: str
    tenant: str
    health: EntryHealth
    log: logging.Logger
    profiles: Mapping[str, Traversable] = field(default_factory=dict)
    reader: Callable[[str], Cursor] | None = None
    devices: dict[str, Device] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        """UTC in ms, and monotonic seconds for timers."""
        return self.core.clock

    def add_device(self, key: str, points: Iterable[Point], **details: Any) -> Device:
        """Declare a device before its first report; `details` are further fields of DeviceInfo (model, area, ...)."""
        info = DeviceInfo(project=self.project, key=key, tenant=self.tenant, entry=self.entry, **details)
        health = self.health.devices.setdefault(key, DeviceHealth())
        device = Device(self.core, info, points, health, self._alive)
        self.devices[key] = device
        return device

    def add_link(self, name: str, description: str = "") -> LinkHealth:
        """The health record of a line or connection this entry holds; the plugin keeps it up to date."""
        link = LinkHealth(name, description)
        self.health.links[name] = link
        return link

    def ingest(self, batch: Batch) -> None:
        """Report readings as columns: the fast way, for gateways and block readers."""
        self._alive()
        self.core.ingest(batch)

    def changes(self, limit: int = 100_000) -> Subscription:
        """Live changes of the whole hub, as batches; the oldest give way beyond `limit` readings."""
        return self.core.bus.subscribe(f"{self.project}/{self.entry}", limit)

    def history(self, cursor: str) -> Cursor:
        """Everything the hub keeps, in the order it was kept, from where this cursor was last committed.

        `async for chunk in context.history("city")`, pass `chunk.batch` on, then `await cursor.commit()`: what is not
        committed comes again after a restart. Raises HubError in a hub that keeps no history.
        """
        if self.reader is None:
            raise HubError(f"{self.project}/{self.entry}: this hub keeps no history to read")
        return self.reader(f"{self.project}/{self.entry}/{cursor}")

    async def every(self, seconds: float) -> AsyncIterator[int]:
        """Tick now and then on multiples of `seconds` (UTC at the start, monotonic after); late ticks are skipped.

        Yields the number of multiples passed since the last tick: 1 unless some were missed.
        """
        clock = self.core.clock
        phase = (clock.now_ms() / 1000) % seconds
        start = clock.monotonic() - phase
        done = 0
        yield 1
        while True:
            await asyncio.sleep(max(0.0, start + (done + 1) * seconds - clock.monotonic()))
            passed = int((clock.monotonic() - start) / seconds + 1e-9)
            if passed > done:
                yield passed - done
                done = passed

    def lost(self, reason: str) -> None:
        """Mark every device of this entry as not topical; the supervisor does so when the coroutine ends."""
        for device in self.devices.values():
            device.lost(reason)
        for link in self.health.links.values():
            link.up = False

    def _alive(self) -> None:
        if self.core.health.alive(self.health) and self.health.restarts:
            self.log.info("%s/%s: link up again", self.project, self.entry)
