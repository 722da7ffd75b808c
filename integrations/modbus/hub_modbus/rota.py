"""When each scan class of a device is due: on multiples of its period, earliest deadline first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

_NEVER = float("inf")


class Rota:
    """Due times of scan classes by name, in monotonic seconds; pure arithmetic.

    A class is due at once, then on multiples of its period counted from `origin`. Turns that were missed are not made
    up for. The deadline of a turn is one period after it was due: fast classes go first, slow ones are never starved.
    """

    def __init__(self, periods: Mapping[str, float], now: float, origin: float) -> None:
        self.periods = dict(periods)
        self._origin = origin
        self._due = dict.fromkeys(self.periods, now)
        self._begun: set[str] = set()

    def due(self, now: float) -> list[str]:
        """Classes whose turn has come and that nobody has begun, the fastest first."""
        names = [name for name, at in self._due.items() if at <= now and name not in self._begun]
        return sorted(names, key=self.periods.__getitem__)

    def begin(self, names: Iterable[str]) -> float:
        """Take the turn of `names`; the deadline of the most urgent of them."""
        names = list(names)
        self._begun.update(names)
        return min(self._due[name] + self.periods[name] for name in names)

    def done(self, names: Iterable[str], now: float) -> None:
        """The turn of `names` is over; the next one is the first multiple after `now`."""
        for name in names:
            self._begun.discard(name)
            period = self.periods[name]
            self._due[name] = self._origin + (math.floor((now - self._origin) / period) + 1) * period

    def put_off(self, names: Iterable[str], until: float) -> None:
        """The turn of `names` came to nothing; it is due again at `until`."""
        for name in names:
            self._begun.discard(name)
            self._due[name] = until

    def all_due(self, now: float, but: str = "") -> None:
        """Everything is due at `now`, except the class `but`: the device has come back, or its scale has changed."""
        for name in self.periods:
            if name != but:
                self._due[name] = now
                self._begun.discard(name)

    def begun(self, name: str) -> bool:
        """Whether the turn of `name` is being taken."""
        return name in self._begun

    def next(self) -> float:
        """When the next class that nobody has begun is due."""
        return min((at for name, at in self._due.items() if name not in self._begun), default=_NEVER)
