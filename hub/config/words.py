"""The small schemas that hub.yaml and project files share."""

from __future__ import annotations

from ipaddress import ip_address
from zoneinfo import ZoneInfo, available_timezones

import voluptuous as vol

from hub.config.place import nearest
from hub.core.model import KEY

KEY_TEXT = vol.All(str, vol.Match(rf"{KEY.pattern}\Z", msg="expected lower snake case, such as press_shop_2"))
"""A key of a project, area, device or entry."""

LABEL = vol.Any(str, {vol.Optional("en"): str, vol.Optional("zh"): str})
"""A name for people: one text, or one per language."""


def whole(low: int, high: int) -> vol.All:
    """A whole number from `low` to `high`."""
    return vol.All(int, vol.Range(low, high, msg=f"expected {low} to {high}"))


def number(low: float, high: float) -> vol.All:
    """A number from `low` to `high`."""
    return vol.All(vol.Any(int, float), vol.Range(low, high, msg=f"expected {low:g} to {high:g}"), vol.Coerce(float))


def zone(name: str) -> str:
    """The name of a time zone of the IANA database. Raises vol.Invalid."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        near = nearest(name, available_timezones())
        more = near if "did you mean" in near else ""
        raise vol.Invalid(f"unknown time zone '{name}'{more or '; write one such as Asia/Shanghai'}") from None
    return name


def host(name: str) -> str:
    """An address of this machine to serve pages at. Raises vol.Invalid."""
    try:
        return name if name == "localhost" else str(ip_address(name))
    except ValueError:
        raise vol.Invalid(f"expected an address of this machine such as 127.0.0.1, found text '{name}'") from None
