"""Reads hub.yaml and the project files it names, and keeps going whatever it finds."""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from pathlib import Path

from hub.config.document import Document
from hub.config.entries import Entries, Profiles
from hub.config.model import Configuration, Project, Refused, Settings, project_files
from hub.config.place import MISSING, Fault, Keys, Place, dotted
from hub.config.project import areas_of, head_of, main_meters_of
from hub.config.settings import settings_of
from hub.config.source import Source
from hub.core.errors import ConfigError
from hub.sdk import Integration


def load(path: Path, integrations: Mapping[str, Integration], profiles: Profiles) -> Configuration:
    """Everything usable in the configuration whose hub.yaml is `path`; all that is not is in its `errors`.

    A bad entry is refused alone. A fault in a project's own keys refuses the project, and one in hub.yaml makes the
    configuration not `usable`. Nothing in the files makes it raise.
    """
    return _Reading(path, integrations, profiles).configuration()


class _Reading:
    """One pass over all files."""

    def __init__(self, path: Path, integrations: Mapping[str, Integration], profiles: Profiles) -> None:
        self._path = Path(os.path.normpath(path))
        self._integrations = integrations
        self._profiles = profiles
        self._source = Source(self._path.parent)
        self._documents: list[Document] = []
        self._projects: dict[str, Project] = {}
        self._places: dict[str, Place] = {}
        self._refused: list[Refused] = []

    def configuration(self) -> Configuration:
        """What all the files say together."""
        hub = self._source.read(self._path, may_be_empty=True)
        self._documents.append(hub)
        settings = settings_of(hub, self._path.parent)
        for file in self._project_files(hub, settings):
            document = self._source.read(file)
            self._documents.append(document)
            self._read_project(document)
        files = [file for document in self._documents for file in document.files]
        return Configuration(
            settings,
            self._projects,
            list(dict.fromkeys(files)),
            self._errors(),
            self._refused,
            self._path,
            usable=not hub.faults,
        )

    def _project_files(self, hub: Document, settings: Settings) -> list[Path]:
        written = hub.at(("projects",))
        found = project_files(self._path, settings.projects)
        for n, (pattern, files) in enumerate(found.items()):
            keys: Keys = ("projects", n) if isinstance(written, list) else ("projects",)
            missing = [file for file in files if not file.exists()]
            hub.files += missing
            if (missing or (not files and written is not MISSING)) and not hub.told(keys):
                hub.refuse(keys, f"no file fits {pattern}" if not files else f"there is no file {pattern}")
        return list(dict.fromkeys(file for files in found.values() for file in files if file not in hub.files))

    def _read_project(self, document: Document) -> None:
        head = head_of(document)
        if head is not None and head["project"] in self._places:
            first = self._places[head["project"]]
            document.refuse(("project",), f"project '{head['project']}' is taken, at {first}: give each its own key")
            head = None
        if head is None:
            self._refused.append(Refused(document.file))
            return
        self._places[head["project"]] = document.place(("project",))
        areas = areas_of(document)
        entries = Entries(document, head, self._integrations, self._profiles)
        self._refused += entries.refused
        main_meters = main_meters_of(document, set() if entries.may_find_devices else set(entries.devices))
        self._projects[head["project"]] = Project(
            key=head["project"],
            areas=areas,
            main_meters=main_meters,
            entries=entries.entries,
            file=document.file,
            **{name: head[name] for name in ("tenant", "name", "zone", "phases", "breakers")},
        )

    def _errors(self) -> list[ConfigError]:
        """Every fault once, by file and line; an included file used twice has its faults told once."""
        secrets = {secret for document in self._documents for secret in document.secrets}
        faults: dict[tuple[Place, str, Keys], Fault] = {}
        for fault in [*self._source.secrets.faults, *(fault for each in self._documents for fault in each.faults)]:
            faults.setdefault((fault.place, fault.message, fault.keys[-1:]), fault)
        ordered = sorted(faults.values(), key=lambda fault: (fault.place.file, fault.place.line, dotted(fault.keys)))
        return [fault.error(secrets) for fault in ordered]
