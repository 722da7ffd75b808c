"""Configuration: YAML files read, validated and compared, with every mistake told by file and line."""

from hub.config.entry import Entry

__all__ = ["Entry"]
