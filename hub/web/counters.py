"""What counters counted between two readings: rollover followed, a reset told from it, missing never zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hub.core.batch import Values

_NEVER = 1 << 40


@dataclass(frozen=True, slots=True)
class Counted:
    """What counters counted, shape (n, m) per bucket, and `across`, shape (n,): counted while readings were missing.

    A bucket nothing is known of is NaN. The sum of a row's buckets plus its `across` is last minus first reading.
    """

    buckets: Values
    across: Values


def counted(before: Values, after: Values, rollover: Values) -> Values:
    """Units counted from `before` to `after`, element by element; `rollover` is NaN where a counter never rolls over.

    A counter that fell is taken to have rolled over when that makes less than half its range; otherwise it was reset
    or replaced, and the result is NaN, as for a missing reading.
    """
    step = after - before
    with np.errstate(invalid="ignore"):
        rolled = step + rollover
        fell = step < 0
        believable = rolled < rollover / 2
    return np.where(~fell, step, np.where(believable, rolled, np.nan))


def per_bucket(first: Values, last: Values, rollover: Values, hold: int, before: Values | None = None) -> Counted:
    """Units counted in each bucket, from the first and last readings in it, both of shape (n, m) with NaN for none.

    A counter is stored when it changes, so up to `hold` - 1 empty buckets in a row mean that it stood still; more mean
    that readings are missing, and what was counted meanwhile belongs to no bucket. `before`, shape (n,), is the reading
    just ahead of the first bucket, NaN when unknown.
    """
    n, m = last.shape
    ahead = np.full((n, 1), np.nan) if before is None else before.reshape(n, 1)
    known = np.concatenate([ahead, last], axis=1)
    seen = ~np.isnan(known)
    newest = np.maximum.accumulate(np.where(seen, np.arange(m + 1), -1), axis=1)[:, :-1]
    coming = np.minimum.accumulate(np.where(seen, np.arange(m + 1), _NEVER)[:, ::-1], axis=1)[:, -2::-1]
    previous = np.where(newest >= 0, np.take_along_axis(known, np.maximum(newest, 0), axis=1), np.nan)
    topical = (newest >= 0) & (coming - newest <= hold)
    full_range = np.broadcast_to(rollover.reshape(n, 1), (n, m))
    inside = counted(np.where(topical, previous, first), last, full_range)
    after_gap = seen[:, 1:] & (newest >= 0) & ~topical
    across = np.where(after_gap, counted(previous, first, full_range), 0.0)
    return Counted(np.where(topical & ~seen[:, 1:], 0.0, inside), across.sum(axis=1))


def hold_buckets(max_age: float, step_ms: int) -> int:
    """Buckets within which a sound source must have spoken again, with half a heartbeat of grace; at least 1."""
    return max(1, -(-round(max_age * 1500) // step_ms))
