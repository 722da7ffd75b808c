"""LINK on the command line: `serial:/dev/ttyUSB0:9600`, `ascii:...`, `tcp:10.0.0.7:502`, `rtu-tcp:...`."""

from __future__ import annotations

from dataclasses import replace

from hub_modbus.ports import SerialSettings, Settings, TcpSettings
from hub_modbus.wire import Framing

_TCP = {"tcp": Framing.TCP, "rtu-tcp": Framing.RTU, "ascii-tcp": Framing.ASCII}
_SERIAL = {"serial": Framing.RTU, "rtu": Framing.RTU, "ascii": Framing.ASCII}
_EXAMPLES = "serial:/dev/ttyUSB0:9600 or tcp:10.0.0.7:502 (also ascii:..., rtu-tcp:..., ascii-tcp:...)"


def parse_link(text: str) -> Settings:
    """The line meant by `text`. Raises ValueError with examples."""
    scheme, _, rest = text.partition(":")
    if not rest or scheme not in _TCP | _SERIAL:
        raise ValueError(f"{text!r} is no link; write {_EXAMPLES}")
    place, _, number = rest.rpartition(":")
    if not place or not number.isdigit():
        place, number = rest, ""
    if scheme in _TCP:
        return TcpSettings(place, int(number or 502), _TCP[scheme])
    return SerialSettings(place, int(number or 9600), framing=_SERIAL[scheme])


def parse_units(text: str) -> list[int]:
    """Unit ids meant by `1-32,40`, ascending. Raises ValueError for one outside 1 to 247."""
    units: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or not (last if dash else first).isdigit():
            raise ValueError(f"{part!r} is no address; write 1-247 or 1,5,9")
        units.update(range(int(first), int(last or first) + 1))
    if not units or min(units) < 1 or max(units) > 247:
        raise ValueError(f"addresses go from 1 to 247; {text!r} does not")
    return sorted(units)


def variants(settings: Settings, baudrates: list[int], parities: list[str]) -> list[Settings]:
    """The line in every combination of baud rate and parity to try; a TCP connection has only one."""
    if not isinstance(settings, SerialSettings):
        return [settings]
    return [
        replace(settings, baudrate=baudrate, parity=parity)
        for baudrate in baudrates or [settings.baudrate]
        for parity in parities or [settings.parity]
    ]
