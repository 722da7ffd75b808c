"""A recording played through a meter: in time of its own, or in step with whoever reads it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial

from hub.sdk import Clock
from hub_simulator.counters import Count
from hub_simulator.profile import MeterProfile
from hub_simulator.quantities import Sources
from hub_simulator.recording import MILLION, Recording, RecordingFault
from hub_simulator.registers import Registers
from hub_simulator.slave import Unit

_POWERS = {
    "active_energy_import": "active_power",
    "reactive_energy_import": "reactive_power",
    "apparent_energy": "apparent_power",
}


class RecordedMeter:
    """A meter that shows what was recorded; points that were not recorded read 0.

    `position` is the time of the recording, ms UTC, at which the meter stands. Of interval energies it also shows the
    mean power. `base` are the units that every counter shows before the recording starts.
    """

    def __init__(
        self, recording: Recording, profile: MeterProfile, pt: float = 1.0, ct: float = 1.0, base: float = 0.0
    ) -> None:
        self.recording = recording
        self.position = recording.start
        self._base = round(base * MILLION)
        self._known = {each.key for each in profile.fields}
        unknown = sorted((recording.counts.keys() | recording.values.keys()) - self._known)
        if unknown:
            raise RecordingFault(f"profile {profile.name} has no point {', '.join(unknown)}")
        sources = dict.fromkeys(self._known, partial(float, 0)) | self._sources()
        sources |= {f"{side} ratio": partial(float, ratio) for side, ratio in (("pt", pt), ("ct", ct))}
        sources |= {f"{side} ratio primary": partial(float, ratio * 5) for side, ratio in (("pt", pt), ("ct", ct))}
        sources |= {f"{side} ratio secondary": partial(float, 5) for side in ("pt", "ct")}
        self.registers = Registers(profile, sources, Fraction(str(pt)), Fraction(str(ct)))

    def resolution(self, point: str) -> float:
        """The smallest step of a counter, in its unit; 0 for one kept as a float."""
        return self.registers.resolution(point)

    def _sources(self) -> Sources:
        sources: Sources = {}
        for point in self.recording.counts:
            sources[point] = partial(self._count, point)
            if point in _POWERS:
                sources[_POWERS[point]] = partial(self._mean, point)
        for point in self.recording.values:
            sources[point] = partial(self._value, point)
        return {key: source for key, source in sources.items() if key in self._known}

    def _count(self, point: str) -> Count:
        return Count(self._base + self.recording.count(point, self.position), MILLION)

    def _mean(self, point: str) -> float:
        return self.recording.mean(point, self.position)

    def _value(self, point: str) -> float:
        return self.recording.value(point, self.position)


class ReplayClock(Clock):
    """The clock of a hub that lives in the time of a recording: UTC stands where the replay puts it.

    The monotonic clock stays real, so that time-outs and poll intervals work as ever.
    """

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms

    def now_ms(self) -> int:
        """Milliseconds UTC of the recording."""
        return self.at_ms


class SteppingUnit(Unit):
    """A meter that goes one interval further each time its counters are read, and takes the hub's clock along.

    The step comes when the request arrives, before the reply is made: the hub, which has one request in flight a line,
    has then dealt with the reading before, and stamps this one with the time to which the counter belongs. The first
    reading is that of the recording's start. After the last interval `finished` is called with every further request.
    """

    def __init__(self, unit_id: int, meter: RecordedMeter, clock: ReplayClock, finished: Callable[[], None]) -> None:
        super().__init__(unit_id, meter.registers, turnaround=0.0)
        self._meter = meter
        self._clock = clock
        self._finished = finished
        self._places = [meter.registers.place(point) for point in meter.recording.counts]
        self._next = -1

    def answer(self, pdu: bytes) -> bytes:
        """The reply, of the next interval when the request is for a counter."""
        if pdu[0] in {3, 4} and len(pdu) == 5 and self._asks_counter(pdu):
            self._step()
        return super().answer(pdu)

    def _asks_counter(self, pdu: bytes) -> bool:
        first, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        return any(first <= place < first + count for place in self._places)

    def _step(self) -> None:
        ends = self._meter.recording.ends
        if self._next < len(ends):
            at = self._meter.recording.start if self._next < 0 else ends[self._next]
            self._meter.position = self._clock.at_ms = at
            self._next += 1
        else:
            self._finished()
