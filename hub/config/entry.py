"""A configured instance of an integration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a project file: `config` as the integration's schema left it, `file` and `line` where it stands."""

    project: str
    tenant: str
    id: str
    integration: str
    config: dict[str, Any]
    file: str
    line: int
