"""How much of a line its silent meters may have: pure arithmetic of times, no clock."""

from __future__ import annotations

from dataclasses import dataclass

SHARE = 0.04
"""Part of the line's time that all its silent meters together may cost the others: 5 % less what else a poll takes."""

LOST_AFTER = 2
"""Requests without an answer, one after the other, that make a meter silent: one may be a spark on the line."""


@dataclass(slots=True)
class Budget:
    """The share of one line that goes into asking silent meters whether they are back.

    Asking in vain costs a time-out and the quiet after it; the next question waits until that cost is no more than
    `share` of the time gone by. A meter that comes back frees the next question at once, since whatever was wrong with
    it may have been wrong with its neighbours too.
    """

    share: float = SHARE
    ready_at: float = float("-inf")

    def spent(self, now: float, seconds: float) -> None:
        """A question ended at `now` in vain and cost the line `seconds`."""
        self.ready_at = now + seconds / self.share - seconds

    def recovered(self, now: float) -> None:
        """A silent meter answered at `now`."""
        self.ready_at = now

    def ready(self, now: float) -> bool:
        """Whether a silent meter may be asked now."""
        return now >= self.ready_at


@dataclass(slots=True)
class Attempts:
    """What one meter's silence has come to: failures in a row, and whether it counts as silent."""

    failures: int = 0
    asked_at: float = float("-inf")

    @property
    def silent(self) -> bool:
        """Whether the meter is away, rather than disturbed once."""
        return self.failures >= LOST_AFTER

    def failed(self, now: float) -> bool:
        """Count a request without an answer; True when this one made the meter silent."""
        self.failures += 1
        self.asked_at = now
        return self.failures == LOST_AFTER

    def answered(self) -> bool:
        """Count an answer; True when the meter was silent before."""
        was_silent, self.failures = self.silent, 0
        return was_silent
