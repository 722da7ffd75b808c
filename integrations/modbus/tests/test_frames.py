"""Frames: recorded traffic, pymodbus as a second opinion, and 200,000 mutations."""

import csv
import gzip
import os
import random
import struct
from itertools import islice
from pathlib import Path

import pytest
from hub_modbus.frames import OutOfStep, Refused, Request, content, encode, search, whole_frames
from hub_modbus.wire import Framing
from pymodbus.framer import FramerAscii, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU

from integrations.modbus.tests.rs485 import crc, lrc

DATA = Path(os.environ.get("KWHUB_DATA", Path(__file__).parents[4] / "shared" / "data"))
SERVERS = {Framing.RTU: FramerRTU, Framing.ASCII: FramerAscii, Framing.TCP: FramerSocket}
REQUESTS = [
    Request(17, 1, 19, 37),
    Request(17, 2, 196, 22),
    Request(17, 3, 107, 3),
    Request(17, 4, 8, 125),
    Request(17, 5, 172, values=(1,)),
    Request(17, 6, 1, values=(3,)),
    Request(17, 15, 19, values=(1, 0, 1, 1, 0, 0, 1, 1, 1, 0)),
    Request(17, 16, 1, values=(10, 258)),
]


def pdu_of_reply(request: Request, seed: int = 1) -> bytes:
    if request.function in (5, 6, 15, 16):
        return bytes(encode(request, Framing.TCP)[7:12])
    size = request.reply_bytes - 2
    return bytes([request.function, size]) + random.Random(seed).randbytes(size)


def framed(pdu: bytes, unit: int, framing: Framing, transaction: int = 9) -> bytes:
    body = bytes([unit]) + pdu
    if framing is Framing.RTU:
        return body + crc(body)
    if framing is Framing.ASCII:
        return b":" + (body + bytes([lrc(body)])).hex().upper().encode() + b"\r\n"
    return struct.pack(">HHH", transaction, 0, len(body)) + body


@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: f"function {request.function}")
def test_requests_are_understood_by_a_server_and_replies_by_us(request_, framing):
    server = SERVERS[framing](DecodePDU(True))
    used, understood = server.handleFrame(encode(request_, framing, 9), 17, 9)
    assert understood is not None
    assert (used, understood.dev_id, understood.address) == (
        len(encode(request_, framing, 9)), 17, request_.address,
    )  # fmt: skip
    reply = pdu_of_reply(request_)
    found = search(framed(reply, 17, framing), request_, framing, 9)
    assert (found.pdu, found.used) == (reply, len(framed(reply, 17, framing)))


def test_the_examples_of_the_specification_come_out():
    registers = content(bytes.fromhex("0306022b00000064"), Request(17, 3, 107, 3))
    assert registers.tolist() == [555, 0, 100]
    coils = content(bytes.fromhex("0105cd6bb20e1b"), Request(17, 1, 19, 37)).tolist()
    assert coils[:8] == [1, 0, 1, 1, 0, 0, 1, 1]
    assert len(coils) == 37
    with pytest.raises(Refused, match="illegal data address"):
        content(b"\x81\x02", Request(17, 1, 1185))


@pytest.mark.parametrize("framing", Framing)
def test_a_reply_in_pieces_is_found_when_its_last_byte_is_there(framing):
    request = REQUESTS[3]
    whole = framed(pdu_of_reply(request), 17, framing)
    assert all(not search(whole[:size], request, framing, 9).used for size in range(len(whole)))
    assert search(whole, request, framing, 9).pdu


def test_a_stranger_on_tcp_is_out_of_step():
    with pytest.raises(OutOfStep):
        search(b"HTTP/1.1 400 Bad Request\r\n", REQUESTS[2], Framing.TCP, 9)


def test_frames_nobody_waits_for_are_dropped_whole_on_tcp():
    frame = framed(b"\x03\x02\0\0", 17, Framing.TCP)
    assert whole_frames(frame + frame[:5], Framing.TCP) == len(frame)
    assert whole_frames(b"noise", Framing.RTU) == 5


