"""Plans: never dearer than any other choice, never over a forbidden register."""

from itertools import pairwise

import pytest
from hub_modbus.mapping import mapped_point
from hub_modbus.plan import Ground, cover, plan
from hub_modbus.profile import Manners
from hub_modbus.registers import MappedPoint
from hub_modbus.wire import Framing, Wire
from hypothesis import given, settings
from hypothesis import strategies as st

SLOW = Wire(Framing.RTU, 9600)


def points(*places: tuple[int, str], function: int = 3) -> list[MappedPoint]:
    defaults = {"function": function, "word_order": "big", "byte_order": "big"}
    kinds = [{"type": kind} if function > 2 else {} for _, kind in places]
    return [mapped_point(f"p{i}", {"address": places[i][0], **kind}, defaults) for i, kind in enumerate(kinds)]


def spans(wanted: list[MappedPoint], wire: Wire = SLOW, closed=(), **manners) -> list[tuple[int, int]]:
    ground = Ground(Manners(**manners), tuple(wanted), closed)
    return [(block.address, block.count) for block in plan(wanted, ground, wire)]


@pytest.mark.parametrize(
    ("count", "baudrate", "milliseconds"),
    [(2, 9600, 25.0), (62, 9600, 150.0), (125, 9600, 281.2), (62, 19200, 75.0), (62, 115200, 15.4), (100, 2400, 916.7)],
)
def test_wire_time_is_that_of_the_table(count, baudrate, milliseconds):
    assert Wire(Framing.RTU, baudrate).read(3, count) * 1000 == pytest.approx(milliseconds, abs=0.06)


@pytest.mark.parametrize(("baudrate", "widest"), [(9600, 19), (19200, 29), (38400, 51)])
def test_a_gap_is_read_over_exactly_while_that_is_cheaper_than_a_second_request(baudrate, widest):
    wire = Wire(Framing.RTU, baudrate)
    assert len(spans(points((0, "u16"), (widest + 1, "u16")), wire, turnaround_ms=20)) == 1
    assert len(spans(points((0, "u16"), (widest + 2, "u16")), wire, turnaround_ms=20)) == 2


def test_a_whole_live_image_is_one_request():
    assert spans(points(*((6 + 2 * i, "f32") for i in range(31)))) == [(6, 62)]


def test_the_longest_read_is_kept_and_a_value_is_never_cut():
    cut = spans(points(*((2 * i, "u32") for i in range(60))), max_read=33)
    assert all(count <= 33 and count % 2 == 0 for _, count in cut)
    assert sum(count for _, count in cut) == 120


def test_372_harmonics_take_four_requests_of_100_or_three_of_125():
    harmonics = points(*((0x262 + i, "u16") for i in range(372)))
    assert len(spans(harmonics, max_read=100)) == 4
    assert len(spans(harmonics, max_read=125)) == 3


def test_forbidden_registers_holes_and_what_was_found_closed_are_not_read_over():
    pair = points((0, "u16"), (5, "u16"))
    assert spans(pair) == [(0, 6)]
    assert spans(pair, forbidden=((3, 3),)) == [(0, 1), (5, 1)]
    assert spans(pair, holes=False) == [(0, 1), (5, 1)]
    assert spans(pair, max_gap=3) == [(0, 1), (5, 1)]
    assert spans(pair, closed=((2, 3),)) == [(0, 1), (5, 1)]


def test_functions_are_asked_for_apart_and_coils_in_one_go():
    both = points((0, "u16")) + points((0, "u16"), function=4)
    assert spans(both) == [(0, 1), (0, 1)]
    coils = points(*((i, "u16") for i in range(0, 1900, 10)), function=1)
    assert spans(coils, max_gap=125) == [(0, 1891)]


def test_points_in_one_register_are_one_place():
    defaults = {"function": 3, "word_order": "big", "byte_order": "big"}
    bits = [mapped_point(f"b{i}", {"address": 7, "bit": i}, defaults) for i in range(16)]
    assert spans([*bits, *points((6, "u32"))]) == [(6, 2)]


PLACES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 4)), min_size=1, max_size=6)


@settings(max_examples=300, deadline=None)
@given(PLACES, st.integers(4, 40), st.floats(0, 30), st.floats(0.1, 3), st.sets(st.integers(0, 64), max_size=6))
def test_no_other_choice_of_requests_is_cheaper(places, limit, fixed, each, barred):
    wanted = sorted({(start, start + length) for start, length in places})
    inside = {address for start, end in wanted for address in range(start, end)}
    closed = barred - inside

    def bridge(start: int, end: int) -> bool:
        return not closed.intersection(range(start, end))

    def cost(count: int) -> float:
        return float(fixed + each * count)

    found = cover(wanted, limit, cost, bridge)
    assert all(any(first <= start and end <= last for first, last in found) for start, end in wanted)
    assert all(last - first <= limit and not closed.intersection(range(first, last)) for first, last in found)
    assert sum(cost(last - first) for first, last in found) == pytest.approx(brute_force(wanted, limit, cost, closed))


def brute_force(wanted, limit, cost, closed):
    """The least cost over every way to put the wanted spans into groups, one request each."""
    best = float("inf")
    for groups in partitions(wanted):
        requests = [(min(start for start, _ in group), max(end for _, end in group)) for group in groups]
        if all(b - a <= limit and not closed.intersection(range(a, b)) for a, b in requests):
            best = min(best, sum(cost(b - a) for a, b in requests))
    return best


def partitions(items):
    if not items:
        yield []
        return
    for rest in partitions(items[1:]):
        yield [[items[0]], *rest]
        for i, group in enumerate(rest):
            yield [*rest[:i], [items[0], *group], *rest[i + 1 :]]


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=80, unique=True))
@settings(max_examples=50, deadline=None)
def test_blocks_come_in_order_and_carry_every_point_once(addresses):
    wanted = points(*((address, "u16") for address in addresses))
    blocks = plan(wanted, Ground(Manners(), tuple(wanted)), SLOW)
    assert sorted(point.key for block in blocks for point in block.points) == sorted(point.key for point in wanted)
    assert all(a.address + a.count <= b.address for a, b in pairwise(blocks))
