"""What can be chosen about the history."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """How often history commits, when it exports and forgets, and how much of the machine it may take.

    `retention_days` of 0 keeps everything. `pending_limit` bounds the readings that wait for a commit. Live tables
    are sealed into a sorted segment after `seal_readings` (or some seconds, when that many come at once) or
    `seal_seconds`. Commits stop while less than `reserve_mb` of the disk is free, so that the database itself never
    meets a full disk.
    """

    commit_seconds: float = 0.5
    export_after_days: int = 1
    retention_days: int = 0
    pending_limit: int = 4_000_000
    seal_readings: int = 250_000
    seal_seconds: float = 3600.0
    reserve_mb: int = 64
    memory_mb: int = 128
    threads: int = 2
