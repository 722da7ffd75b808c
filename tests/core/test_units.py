"""Units convert within their dimension and nowhere else."""

from __future__ import annotations

import pytest

from hub.core.errors import HubError
from hub.core.units import convert


def test_units_of_one_dimension_convert() -> None:
    assert convert(1.5, "MWh", "kWh") == pytest.approx(1500)
    assert convert(20, "°C", "K") == pytest.approx(293.15)
    assert convert(7200, "pcs/h", "pcs/h") == 7200


def test_units_of_two_dimensions_do_not() -> None:
    with pytest.raises(HubError, match="piece rate"):
        convert(1, "pcs/h", "pcs")
    with pytest.raises(HubError, match="unknown unit 'kWhr'"):
        convert(1, "kWhr", "kWh")
