"""A YAML file as plain values, with the place of each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.config.place import MISSING, Fault, Keys, Place, at


@dataclass(slots=True)
class Document:
    """The values of a file and of what it includes; `faults` grow as more is found to be wrong with it."""

    file: str
    value: Any = MISSING
    places: dict[Keys, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set, repr=False)
    files: list[Path] = field(default_factory=list)

    def at(self, keys: Keys) -> Any:
        """The value at `keys`, or MISSING."""
        return at(self.value, keys)

    def place(self, keys: Keys) -> Place:
        """Where the value at `keys` stands, or the innermost value around it that there is."""
        while keys and (keys not in self.places or self.at(keys) is MISSING):
            keys = keys[:-1]
        return self.places.get(keys, Place(self.file, 1))

    def refuse(self, keys: Keys, message: str, place: Place | None = None) -> None:
        """Note a fault of the value at `keys`."""
        self.faults.append(Fault(keys, place or self.place(keys), message))

    def faulty(self, keys: Keys) -> bool:
        """Whether the value at `keys`, or one inside it, has a fault."""
        return any(fault.keys[: len(keys)] == keys for fault in self.faults)

    def told(self, keys: Keys) -> bool:
        """Whether a fault of the value at `keys`, or of one around it, is known already."""
        return any(fault.keys and keys[: len(fault.keys)] == fault.keys for fault in self.faults)

    def items(self, keys: Keys) -> Iterator[tuple[Keys, Any]]:
        """The members of a list or mapping with their keys; none for anything else."""
        value = self.at(keys)
        pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, member in pairs:
            yield (*keys, key), member
