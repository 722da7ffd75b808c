"""Values that stand apart from the configuration: `!secret name` takes them from secrets.yaml."""

from __future__ import annotations

from pathlib import Path

import yaml

from hub.config.nodes import Unreadable, compose, place_of, scalar
from hub.config.place import Fault, nearest
from hub.config.text import text_of

Secret = str | int | float | bool


class Secrets:
    """Names and values of one secrets file, read when the first is asked for.

    `faults` tell what is wrong with the file itself, by name and line only.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self._values: dict[str, Secret] | None = None
        self._state = ""
        self._twice: set[str] = set()

    def value(self, name: str) -> Secret:
        """The secret called `name`. Raises KeyError with what to do about it."""
        if self._values is None:
            self._values = self._read()
        if name in self._twice:
            raise KeyError(f"secret '{name}' is given twice in {self.file}: keep one of them")
        if name not in self._values:
            raise KeyError(
                f"secret '{name}': {self._state or f'{self.file.name} has none of this name{self._near(name)}'}"
            )
        return self._values[name]

    def _near(self, name: str) -> str:
        return nearest(name, self._values or ()) + f"; add a line '{name}: ...' to {self.file}"

    def _read(self) -> dict[str, Secret]:
        if not self.file.exists():
            self._state = f"there is no {self.file}; make it, with a line for each secret: name, colon, value"
            return {}
        try:
            root = compose(str(self.file), text_of(self.file))
        except Unreadable as error:
            # the parser's own words may quote a secret
            self._state = f"{error.place} is not valid YAML"
            message = "this line, or one before it, is not valid YAML: put secrets with special signs in single quotes"
            self.faults.append(Fault((), error.place, message))
            return {}
        if not isinstance(root, yaml.MappingNode):
            self._state = f"{self.file} must hold lines of name, colon, value"
            return {}
        return self._pairs(root)

    def _pairs(self, root: yaml.MappingNode) -> dict[str, Secret]:
        found: dict[str, Secret] = {}
        for key, node in root.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            try:
                value = scalar(node) if isinstance(node, yaml.ScalarNode) else None
            except ValueError:
                value = None
            if name in found:
                self._twice.add(name)
                self.faults.append(Fault((name,), place_of(key), "is given twice: keep one of them"))
            elif value is None:
                self.faults.append(Fault((name,), place_of(key), "a secret is one text or number"))
            else:
                found[name] = value
        return found
