"""The arbiter of a line, against meters that are late, dead, garbled, foreign and too long."""

import asyncio
from collections.abc import Callable

import pytest
from hub_modbus.frames import Garbled, NoAnswer, Refused, Request, WrongReply
from hub_modbus.link import Link, Patience
from hub_modbus.ports import SerialSettings
from hub_modbus.wire import Framing

from hub.sdk import LinkError, LinkHealth
from integrations.modbus.tests.rs485 import Line, Meter, Quirk, crc, playing

SOON = Patience(reply=0.12, late=0.3)
PLENTY = Patience(reply=3.0, late=0.3)
REGISTERS = {address: address + 1000 for address in range(300)}


def line(quirk: Callable[[bytes], Quirk] = lambda pdu: Quirk(), **more) -> Line:
    return Line(Meter(1, dict(REGISTERS), quirk=quirk), Meter(2, dict(REGISTERS)), **more)


def link_to(bus: Line, framing: Framing = Framing.RTU) -> Link:
    return Link(SerialSettings(bus.path, 115200, framing=framing), LinkHealth("line"))


def once(quirk: Quirk) -> Callable[[bytes], Quirk]:
    left = [quirk]
    return lambda pdu: left.pop() if left else Quirk()


async def test_registers_and_bits_are_read_and_written():
    with playing(line()) as bus:
        async with link_to(bus) as link:
            assert (await link.ask(Request(1, 3, 10, 3), PLENTY)).tolist() == [1010, 1011, 1012]
            assert (await link.ask(Request(1, 4, 10, 125), PLENTY)).tolist() == [1010 + i for i in range(125)]
            await link.ask(Request(1, 5, 3, values=(1,)), PLENTY)
            await link.ask(Request(1, 15, 4, values=(1, 0, 1)), PLENTY)
            assert (await link.ask(Request(1, 1, 0, 10), PLENTY)).tolist() == [0, 0, 0, 1, 1, 0, 1, 0, 0, 0]
            await link.ask(Request(1, 6, 20, values=(7,)), PLENTY)
            await link.ask(Request(1, 16, 21, values=(8, 9)), PLENTY)
            assert (await link.ask(Request(1, 3, 20, 3), PLENTY)).tolist() == [7, 8, 9]


async def test_ascii_is_spoken_too():
    with playing(line(ascii_frames=True)) as bus:
        async with link_to(bus, Framing.ASCII) as link:
            assert (await link.ask(Request(1, 3, 10, 50), PLENTY)).tolist() == [1010 + i for i in range(50)]


async def test_an_exception_reply_is_told_in_words():
    with playing(line(once(Quirk(exception=2)))) as bus:
        async with link_to(bus) as link:
            with pytest.raises(Refused, match="illegal data address") as error:
                await link.ask(Request(1, 3, 0), PLENTY)
            assert error.value.code == 2


async def test_silence_is_a_time_out_and_the_next_request_works():
    with playing(line(once(Quirk(drop=True)))) as bus:
        async with link_to(bus) as link:
            with pytest.raises(NoAnswer, match="no answer within 120 ms"):
                await link.ask(Request(1, 3, 0), SOON)
            assert (await link.ask(Request(1, 3, 5), PLENTY)).tolist() == [1005]


async def test_a_late_reply_is_never_taken_for_the_answer_to_the_next_request():
    with playing(line(once(Quirk(delay=0.18)))) as bus:
        async with link_to(bus) as link:
            with pytest.raises(NoAnswer):
                await link.ask(Request(1, 3, 0, 2), SOON)
            assert (await link.ask(Request(1, 3, 100, 2), PLENTY)).tolist() == [1100, 1101]
            assert link.late[1] > 0.12


async def test_a_late_reply_does_not_disturb_a_neighbour():
    with playing(line(once(Quirk(delay=0.2)))) as bus:
        async with link_to(bus) as link:
            with pytest.raises(NoAnswer):
                await link.ask(Request(1, 3, 0, 2), SOON)
            assert (await link.ask(Request(2, 3, 50, 2), PLENTY)).tolist() == [1050, 1051]


