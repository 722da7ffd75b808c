"""What the configuration says once it is read: settings, projects, areas, entries."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from hub.core.errors import ConfigError
from hub.core.model import Label
from hub.history.settings import HistorySettings

SECRETS = "secrets.yaml"
"""Name of the file beside hub.yaml that `!secret` looks into."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What hub.yaml chooses for the whole hub. `projects` are file names or patterns, from the folder of hub.yaml.

    `database` is the URL as written, None for the file in `data`; `database_url` is the one to open.
    """

    data: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = 8080
    database: str | None = field(default=None, repr=False)
    history: HistorySettings = field(default_factory=HistorySettings)
    projects: tuple[str, ...] = ("projects/*.yaml",)
    control: bool = False

    @property
    def database_url(self) -> str:
        """The URL of the relational database, a SQLite file in `data` unless another is configured."""
        return self.database or f"sqlite:///{self.data.resolve()}/hub.db"


@dataclass(frozen=True, slots=True)
class Area:
    """A node of a project's tree; `parent` is the key of the area it stands in, empty at the top."""

    key: str
    name: Label = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a project file: `config` as the integration's schema left it, `file` and `line` where it stands."""

    project: str
    tenant: str
    id: str
    integration: str
    config: dict[str, Any] = field(repr=False)
    file: str
    line: int

    def runs_like(self, other: Entry) -> bool:
        """Whether nothing that matters to the running integration differs; where it is written does not matter."""
        mine = (self.project, self.tenant, self.id, self.integration, self.config)
        return mine == (other.project, other.tenant, other.id, other.integration, other.config)


@dataclass(frozen=True, slots=True)
class Project:
    """One project file. `phases` and `breakers` name the colour conventions of pages."""

    key: str
    tenant: str
    name: Label
    zone: str
    phases: str
    breakers: str
    areas: dict[str, Area]
    main_meters: dict[str, list[str]]
    entries: list[Entry]
    file: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that cannot run as it is written; empty fields are what could not be found out."""

    file: str
    project: str = ""
    integration: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything usable in the files, and in `errors` everything that is not, in the order of files and lines.

    `usable` is false when hub.yaml itself has a fault: then the settings are partly defaults, and nothing that runs
    should be changed to fit them.
    """

    settings: Settings
    projects: dict[str, Project]
    read: list[Path]
    errors: list[ConfigError]
    refused: list[Refused] = field(default_factory=list)
    file: Path = Path("hub.yaml")
    usable: bool = True

    @property
    def files(self) -> list[Path]:
        """The files to watch: those read or missed when reading, and project files that have appeared since."""
        found = (file for files in project_files(self.file, self.settings.projects).values() for file in files)
        return list(dict.fromkeys([*self.read, *found]))

    @property
    def entries(self) -> Iterator[Entry]:
        """The entries of all projects."""
        return (entry for project in self.projects.values() for entry in project.entries)


def project_files(hub_file: Path, patterns: Iterable[str]) -> dict[str, list[Path]]:
    """The files each name or pattern stands for, by name; none where a pattern matches nothing.

    hub.yaml itself and its secrets are never project files.
    """
    found: dict[str, list[Path]] = {}
    others = {hub_file, hub_file.parent / SECRETS}
    for pattern in patterns:
        parts = Path(pattern).parts
        plain = list(takewhile(lambda part: not any(sign in part for sign in "*?["), parts))
        start = Path(os.path.normpath(hub_file.parent.joinpath(*plain)))
        matches = sorted(start.glob("/".join(parts[len(plain) :]))) if len(plain) < len(parts) else [start]
        found[pattern] = [file for file in matches if file not in others]
    return found
