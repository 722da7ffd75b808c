"""Quality of a reading: the descriptor bits of IEC 60870-5-101, 7.2.6.3 (QDS)."""

from __future__ import annotations

from enum import IntFlag


class Quality(IntFlag):
    """GOOD is the absence of every flag; the bit positions are those on the wire."""

    GOOD = 0
    OVERFLOW = 0x01
    BLOCKED = 0x10
    SUBSTITUTED = 0x20
    NOT_TOPICAL = 0x40
    INVALID = 0x80

    @property
    def words(self) -> str:
        """The flags as lower-case words joined by a blank, `good` for none."""
        return " ".join((flag.name or "").lower() for flag in self) or "good"