async def test_a_late_reply_of_another_length_is_no_answer():
    with playing(line(once(Quirk(delay=0.26)))) as bus:
        async with link_to(bus) as link:
            patience = Patience(reply=0.12, late=0.0)
            with pytest.raises(NoAnswer):
                await link.ask(Request(1, 3, 0, 2), patience)
            assert (await link.ask(Request(1, 3, 100, 6), PLENTY)).tolist() == [1100 + i for i in range(6)]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda frame: frame[:-1] + bytes([frame[-1] ^ 1]), Garbled, "right checksum"),
        (lambda frame: frame[:5] + b"\xff" + frame[6:], Garbled, "right checksum"),
        (lambda frame: frame[:20], Garbled, "cut short: 20 of 25 bytes"),
        (lambda frame: bytes((byte * 7) & 0xFF for byte in frame), Garbled, "parity"),
        (lambda frame: b"\x02" + frame[1:-2] + crc(b"\x02" + frame[1:-2]), WrongReply, "unit 2 answered"),
        (lambda frame: (body := b"\x01\x03\x04abcd") + crc(body), WrongReply, "answered 6 bytes where 22"),
        (lambda frame: (body := b"\x01\x04\x14" + frame[3:-2]) + crc(body), WrongReply, "answered function 4"),
        (lambda frame: (body := b"\x01\x03\x16" + frame[3:-2] + b"\0\0") + crc(body), WrongReply, "24 bytes where 22"),
    ],
)
async def test_a_spoilt_reply_is_an_error_and_the_next_one_is_right(change, error, words):
    with playing(line(once(Quirk(change=change)))) as bus:
        async with link_to(bus) as link:
            with pytest.raises(error, match=words):
                await link.ask(Request(1, 3, 0, 10), Patience(reply=0.5, late=0.1))
            assert (await link.ask(Request(1, 3, 100, 10), Patience(reply=0.5, late=0.1))).tolist() == [
                1100 + i for i in range(10)
            ]


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: b"\x00" + frame,
        lambda frame: b"\xff\x00" + frame,
        lambda frame: b"\x01\x03" + frame,
        lambda frame: frame + b"\x00\x00\x00",
    ],
)
async def test_sparks_before_and_after_a_sound_frame_do_not_cost_it(change):
    with playing(line(lambda pdu: Quirk(change=change))) as bus:
        async with link_to(bus) as link:
            for address in range(0, 200, 20):
                assert (await link.ask(Request(1, 3, address, 5), PLENTY))[0] == 1000 + address


async def test_one_request_is_in_flight_whoever_asks():
    with playing(line(turnaround=0.005)) as bus:
        async with link_to(bus) as link:
            asked = [link.ask(Request(1 + i % 2, 3, i, 2), PLENTY) for i in range(60)]
            assert [reply.tolist() for reply in await asyncio.gather(*asked)] == [
                [1000 + i, 1001 + i] for i in range(60)
            ]
            assert link.strays == 0


async def test_an_order_goes_before_every_poll_that_waits():
    with playing(line(turnaround=0.01)) as bus:
        async with link_to(bus) as link:
            polls = [asyncio.create_task(link.ask(Request(1, 3, i), PLENTY)) for i in range(20)]
            await asyncio.sleep(0)
            await link.ask(Request(2, 6, 5, values=(1,)), PLENTY, urgent=True)
            assert sum(poll.done() for poll in polls) <= 2
            await asyncio.gather(*polls)


async def test_a_cancelled_caller_leaves_the_line_in_order():
    with playing(line(turnaround=0.05)) as bus:
        async with link_to(bus) as link:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await link.ask(Request(1, 3, 0, 2), PLENTY)
            assert (await link.ask(Request(1, 3, 100, 2), PLENTY)).tolist() == [1100, 1101]


async def test_a_caller_cancelled_while_it_waits_sends_nothing():
    with playing(line(turnaround=0.03)) as bus:
        async with link_to(bus) as link:
            first = asyncio.create_task(link.ask(Request(1, 3, 0), PLENTY))
            second = asyncio.create_task(link.ask(Request(1, 3, 77), PLENTY))
            await asyncio.sleep(0.01)
            second.cancel()
            await first
            assert (await link.ask(Request(1, 3, 5), PLENTY)).tolist() == [1005]
            assert [pdu[2] for pdu in bus.meters[1].asked] == [0, 5]


