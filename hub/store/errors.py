"""What a database refuses, in words for whoever runs the hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from hub.core.errors import HubError

_BY_SQLSTATE = {
    "53100": "the disk of the PostgreSQL server is full: free some space there",
    "53300": "PostgreSQL has no connection left: raise max_connections, or close other programs",
    "57P01": "PostgreSQL was shut down while the hub used it",
    "28P01": "PostgreSQL refuses the password of this user",
    "28000": "PostgreSQL does not let this user in: see pg_hba.conf on the server",
    "3D000": "there is no such database: create it with createdb",
    "42501": "this user may not do that: make it the owner of the database",
    "25006": "the database is read only (a standby server?)",
}

_BY_TEXT = {
    "database is locked": "another program keeps the database locked: is a second hub running on the same data?",
    "database or disk is full": "the disk is full: free some space",
    "disk I/O error": "the disk reports an error, or is full",
    "unable to open database file": "the file cannot be opened: look at the folder and its permissions",
    "readonly database": "the file cannot be written: look at its permissions and at the disk",
    "file is not a database": "the file is no SQLite database",
    "database disk image is malformed": "the file is damaged: restore a backup",
}


class StoreError(HubError):
    """The database could not do what was asked; nothing of the transaction was kept."""


@contextmanager
def in_words(url: URL) -> Iterator[None]:
    """Turn what SQLAlchemy and the drivers raise inside into a StoreError that names the database and the remedy."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"database {shown(url)}: {_reason(error)}") from error


def shown(url: URL) -> str:
    """The URL without its password and driver."""
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)


def _reason(error: Exception) -> str:
    origin: BaseException = error.orig if isinstance(error, DBAPIError) and error.orig else error
    text = str(origin) or type(origin).__name__
    known = _BY_SQLSTATE.get(str(getattr(origin, "sqlstate", "")))
    known = known or next((words for part, words in _BY_TEXT.items() if part in text), None)
    if known:
        return f"{known} ({text})"
    if isinstance(error, (OSError, OperationalError, InterfaceError)):
        return f"it does not answer ({text})"
    return text