def mutated(frame: bytes, chance: random.Random) -> bytes:
    data = bytearray(frame)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        place = chance.randrange(len(data)) if data else 0
        what = chance.randrange(6)
        if what == 0 and data:
            data[place] ^= 1 << chance.randrange(8)
        elif what == 1 and data:
            data[place] = chance.randrange(256)
        elif what == 2:
            del data[place:]
        elif what == 3:
            data[place:place] = chance.randbytes(chance.randrange(1, 6))
        elif what == 4:
            del data[place : place + chance.randrange(1, 4)]
        else:
            data += data[: chance.randrange(1, 12)]
    return bytes(data)


def checksum_is_right(buffer: bytes, used: int, pdu: bytes, unit: int, framing: Framing) -> bool:
    """Whether the frame that `search` accepted stands in the buffer, judged without any code of the hub."""
    frame = framed(pdu, unit, framing)
    if framing is Framing.ASCII:
        return buffer[:used].upper().endswith(frame)
    return buffer[:used].endswith(frame)


@pytest.mark.parametrize("framing", Framing)
def test_mutated_frames_bring_no_exception_and_no_value_from_a_bad_checksum(framing):
    chance = random.Random(20260101)
    accepted = 0
    for number in range(200_000 // 3 + 1):
        request = REQUESTS[number % len(REQUESTS)]
        pdu = (
            bytes([request.function | 0x80, chance.randrange(12)])
            if number % 11 == 0
            else pdu_of_reply(request, number)
        )
        buffer = mutated(framed(pdu, 17, framing), chance)
        try:
            found = search(buffer, request, framing, 9)
        except OutOfStep:
            assert framing is Framing.TCP
            continue
        assert found.used <= len(buffer)
        if not found.pdu:
            continue
        accepted += 1
        assert checksum_is_right(buffer, found.used, found.pdu, 17, framing)
        if not found.pdu[0] & 0x80:
            assert len(content(found.pdu, request)) == (request.count if request.function < 5 else len(request.values))
    assert accepted > 100, "mutations must leave some frames sound, or the test proves nothing"


def recorded(name: str) -> list[dict[str, str]]:
    with gzip.open(DATA / "pcaps" / f"{name}.oracle.tsv.gz", "rt") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize(
    ("capture", "least"), [("iti_mb_test1", 900), ("cisa_mb_example", 3), ("iti_mb_digitalbond1", 1)]
)
def test_recorded_replies_read_as_an_independent_decoder_reads_them(capture, least):
    checked = 0
    asked: dict[tuple[str, str, str], tuple[int, int]] = {}
    for row in recorded(capture):
        payload, function = bytes.fromhex(row["tcp.payload"]), row["modbus.func_code"]
        key = (row["tcp.stream"], row["mbtcp.trans_id"], row["mbtcp.unit_id"])
        if function not in ("3", "4") or len(payload) != int.from_bytes(payload[4:6], "big") + 6:
            continue
        if len(payload) == 12 and row["tcp.srcport"] not in ("502", "501") and not row["modbus.exception_code"]:
            asked[key] = struct.unpack(">HH", payload[8:12])
        elif key in asked:
            address, count = asked.pop(key)
            request = Request(payload[6], int(function), address, count)
            found = search(payload, request, Framing.TCP, int(row["mbtcp.trans_id"]))
            if row["modbus.exception_code"]:
                with pytest.raises(Refused):
                    content(found.pdu, request)
            else:
                told = [int(value) for value in row["modbus.regval_uint16"].split(",")]
                assert content(found.pdu, request).tolist() == told
            checked += 1
    assert checked >= least


def test_every_recorded_packet_goes_through_the_search_without_harm():
    request = Request(1, 3, 0, 2)
    for capture in ("iti_mb_test1", "cisa_mb_example", "iti_mb_digitalbond1", "zeek_mb_small"):
        for row in islice(recorded(capture), 5000):
            payload = bytes.fromhex(row["tcp.payload"].split(",")[0])
            for framing in Framing:
                try:
                    assert search(payload, request, framing, 1).used <= len(payload)
                except OutOfStep:
                    assert framing is Framing.TCP
