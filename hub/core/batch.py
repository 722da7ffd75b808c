"""Readings as columns: the only thing that moves through the hub."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rows = NDArray[np.int32]
Values = NDArray[np.float64]
Times = NDArray[np.int64]
Qualities = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Many readings as four arrays of shape (n,): entity row, value, ms UTC, IEC quality bits.

    Nobody writes into the arrays of a batch: one batch is shared by every subscriber.
    """

    rows: Rows
    values: Values
    at: Times
    quality: Qualities

    @classmethod
    def of(cls, rows: ArrayLike, values: ArrayLike, at: ArrayLike | int, quality: ArrayLike | int = 0) -> Batch:
        """A batch from anything numpy understands; one time or one quality serves all rows.

        Raises ValueError when the columns differ in length.
        """
        n = len(np.atleast_1d(rows))
        times = np.full(n, at, dtype=np.int64) if isinstance(at, int) else np.ascontiguousarray(at, dtype=np.int64)
        flags = np.full(n, quality, np.uint8) if isinstance(quality, int) else np.ascontiguousarray(quality, np.uint8)
        batch = cls(np.ascontiguousarray(rows, np.int32), np.ascontiguousarray(values, np.float64), times, flags)
        if not len(batch.values) == len(batch.at) == len(batch.quality) == n:
            raise ValueError(
                f"columns differ in length: {n} rows, {len(batch.values)} values, "
                f"{len(batch.at)} times, {len(batch.quality)} qualities"
            )
        return batch

    @classmethod
    def empty(cls) -> Batch:
        """A batch of nothing."""
        return cls.of([], [], [], [])

    @classmethod
    def concat(cls, batches: Sequence[Batch]) -> Batch:
        """All readings of `batches`, in their order."""
        if len(batches) == 1:
            return batches[0]
        if not batches:
            return cls.empty()
        return cls(
            np.concatenate([batch.rows for batch in batches]),
            np.concatenate([batch.values for batch in batches]),
            np.concatenate([batch.at for batch in batches]),
            np.concatenate([batch.quality for batch in batches]),
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def nbytes(self) -> int:
        """Bytes held by the four columns."""
        return self.rows.nbytes + self.values.nbytes + self.at.nbytes + self.quality.nbytes

    def where(self, mask: Mask) -> Batch:
        """The readings for which `mask`, shape (n,), is true."""
        return Batch(self.rows[mask], self.values[mask], self.at[mask], self.quality[mask])

    def of_rows(self, rows: Iterable[int] | Rows) -> Batch:
        """The readings of the given entities, in the order they have here."""
        wanted = np.fromiter(rows, dtype=np.int32) if not isinstance(rows, np.ndarray) else rows
        return self.where(np.isin(self.rows, wanted))
