"""An edit touches the entries that differ, and nothing that it broke."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hub.config import Changes, Configuration, Entry, difference

Plant = Callable[[dict[str, str]], Path]
Read = Callable[[Path], Configuration]

HEAD = "project: demo\nzone: Asia/Shanghai\nareas: {hall: Hall}\nintegrations:\n".replace("Hall}", "{name: Hall}}")
LINES = """  modbus:
    - id: line_1
      tcp: {host: 10.0.0.7}
      devices:
        - {device: incomer_1, profile: acme/pm5, unit_id: 1}
    - id: line_2
      tcp: {host: 10.0.0.8}
      devices:
        - {device: feeder_1, profile: acme/pm5, unit_id: 1}
"""
BOX = "  acme_box:\n    - {device: box, host: 10.0.0.9}\n"


def edit(plant: Plant, read: Read, before: dict[str, str], after: dict[str, str]) -> Changes:
    old = read(plant(before))
    return difference(old, read(plant(after)))


def ids(entries: list[Entry]) -> list[str]:
    return [f"{entry.project}/{entry.id}" for entry in entries]


def touched(changes: Changes) -> tuple[list[str], list[str], list[str]]:
    return ids(changes.started), ids(changes.stopped), ids([new for _, new in changes.changed])


def demo(text: str) -> dict[str, str]:
    return {"projects/demo.yaml": text}


def test_moved_lines_comments_and_other_spelling_change_nothing(plant: Plant, read: Read) -> None:
    respelt = LINES.replace(
        "tcp: {host: 10.0.0.7}", "tcp:\n        # the roof\n        port: 0x1F6\n        host: 10.0.0.7"
    )
    changes = edit(plant, read, demo(HEAD + LINES + BOX), demo("# moved\n\n" + HEAD + BOX + respelt))
    assert touched(changes) == ([], [], [])
    assert (changes.projects, changes.settings) == ([], [])
    assert changes.configuration.projects["demo"].entries[1].line == 10


def test_only_the_entry_that_differs_is_restarted(plant: Plant, read: Read) -> None:
    changes = edit(plant, read, demo(HEAD + LINES + BOX), demo(HEAD + LINES.replace("10.0.0.8", "10.0.0.88") + BOX))
    assert touched(changes) == ([], [], ["demo/line_2"])
    ((old, new),) = changes.changed
    assert (old.config["tcp"]["host"], new.config["tcp"]["host"]) == ("10.0.0.8", "10.0.0.88")


def test_entries_come_and_go(plant: Plant, read: Read) -> None:
    changes = edit(plant, read, demo(HEAD + LINES), demo(HEAD + BOX))
    assert touched(changes) == (["demo/acme_box"], ["demo/line_1", "demo/line_2"], [])


def test_an_entry_given_to_another_integration_is_restarted(plant: Plant, read: Read) -> None:
    before = HEAD + "  modbus: [{id: x, devices: []}]\n"
    changes = edit(plant, read, demo(before), demo(HEAD + "  acme_box: [{id: x, device: box, host: 10.0.0.9}]\n"))
    assert touched(changes) == ([], [], ["demo/x"])


def test_a_new_secret_restarts_the_entry_that_uses_it(plant: Plant, read: Read) -> None:
    text = demo(HEAD + LINES + "  acme_box: [{device: box, host: !secret host}]\n")
    changes = edit(plant, read, {**text, "secrets.yaml": "host: a"}, {**text, "secrets.yaml": "host: b"})
    assert touched(changes) == ([], [], ["demo/acme_box"])


def test_a_project_that_changes_hands_restarts_and_one_that_is_renamed_for_people_does_not(
    plant: Plant, read: Read
) -> None:
    before, moved = demo(HEAD + LINES), demo("tenant: acme\n" + HEAD + LINES)
    assert touched(edit(plant, read, before, moved)) == ([], [], ["demo/line_1", "demo/line_2"])
    changes = edit(plant, read, before, demo("name: New name\n" + HEAD + LINES))
    assert touched(changes) == ([], [], [])
    assert changes.projects == ["demo"]


def test_a_new_project_file_starts_its_entries_and_a_removed_one_stops_them(plant: Plant, read: Read) -> None:
    old = read(plant(demo(HEAD + LINES)))
    hub_yaml = plant({"projects/west.yaml": "project: west\nzone: UTC\nintegrations:\n" + BOX})
    changes = difference(old, read(hub_yaml))
    assert touched(changes) == (["west/acme_box"], [], [])
    (hub_yaml.parent / "projects" / "demo.yaml").unlink()
    changes = difference(changes.configuration, read(hub_yaml))
    assert touched(changes) == ([], ["demo/line_1", "demo/line_2"], [])
    assert changes.projects == ["demo"]


def test_an_entry_broken_by_an_edit_goes_on_as_it_was_while_good_edits_beside_it_count(
    plant: Plant, read: Read
) -> None:
    broken = LINES.replace("profile: acme/pm5, unit_id: 1}\n    - id: line_2", "profile: acme/pm5}\n    - id: line_2")
    after = HEAD + broken.replace("10.0.0.8", "10.0.0.88") + BOX
    changes = edit(plant, read, demo(HEAD + LINES), demo(after))
    assert touched(changes) == (["demo/acme_box"], [], ["demo/line_2"])
    assert len(changes.configuration.errors) == 1
    in_force = {entry.id: entry for entry in changes.configuration.entries}
    assert in_force["line_1"].config["devices"][0]["unit_id"] == 1
    mended = difference(changes.configuration, read(plant(demo(HEAD + LINES))))
    assert touched(mended) == ([], ["demo/acme_box"], ["demo/line_2"])


def test_an_entry_that_lost_its_id_does_not_stop_the_one_that_runs(plant: Plant, read: Read) -> None:
    changes = edit(plant, read, demo(HEAD + LINES), demo(HEAD + LINES.replace("id: line_2", "id: Line 2")))
    assert touched(changes) == ([], [], [])


def test_a_misspelt_integration_stops_nothing(plant: Plant, read: Read) -> None:
    changes = edit(plant, read, demo(HEAD + LINES + BOX), demo(HEAD + LINES.replace("modbus:", "modbuss:") + BOX))
    assert touched(changes) == ([], [], [])


def test_a_project_file_or_hub_yaml_that_is_no_yaml_changes_nothing(plant: Plant, read: Read) -> None:
    before = {**demo(HEAD + LINES), "hub.yaml": "port: 8081"}
    for broken in (demo(HEAD + LINES + "  ]"), demo(""), demo("zone: UTC"), {"hub.yaml": "port: [8081"}):
        changes = edit(plant, read, before, {**before, **broken})
        assert touched(changes) == ([], [], [])
        assert (changes.projects, changes.settings) == ([], [])
        assert changes.configuration.settings.port == 8081
        assert changes.configuration.errors


def test_changed_settings_are_named(plant: Plant, read: Read) -> None:
    changes = edit(plant, read, {"hub.yaml": "port: 8081"}, {"hub.yaml": "{port: 8082, history: {retention_days: 9}}"})
    assert changes.settings == ["port", "history"]