async def test_a_port_that_is_missing_is_told_in_clear_words():
    with pytest.raises(LinkError, match="does not exist: is the adapter plugged in"):
        async with Link(SerialSettings("/dev/ttyNOTHERE"), LinkHealth("line")):
            pass


async def test_a_port_that_is_taken_is_told_in_clear_words():
    with playing(line()) as bus:
        async with link_to(bus):
            with pytest.raises(LinkError, match="taken by another program"):
                async with link_to(bus):
                    pass


async def test_an_adapter_pulled_out_is_a_lost_link():
    bus = line()
    async with link_to(bus) as link:
        bus.hang_up()
        with pytest.raises(LinkError, match="serial port"):
            async with asyncio.timeout(2):
                await link.lost()
        with pytest.raises(LinkError):
            await link.ask(Request(1, 3, 0), PLENTY)
    bus.close()


async def test_a_request_in_flight_ends_when_the_link_is_closed():
    with playing(line(lambda pdu: Quirk(drop=True))) as bus:
        async with link_to(bus) as link:
            asked = asyncio.create_task(link.ask(Request(1, 3, 0), Patience(reply=30)))
            await asyncio.sleep(0.02)
        with pytest.raises(asyncio.CancelledError):
            await asked


@pytest.mark.parametrize("function", [0, 7, 8, 0x0E, 20, 22, 23, 43, 0x41, 0x83])
def test_no_function_but_reads_and_plain_writes_can_even_be_asked_for(function):
    with pytest.raises(ValueError, match="is never sent"):
        Request(1, function, 0)


async def test_five_percent_of_late_replies_are_never_misattributed():
    late = iter(range(10**6))
    spread = lambda pdu: Quirk(delay=0.03 + 0.001 * (n % 23)) if (n := next(late)) % 20 == 7 else Quirk()  # noqa: E731
    with playing(line(spread)) as bus:
        patience = Patience(reply=0.03, late=0.08)
        async with link_to(bus) as link:
            right = wrong = 0
            for number in range(600):
                address = number * 7 % 250
                try:
                    reply = await link.ask(Request(1, 3, address, 2), patience)
                except (NoAnswer, WrongReply):
                    continue
                right += reply.tolist() == [1000 + address, 1001 + address]
                wrong += reply.tolist() != [1000 + address, 1001 + address]
            assert wrong == 0
            assert right > 300, "nineteen of twenty are in time; a busy machine may spoil some"


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_an_answer_later_than_any_window_is_not_taken_for_another(count):
    hasty = Patience(reply=0.06, late=0.0)
    with playing(line(once(Quirk(delay=0.5)))) as bus:
        async with link_to(bus) as link:
            with pytest.raises(NoAnswer):
                await link.ask(Request(1, 3, 0, count), hasty)
            answers: list[list[int]] = []
            while len(answers) < 5:
                try:
                    answers.append((await link.ask(Request(1, 3, 100, count), hasty)).tolist())
                except (NoAnswer, WrongReply):
                    await asyncio.sleep(0.02)
            assert answers == [[1100 + i for i in range(count)]] * 5


async def test_who_waits_for_a_held_device_lets_everybody_else_go_on():
    late = once(Quirk(delay=0.18))
    with playing(
        Line(Meter(1, dict(REGISTERS), quirk=once(Quirk(drop=True))), Meter(2, dict(REGISTERS), quirk=late))
    ) as bus:
        async with link_to(bus) as link:
            for unit in (1, 2):
                with pytest.raises(NoAnswer):
                    await link.ask(Request(unit, 3, 0), Patience(reply=0.12, late=1.0))
            held = asyncio.create_task(link.ask(Request(1, 3, 5), PLENTY))
            ticks = 0
            while not held.done():
                await asyncio.sleep(0.01)
                ticks += 1
            assert (await held).tolist() == [1005]
            assert ticks > 20, "the event loop was held up by whoever waited"
