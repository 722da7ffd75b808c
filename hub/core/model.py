"""Points, devices and entities: what can be known, and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

KEY = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
"""Form of project, device and point keys: lower snake."""

Label = str | Mapping[str, str]
"""A name for people: one text, or one per language (`en`, `zh`)."""


class Kind(StrEnum):
    """What a point's value means."""

    MEASUREMENT = "measurement"
    COUNTER = "counter"
    STATUS = "status"
    TEXT = "text"


class Confidence(StrEnum):
    """Whether a published source or a real meter confirms what a profile says of a point."""

    VERIFIED = "verified"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Point:
    """What a device can tell.

    `deadband` is in the point's unit, `deadband_percent` in percent of the last value kept; the larger of the two
    holds, and a change must exceed it. `max_age` is the longest time in seconds that an unchanged value goes
    unreported (the heartbeat). `rollover` is the reading at which a counter returns to zero, in the point's unit.
    `believable` is the span of values a sound device can report.
    """

    key: str
    unit: str = ""
    kind: Kind = Kind.MEASUREMENT
    deadband: float = 0.0
    deadband_percent: float = 0.0
    max_age: float = 900.0
    rollover: float | None = None
    believable: tuple[float, float] | None = None
    confidence: Confidence = Confidence.VERIFIED
    writable: bool = False

    def __post_init__(self) -> None:
        if not KEY.fullmatch(self.key):
            raise ValueError(f"point key {self.key!r} is not lower snake case")
        if self.deadband < 0 or self.deadband_percent < 0 or self.max_age <= 0:
            raise ValueError(f"point {self.key}: deadband must not be negative and max_age must be positive")


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """One meter, gateway or machine as it is configured: who made it, where it stands, how it is reached."""

    project: str
    key: str
    name: Label = ""
    area: str = ""
    medium: str = "electricity"
    manufacturer: str = ""
    model: str = ""
    profile: str = ""
    entry: str = ""
    address: str = ""
    tenant: str = "default"

    def __post_init__(self) -> None:
        if not KEY.fullmatch(self.key):
            raise ValueError(f"device key {self.key!r} is not lower snake case")

    @property
    def id(self) -> str:
        """`project/device`."""
        return f"{self.project}/{self.key}"


@dataclass(frozen=True, slots=True)
class Entity:
    """A point of a configured device; `row` is its place in the state table and in history, for ever."""

    row: int
    device: DeviceInfo
    point: Point

    @property
    def id(self) -> str:
        """`project/device.point`."""
        return f"{self.device.id}.{self.point.key}"


def label(text: Label, language: str) -> str:
    """`text` in `language`, or in the first language it has."""
    if isinstance(text, str):
        return text
    return text.get(language) or next(iter(text.values()), "")
