"""The embedded historian: every change, durable and numbered, for as long as it is kept."""

from hub.history.buckets import Buckets
from hub.history.cells import Aggregate
from hub.history.errors import HistoryError, ReadingsShed
from hub.history.following import Chunk, Cursor, CursorStore
from hub.history.history import History
from hub.history.settings import HistorySettings

__all__ = [
    "Aggregate",
    "Buckets",
    "Chunk",
    "Cursor",
    "CursorStore",
    "History",
    "HistoryError",
    "HistorySettings",
    "ReadingsShed",
]
