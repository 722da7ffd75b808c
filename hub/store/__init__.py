"""The relational database: identity of devices and entities, cursors, health; SQLite, or PostgreSQL by URL."""

from hub.store.errors import StoreError
from hub.store.places import Cursor
from hub.store.states import LastHealth
from hub.store.store import Store

__all__ = ["Cursor", "LastHealth", "Store", "StoreError"]
