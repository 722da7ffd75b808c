"""The text of a configuration file."""

from __future__ import annotations

from pathlib import Path

from hub.config.nodes import Unreadable
from hub.config.place import Place


def text_of(file: Path) -> str:
    """The file's text, UTF-8 with or without a byte order mark. Raises Unreadable."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise Unreadable(Place(str(file), 1), "there is no such file") from None
    except OSError as error:
        raise Unreadable(Place(str(file), 1), f"cannot be read: {error.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"byte 0x{data[error.start]:02X} is not UTF-8: save the file with encoding UTF-8"
        raise Unreadable(Place(str(file), line), message) from None
