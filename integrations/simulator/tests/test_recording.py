"""A recording adds up to the last decimal, and every oddity of a file is told with its line."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hub_simulator.recording import MILLION, Columns, RecordingFault, read_recording

QUARTER = 900_000


def write(tmp_path: Path, *rows: str, header: str = "when,kWh,kvarh") -> Path:
    file = tmp_path / "rows.csv"
    file.write_text("\ufeff" + "\r\n".join((header, *rows)) + "\r\n", encoding="utf-8")
    return file


def ms(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return round(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


COLUMNS = Columns("when", {"active_energy_import": "kWh"}, label="end")


def test_interval_energies_become_a_counter_that_runs_through_its_intervals(tmp_path: Path) -> None:
    file = write(tmp_path, "2018-01-01T00:15,3.17,0", "2018-01-01T00:30,4,0")
    recording = read_recording(file, COLUMNS)
    assert recording.start == ms(2018, 1, 1)
    counts = [recording.count("active_energy_import", recording.start + k * QUARTER // 2) for k in range(-1, 6)]
    assert counts == [0, 0, 1_585_000, 3_170_000, 5_170_000, 7_170_000, 7_170_000]
    assert recording.mean("active_energy_import", recording.start + 1) == pytest.approx(12.68)


def test_labels_at_the_start_of_an_interval_end_one_interval_later(tmp_path: Path) -> None:
    file = write(tmp_path, "2018-01-01T00:00,3.17,0")
    recording = read_recording(file, Columns("when", {"e": "kWh"}, label="start"))
    assert recording.ends == [ms(2018, 1, 1, 0, 15)]


def test_the_midnight_row_with_the_old_date_closes_its_day(tmp_path: Path) -> None:
    rows = ("1/1/2018 23:45,1,0", "1/1/2018 0:00,2,0", "2/1/2018 0:15,3,0")
    file = write(tmp_path, *rows)
    korea = timezone(timedelta(hours=9))
    columns = Columns(
        "when", {"e": "kWh"}, time_format="%d/%m/%Y %H:%M", label="end", midnight_closes_day=True, zone=korea
    )
    assert read_recording(file, columns).ends == [ms(2018, 1, 1, 14, 45), ms(2018, 1, 1, 15), ms(2018, 1, 1, 15, 15)]


def test_without_the_midnight_rule_such_a_file_is_refused_with_its_line(tmp_path: Path) -> None:
    file = write(tmp_path, "1/1/2018 23:45,1,0", "1/1/2018 0:00,2,0")
    with pytest.raises(RecordingFault, match=r"rows\.csv:3: .*midnight"):
        read_recording(file, Columns("when", {"e": "kWh"}, time_format="%d/%m/%Y %H:%M", label="end"))


def test_a_hole_in_the_recording_is_a_rest_of_the_counter(tmp_path: Path) -> None:
    file = write(tmp_path, "2018-01-01T00:15,1,0", "2018-01-01T01:15,2,0")
    recording = read_recording(file, COLUMNS)
    assert recording.count("active_energy_import", ms(2018, 1, 1, 0, 50)) == MILLION
    assert recording.count("active_energy_import", ms(2018, 1, 1, 1, 15)) == 3 * MILLION


def test_values_are_shown_as_they_are_and_files_may_be_packed(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv.gz"
    with gzip.open(file, "wt", encoding="utf-8") as stream:
        stream.write("when;U\n2018-01-01T00:15;229.5\n2018-01-01T00:30;231\n")
    recording = read_recording(file, Columns("when", readings={"voltage_l1": "U"}, label="end", delimiter=";"))
    assert recording.value("voltage_l1", ms(2018, 1, 1, 0, 14)) == 229.5
    assert recording.value("voltage_l1", ms(2018, 1, 1, 0, 16)) == 231


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2018-13-01T00:15,1,0", r":2: '2018-13-01T00:15' is no time"),
        ("2018-01-01T00:15,one,0", r":2: kWh: 'one' is no number"),
    ],
)
def test_a_bad_row_is_told_with_file_and_line(tmp_path: Path, row: str, words: str) -> None:
    with pytest.raises(RecordingFault, match=words):
        read_recording(write(tmp_path, row), COLUMNS)


def test_a_missing_column_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(RecordingFault, match="no column 'MWh'; the columns are: when, kWh, kvarh"):
        read_recording(write(tmp_path, "2018-01-01T00:15,1,0"), Columns("when", {"e": "MWh"}))


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingFault, match="no row of data"):
        read_recording(write(tmp_path), COLUMNS)
