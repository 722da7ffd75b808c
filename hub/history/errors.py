"""What can go wrong in history."""

from __future__ import annotations

from hub.core.errors import HubError


class HistoryError(HubError):
    """History cannot be opened, read or written; says which file and what to do."""


class ReadingsShed(HistoryError):
    """Readings were given up for want of room, so they can never become durable: do not acknowledge them."""
