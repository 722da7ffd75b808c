"""What an edit of the configuration means for the entries that run."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from hub.config.model import Configuration, Entry, Project


@dataclass(frozen=True, slots=True)
class Changes:
    """Entries to start, to stop, and to restart as (old, new); all others are left alone.

    `projects` are the keys of projects that differ in anything but their entries, `settings` the names of settings
    that differ. `configuration` is what is in force once the changes are made: the new one, in which whatever it
    refuses goes on as it runs now.
    """

    started: list[Entry]
    stopped: list[Entry]
    changed: list[tuple[Entry, Entry]]
    projects: list[str]
    settings: list[str]
    configuration: Configuration


def difference(old: Configuration, new: Configuration) -> Changes:
    """The changes that lead from `old` to `new`, comparing what was understood and not how or where it is written."""
    goal = _with_refused_as_before(old, new)
    before = {(entry.project, entry.id): entry for entry in old.entries}
    after = {(entry.project, entry.id): entry for entry in goal.entries}
    pairs = [(before[key], entry) for key, entry in after.items() if key in before]
    names = [field.name for field in fields(old.settings)]
    return Changes(
        started=[entry for key, entry in after.items() if key not in before],
        stopped=[entry for key, entry in before.items() if key not in after],
        changed=[(entry, then) for entry, then in pairs if not entry.runs_like(then)],
        projects=[key for key in {**old.projects, **goal.projects} if _head(old, key) != _head(goal, key)],
        settings=[name for name in names if getattr(old.settings, name) != getattr(goal.settings, name)],
        configuration=goal,
    )


def _with_refused_as_before(old: Configuration, new: Configuration) -> Configuration:
    """`new`, but an entry, project or hub.yaml that it refuses stands as it does in `old`."""
    if not new.usable:
        return replace(new, settings=old.settings, projects=old.projects, file=old.file)
    refused_files = {refused.file for refused in new.refused if not refused.project}
    projects = {
        key: project
        for key, project in old.projects.items()
        if key not in new.projects and project.file in refused_files
    }
    for key, project in new.projects.items():
        projects[key] = _with_refused_entries(old.projects[key], project, new) if key in old.projects else project
    return replace(new, projects=projects)


def _with_refused_entries(old: Project, new: Project, configuration: Configuration) -> Project:
    named = {refused.id for refused in configuration.refused if refused.project == new.key and refused.id}
    unnamed = {
        refused.integration for refused in configuration.refused if refused.project == new.key and not refused.id
    }
    here = {entry.id for entry in new.entries}
    kept = [
        entry
        for entry in old.entries
        if entry.id not in here and (entry.id in named or not unnamed.isdisjoint(("", entry.integration)))
    ]
    return replace(new, entries=[*new.entries, *kept])


def _head(configuration: Configuration, key: str) -> Project | None:
    project = configuration.projects.get(key)
    return replace(project, entries=[], file="") if project else None
