"""Configuration: YAML files read, validated and compared, with every mistake told by file and line."""

from hub.config.difference import Changes, difference
from hub.config.load import load
from hub.config.model import Area, Configuration, Entry, Project, Refused, Settings
from hub.config.watch import changed_files

__all__ = [
    "Area",
    "Changes",
    "Configuration",
    "Entry",
    "Project",
    "Refused",
    "Settings",
    "changed_files",
    "difference",
    "load",
]
