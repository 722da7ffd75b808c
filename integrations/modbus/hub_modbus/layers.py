"""One profile out of several layers: what it extends, itself, and what a plant says otherwise."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Any

import voluptuous as vol

from hub.sdk import ProfileError
from hub_modbus.document import Document, read
from hub_modbus.expand import distances, expand
from hub_modbus.registers import DataType
from hub_modbus.schema import PROFILE, known_keys

Faults = list[str]


@dataclass(slots=True)
class Merged:
    """Everything the layers say together; `places` tells where each point was last spoken of."""

    head: dict[str, Any] = field(default_factory=dict)
    sections: dict[str, dict[str, Any]] = field(default_factory=lambda: {"modbus": {}, "ratio": {}, "scan": {}})
    points: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, tuple[str, int]] = field(default_factory=dict)


def documents(source: str | Traversable, profiles: Mapping[str, Traversable]) -> list[Document]:
    """The file of a profile after all that it extends, the root first. Raises ProfileError."""
    chain: list[Document] = []
    names: list[str] = []
    wanted: str | Traversable | None = source
    place = ""
    while wanted is not None:
        document = read(find(wanted, profiles, place) if isinstance(wanted, str) else wanted)
        if document.file in names:
            raise ProfileError(f"{document.file}: extends itself by way of {', '.join(names)}")
        names.append(document.file)
        chain.append(document)
        wanted = document.data.get("extends")
        place = f"{document.file}:{document.line(('extends',))}: "
    return chain[::-1]


def find(name: str, profiles: Mapping[str, Traversable], place: str = "") -> Traversable:
    """The file of the profile called `name`. Raises ProfileError with the nearest names when there is none."""
    if name in profiles:
        return profiles[name]
    near = difflib.get_close_matches(name, profiles, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(sorted(profiles)) or 'none'}"
    raise ProfileError(f"{place}no profile {name}; {hint}")


def merge(chain: list[Document], faults: Faults) -> Merged:
    """The layers laid over one another; what is wrong with them is added to `faults`."""
    merged = Merged()
    for index, document in enumerate(chain):
        sound = _check(document, faults)
        if index and sound.get("confidence") == "assumed":
            for fields in merged.points.values():
                fields["confidence"] = "assumed"
        merged.head.pop("match", None)
        merged.head |= {key: value for key, value in sound.items() if key not in (*merged.sections, "points")}
        for name, section in merged.sections.items():
            own = sound.get(name, {})
            if name == "ratio" and own and "mode" not in own:
                section.pop("mode", None)  # follows from what is given: numbers are fixed, addresses are read
            section.update(own)
        for pattern, fields in sound.get("points", {}).items():
            _lay_points(merged, document, pattern, fields, faults)
    return merged


def _check(document: Document, faults: Faults) -> dict[str, Any]:
    try:
        checked: dict[str, Any] = PROFILE(document.data)
    except vol.MultipleInvalid as error:
        for one in error.errors:
            faults.append(f"{document.file}:{document.line(tuple(one.path))}: {_words(one)}")
        return _sound_part(document.data, error.errors)
    return checked


def _sound_part(data: Mapping[str, Any], errors: list[vol.Invalid]) -> dict[str, Any]:
    """What is left without the faulty points and sections, so that one reading finds the other faults too."""
    broken = {tuple(error.path[:2]) for error in errors if error.path[:1] == ["points"] and len(error.path) > 1}
    sections = {error.path[0] for error in errors if error.path} - ({"points"} if broken else set())
    points = {key: value for key, value in (data.get("points") or {}).items() if ("points", key) not in broken}
    kept = {key: value for key, value in data.items() if key not in sections}
    return kept | ({"points": points} if "points" in kept else {})


def _words(error: vol.Invalid) -> str:
    path = [str(part) for part in error.path]
    message = error.error_message
    if message == "extra keys not allowed" and path:
        near = difflib.get_close_matches(path[-1], known_keys(path), n=1)
        message = f"no such key; did you mean {near[0]}?" if near else f"no such key; known: {known_keys(path)}"
    return f"{'.'.join(path)}: {message}"


def _lay_points(
    merged: Merged, document: Document, pattern: str, fields: dict[str, Any] | None, faults: Faults
) -> None:
    line = document.line(("points", pattern))
    try:
        names = expand(pattern)
        steps = distances(pattern, fields["step"]) if fields and "step" in fields else None
    except ValueError as error:
        faults.append(f"{document.file}:{line}: points: {error}")
        return
    inherited = {"confidence": merged.head["confidence"]} if "confidence" in merged.head else {}
    own = {"confidence": document.data["confidence"]} if "confidence" in document.data else {}
    for index, name in enumerate(names):
        if fields is None:
            _remove(merged, name, f"{document.file}:{line}: points.{name}", faults)
            continue
        known = merged.points.get(name, inherited)
        merged.points[name] = _stepped(known | own | fields, fields, index, steps[index] if steps else None)
        merged.places[name] = (document.file, line)


def _remove(merged: Merged, name: str, place: str, faults: Faults) -> None:
    """Take out the point `name`, or every point that matches it when it has a `*`."""
    found = fnmatch.filter(merged.points, name)
    for key in found:
        del merged.points[key]
    if not found:
        faults.append(f"{place}: nothing to remove; {nearest(name, merged.points)}")


def _stepped(whole: dict[str, Any], own: dict[str, Any], index: int, distance: int | None) -> dict[str, Any]:
    """The fields of the `index`-th name of a brace expansion: address, or bit or byte, moved on by that many steps.

    `distance` is how far a declared step moves the address; None when the profile declares none.
    """
    moved = dict(whole)
    if "address" in own:
        if distance is not None:
            moved["address"] = own["address"] + distance
        elif "bit" in own:
            carry, moved["bit"] = divmod(own["bit"] + index, 16)
            moved["address"] = own["address"] + carry
        elif "byte" in own:
            halves = index + (own["byte"] == "low")
            moved["address"] = own["address"] + halves // 2
            moved["byte"] = "low" if halves % 2 else "high"
        else:
            moved["address"] = own["address"] + index * width(whole)
    if isinstance(own.get("write"), dict):
        moved["write"] = own["write"] | {"address": own["write"]["address"] + index}
    return moved


def width(fields: Mapping[str, Any]) -> int:
    """Registers (or bits, for coils) that a point with these fields takes."""
    if fields.get("function") in (1, 2):
        return 1
    kind = DataType(fields.get("type", "u16"))
    return int(fields.get("count", 1)) if kind is DataType.ASCII else kind.words


def nearest(name: str, known: Mapping[str, Any]) -> str:
    """Words that help whoever misspelt a point."""
    near = difflib.get_close_matches(name, known, n=3)
    return f"did you mean {' or '.join(near)}?" if near else f"the profile has {len(known)} points, none like it"
