"""How entries, links and devices are doing: counters that plugins raise and pages show."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from hub.core.clock import Clock


class EntryState(StrEnum):
    """Where a configured entry is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    LINK_DOWN = "link_down"
    FAILED = "failed"
    STOPPED = "stopped"


class Fault(StrEnum):
    """Why a request brought no value."""

    TIMEOUT = "timeout"
    CHECKSUM = "checksum"
    WRONG_REPLY = "wrong_reply"
    REFUSED = "refused"
    IMPLAUSIBLE = "implausible"


@dataclass(slots=True)
class DeviceHealth:
    """Requests to one device and what came of them; times in ms UTC, latency in ms (smoothed over about 16 answers)."""

    requests: int = 0
    answers: int = 0
    faults: dict[Fault, int] = field(default_factory=dict)
    latency_ms: float = 0.0
    answered_at: int = 0
    failed_at: int = 0
    reason: str = ""
    warnings: dict[str, str] = field(default_factory=dict)
    silent: bool = False

    def answer(self, at: int, latency_ms: float) -> None:
        """Count a good answer."""
        self.requests += 1
        self.answers += 1
        self.latency_ms += (latency_ms - self.latency_ms) / min(self.answers, 16)
        self.answered_at = at
        self.silent = False
        self.reason = ""

    def fail(self, at: int, fault: Fault, reason: str) -> None:
        """Count a request that brought no value, with the reason in words."""
        self.requests += 1
        self.faults[fault] = self.faults.get(fault, 0) + 1
        self.failed_at = at
        self.reason = reason


@dataclass(slots=True)
class LinkHealth:
    """One serial line or connection: how busy it is and how long a cycle over its devices takes."""

    name: str
    description: str = ""
    up: bool = False
    cycle_seconds: float = 0.0
    cycle_goal_seconds: float = 0.0
    _busy: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=512))

    def spent(self, ended: float, seconds: float) -> None:
        """Note that the link was busy for `seconds` until the monotonic time `ended`."""
        self._busy.append((ended, seconds))

    def load(self, now: float, window: float = 60.0) -> float:
        """Share of the last `window` seconds (or of the time known, if shorter) that the link was busy, 0 to 1."""
        recent = [(ended, seconds) for ended, seconds in self._busy if ended > now - window]
        if not recent:
            return 0.0
        start = min(recent[0][0] - recent[0][1], now)
        return min(1.0, sum(seconds for _, seconds in recent) / max(now - start, 1e-3))


@dataclass(slots=True)
class EntryHealth:
    """One configured entry under the supervisor; `since` and `next_try` in ms UTC."""

    entry: str
    integration: str
    project: str
    state: EntryState = EntryState.STARTING
    since: int = 0
    reason: str = ""
    restarts: int = 0
    next_try: int = 0
    blocked_ms: float = 0.0
    links: dict[str, LinkHealth] = field(default_factory=dict)
    devices: dict[str, DeviceHealth] = field(default_factory=dict)


class Health:
    """The health of every entry, and notices about the hub itself (disk, clock, history)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.entries: dict[tuple[str, str], EntryHealth] = {}
        self.notices: dict[str, str] = {}

    def entry(self, project: str, entry: str, integration: str) -> EntryHealth:
        """The record of an entry, made at first call."""
        key = (project, entry)
        if key not in self.entries:
            self.entries[key] = EntryHealth(entry, integration, project, since=self._clock.now_ms())
        return self.entries[key]

    def move(self, health: EntryHealth, state: EntryState, reason: str = "") -> bool:
        """Put an entry into `state` and keep the time of the change; whether it was another state before."""
        moved = state != health.state
        if moved:
            health.since = self._clock.now_ms()
        health.state, health.reason = state, reason
        return moved

    def alive(self, health: EntryHealth) -> bool:
        """Note that an entry delivers readings; whether that is news."""
        return health.state is not EntryState.RUNNING and self.move(health, EntryState.RUNNING)

    def forget(self, project: str, entry: str) -> None:
        """Drop the record of an entry that is no longer configured."""
        self.entries.pop((project, entry), None)

    def of_project(self, project: str) -> Iterable[EntryHealth]:
        """Entries of one project."""
        return (health for (owner, _), health in self.entries.items() if owner == project)

    def device(self, project: str, device: str) -> DeviceHealth | None:
        """The health of a device, wherever it is polled; None when no entry reports on it."""
        for health in self.of_project(project):
            if device in health.devices:
                return health.devices[device]
        return None
