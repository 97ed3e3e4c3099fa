"""Reading triggers.yaml, what is odd in it, and changing it without touching anything else."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from penstock.model.errors import EditRefusedError, FileInvalidError, TriggerNotFoundError
from penstock.model.trigger import MissedPolicy, OnLimit, Preset, TriggerKind, TriggerSettings, Upstream, Webhook
from penstock.model.trigger_definition import from_definition, settings_values, to_definition
from penstock.project.check import check_project
from penstock.project.load import open_project
from penstock.project.trigger_edit import add_trigger, change_trigger, remove_trigger
from penstock.project.triggers import TriggersReading, read_triggers

# As Mage writes it: repo_path is where the project stood in its container, which means nothing anywhere else.
MAGES = """\
triggers:
- description: null
  envs: []
  last_enabled_at: 2023-11-16 03:54:30.123456
  name: nightly
  pipeline_uuid: somewhere_else
  repo_path: /home/src/default_repo
  schedule_interval: '@daily'
  schedule_type: time
  settings:
    skip_if_previous_running: true
    allow_blocks_to_fail: true
    create_initial_pipeline_run: false
    landing_time_enabled: false
    pipeline_run_limit: 2
    timeout: 3600
    timeout_status: cancelled
    invalid_schedule_interval: false
  sla: 600
  start_time: 2023-06-09 13:40:00
  status: active
  token: null
  variables:
    country: fr
    day: 2024-01-31
"""


def read(tmp_path: Path, text: str | bytes, pipeline: str = "orders") -> TriggersReading:
    folder = tmp_path / "pipelines" / pipeline
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "triggers.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_triggers(tmp_path, pipeline, folder)


def one(tmp_path: Path, **keys: Any) -> tuple[TriggersReading, Any]:
    lines = "".join(f"  {key}: {value}\n" for key, value in {"name": "a", **keys}.items())
    reading = read(tmp_path, f"triggers:\n- {lines.lstrip()}")
    return reading, reading.entries["a"]


def test_what_mage_writes_is_read(tmp_path: Path) -> None:
    reading = read(tmp_path, MAGES)
    entry = reading.entries["nightly"]
    trigger = entry.trigger
    assert (entry.problem, reading.findings) == ("", ())
    assert trigger.pipeline == "orders"  # the folder's, whatever the file says
    assert trigger.kind is TriggerKind.TIME
    assert trigger.schedule is not None
    assert trigger.schedule.preset is Preset.DAILY
    assert trigger.active
    assert trigger.start_time == datetime(2023, 6, 9, 13, 40, tzinfo=UTC)
    assert trigger.last_enabled_at == datetime(2023, 11, 16, 3, 54, 30, 123456, tzinfo=UTC)
    assert trigger.sla == 600
    assert trigger.settings == TriggerSettings(
        skip_if_previous_running=True,
        allow_blocks_to_fail=True,
        pipeline_run_limit=2,
        timeout=3600,
        timeout_status="cancelled",
    )
    assert set(trigger.variables) == {"country", "day"}


def test_our_settings_are_read_and_survive_the_store(tmp_path: Path) -> None:
    text = """\
- name: after orders
  schedule_type: dependency
  status: active
  tags: [nightly, money]
  settings:
    after: [orders, {pipeline: stock, trigger: hourly}, {pipeline: prices, product: clean}]
    time_zone: Europe/Paris
    missed_runs: all
    missed_runs_limit: 5
    priority: -3
    on_limit: skip
    webhook: {secret: SHOP_SECRET, tolerance_seconds: 60}
"""
    trigger = read(tmp_path, text).entries["after orders"].trigger
    assert trigger.tags == ("nightly", "money")
    assert trigger.settings == TriggerSettings(
        time_zone="Europe/Paris",
        missed_runs=MissedPolicy.ALL,
        missed_runs_limit=5,
        priority=-3,
        on_limit=OnLimit.SKIP,
        after=(Upstream("orders"), Upstream("stock", "hourly"), Upstream("prices", product="clean")),
        webhook=Webhook("SHOP_SECRET", 60),
    )
    assert from_definition(to_definition(trigger)) == trigger
    assert settings_values(TriggerSettings()) == {}


def test_a_start_time_without_offset_is_in_the_zone_of_the_trigger(tmp_path: Path) -> None:
    keys = {"schedule_type": "time", "schedule_interval": "'@daily'", "start_time": "2024-07-01 08:00:00"}
    assert one(tmp_path, **keys)[1].trigger.start_time == datetime(2024, 7, 1, 8, tzinfo=UTC)
    moved = one(tmp_path, **keys, settings="{time_zone: America/New_York}")[1].trigger
    assert moved.start_time == datetime(2024, 7, 1, 12, tzinfo=UTC)
    fixed = one(tmp_path, **keys | {"start_time": "'2024-07-01T08:00:00+02:00'"}, settings="{time_zone: Asia/Tokyo}")
    assert fixed[1].trigger.start_time == datetime(2024, 7, 1, 6, tzinfo=UTC)
    day = one(tmp_path, **keys | {"start_time": "2024-07-01"})[1].trigger
    assert day.start_time == datetime(2024, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"schedule_interval": "''"}, "the schedule is empty"),
        ({"schedule_interval": "null"}, "the schedule is empty"),
        ({"schedule_interval": "'0 0 30 2 *'"}, "names a day that no year has"),
        ({"schedule_interval": "'* * * *'"}, "has 4 of five fields"),
        ({"schedule_interval": "5"}, "has 1 of five fields"),
        ({"schedule_interval": "[a, b]"}, "is no text"),
        ({"schedule_type": "sometimes"}, "schedule_type is 'sometimes'"),
        ({"start_time": "2024-02-31"}, "which is no date"),
        ({"start_time": "soon"}, "which is no date"),
        ({"start_time": "[1]"}, "which is no date"),
        ({"variables": "[a]"}, "variables is a list"),
        ({"settings": "{time_zone: Mars/Olympus}"}, "is no time zone"),
        ({"settings": "{time_zone: ../../etc/passwd}"}, "is no time zone"),
        ({"settings": "{after: [5]}", "schedule_type": "dependency"}, "after has 5"),
        ({"schedule_type": "dependency"}, "it waits for nothing"),
        ({"settings": "{webhook: yes please}", "schedule_type": "api"}, "webhook names no secret"),
        ({"event_matchers": "[{name: a}]", "schedule_type": "event"}, "without a pattern"),
    ],
)
def test_what_would_start_wrongly_does_not_start(tmp_path: Path, keys: dict[str, str], words: str) -> None:
    base = {"schedule_type": "time", "schedule_interval": "'@daily'", "status": "active"}
    reading, entry = one(tmp_path, **base | keys)
    assert words in entry.problem
    (finding, *_) = [each for each in reading.findings if each.code == "PS040"]
    assert words in finding.message
    assert finding.hint
    assert finding.location is not None
    assert finding.location.file == "pipelines/orders/triggers.yaml"
    assert finding.location.line > 1


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"status": "on holiday"}, "PS044"),
        ({"settings": "[1]"}, "PS044"),
        ({"settings": "{timeout_status: gone}"}, "PS044"),
        ({"settings": "{missed_runs: some}"}, "PS044"),
        ({"settings": "{on_limit: 5}"}, "PS044"),
        ({"settings": "{priority: high}"}, "PS044"),
        ({"settings": "{timeout: soon}"}, "PS017"),
        ({"settings": "{timeout: '60'}"}, "PS017"),
        ({"settings": "{pipeline_run_limit: -1}"}, "PS017"),
        ({"sla": "true"}, "PS017"),
        ({"envs": "[prod, mars]"}, "PS046"),
        ({"token": "abc"}, "PS045"),
        ({"shedule_interval": "'@daily'"}, "PS049"),
        ({"settings": "{timezone: Europe/Paris}"}, "PS049"),
        ({"description": "{a: 1}"}, "PS010"),
    ],
)
def test_what_is_odd_is_told_and_the_trigger_starts(tmp_path: Path, keys: dict[str, str], code: str) -> None:
    base = {"schedule_type": "time", "schedule_interval": "'@daily'"}
    reading, entry = one(tmp_path, **base | keys)
    assert entry.problem == ""
    assert [finding.code for finding in reading.findings] == [code]


def test_a_token_in_the_file_is_no_part_of_what_is_shown(tmp_path: Path) -> None:
    reading, entry = one(tmp_path, schedule_type="api", token="s3cr3t")
    assert entry.token == "s3cr3t"
    assert "s3cr3t" not in repr(entry) + repr(to_definition(entry.trigger)) + repr(
        [f.to_dict() for f in reading.findings]
    )


def test_one_wrong_trigger_stops_no_other(tmp_path: Path) -> None:
    text = (
        "triggers:\n- 5\n- {}\n- name: bad\n  schedule_type: time\n  schedule_interval: ''\n  status: active\n"
        "- name: good\n  schedule_type: time\n  schedule_interval: '@hourly'\n  status: active\n- name: bad\n  schedule_type: api\n"
    )
    reading = read(tmp_path, text)
    assert {name: entry.problem for name, entry in reading.entries.items()} == {"bad": "", "good": ""}
    assert reading.entries["bad"].trigger.kind is TriggerKind.API  # the last one counts
    assert sorted(finding.code for finding in reading.findings) == ["PS040", "PS040", "PS040", "PS043"]


def test_the_trigger_that_mage_writes_for_a_global_data_product_is_no_error(tmp_path: Path) -> None:
    text = "- {name: GLOBAL_DATA_PRODUCT_TRIGGER, schedule_type: time, schedule_interval: null, status: active}\n"
    reading = read(tmp_path, text)
    assert [finding.code for finding in reading.findings] == ["PS044"]
    assert reading.entries["GLOBAL_DATA_PRODUCT_TRIGGER"].problem.startswith("it has no schedule, as Mage made it")
    assert [finding.code for finding in read(tmp_path, text.replace("GLOBAL_", "MY_")).findings] == ["PS040"]


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "triggers:\n", "triggers: []\n", "[]", "triggers: {}\n", "other: 1\n"]
)
def test_no_triggers(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).entries == {}


@pytest.mark.parametrize(
    "text", [b"\xff\xfe", b"triggers: [\n", b"a: &a [*a]\n", b"triggers:\n- name: !!python/object x\n"]
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(FileInvalidError) as caught:
        read(tmp_path, text)
    assert caught.value.location is not None


def test_anchors_and_merges_are_followed(tmp_path: Path) -> None:
    text = """\
defaults: &defaults
  schedule_type: time
  status: active
  settings: &settings {time_zone: Europe/Paris}
triggers:
- <<: *defaults
  name: a
  schedule_interval: '0 6 * * *'
- name: b
  schedule_type: time
  schedule_interval: '@daily'
  settings: *settings
"""
    reading = read(tmp_path, text)
    assert [entry.trigger.settings.time_zone for entry in reading.entries.values()] == ["Europe/Paris"] * 2
    assert reading.entries["a"].trigger.active
    changed = change_trigger(reading, "b", {"status": "active"})
    assert changed == text + "  status: active\n"
    own = change_trigger(reading, "b", {"settings": {"timeout": 5}})  # the anchor stays for the other
    assert "settings: &settings {time_zone: Europe/Paris}" in own
    assert read(tmp_path, own).entries["a"].trigger.settings.timeout is None
    assert read(tmp_path, own).entries["b"].trigger.settings.timeout == 5


COMMENTED = """\
# who is asked: the data team
triggers:
  # every morning
  - name: "morning"   # spoken of as such
    schedule_type: time
    schedule_interval: '0 6 * * 1-5'
    status: active    # since May
    owner: ann        # somebody's own key
    settings: {timeout: 60, x_own: 1}

  - name: other
    schedule_type: api
"""


def test_a_change_touches_only_its_key(tmp_path: Path) -> None:
    reading = read(tmp_path, COMMENTED)
    assert change_trigger(reading, "morning", {"status": "active", "settings": {"timeout": 60}}) == COMMENTED
    assert change_trigger(reading, "morning", {"status": "inactive"}) == COMMENTED.replace(
        "status: active    # since May", "status: inactive    # since May"
    )
    assert change_trigger(reading, "morning", {"settings": {"timeout": 90}}) == COMMENTED.replace("60", "90")
    assert change_trigger(reading, "morning", {"settings": {"timeout": None}}) == COMMENTED.replace("timeout: 60, ", "")
    assert change_trigger(reading, "other", {"status": "active"}) == COMMENTED + "    status: active\n"
    assert change_trigger(reading, "other", {"settings": {"timeout": None}, "sla": None}) == COMMENTED


def test_line_endings_and_the_bare_list_stay(tmp_path: Path) -> None:
    text = "- name: a\r\n  schedule_type: api\r\n"
    assert change_trigger(read(tmp_path, text), "a", {"status": "active"}) == text + "  status: active\r\n"


def test_a_trigger_is_added_and_removed(tmp_path: Path) -> None:
    new = {"name": "new", "schedule_type": "time", "schedule_interval": "@daily", "status": "inactive"}
    added = add_trigger(read(tmp_path, COMMENTED), new)
    assert added.startswith(COMMENTED)
    assert read(tmp_path, added).entries["new"].problem == ""
    assert remove_trigger(read(tmp_path, added), "new") == COMMENTED
    only = "".join(COMMENTED.splitlines(keepends=True)[-2:])
    assert only.strip().replace("  - ", "- ") in remove_trigger(read(tmp_path, COMMENTED), "morning")
    for empty in ("", "# mine\n", "triggers:\n", "triggers: []\n"):
        made = add_trigger(read(tmp_path, empty), new)
        assert read(tmp_path, made).entries["new"].trigger.schedule is not None
        assert ("# mine" in made) == ("# mine" in empty)


@pytest.mark.parametrize("name", ["nightly", "7", "' nightly '"])
def test_earlier_entries_of_a_name_never_come_to_life(tmp_path: Path, name: str) -> None:
    entry = "- name: {name}\n  schedule_type: time\n  schedule_interval: '{every}'\n"
    listed = [entry.format(name=name, every="@hourly"), entry.format(name="other", every="@weekly")]
    reading = read(tmp_path, "triggers:\n" + "".join([*listed, entry.format(name=name, every="@daily")]))
    known = name.strip("' ")
    renamed = read(tmp_path, change_trigger(reading, known, {"name": "late", "status": "active"})).entries
    assert {name: entry.written for name, entry in renamed.items()} == {"late": "@daily", "other": "@weekly"}
    assert list(read(tmp_path, remove_trigger(reading, known)).entries) == ["other"]


def test_changes_that_cannot_be_made_are_refused(tmp_path: Path) -> None:
    reading = read(tmp_path, COMMENTED)
    with pytest.raises(TriggerNotFoundError):
        change_trigger(reading, "nobody", {"status": "active"})
    with pytest.raises(TriggerNotFoundError):
        remove_trigger(reading, "nobody")
    with pytest.raises(EditRefusedError, match="taken"):
        change_trigger(reading, "morning", {"name": "other"})
    with pytest.raises(EditRefusedError, match="empty"):
        change_trigger(reading, "morning", {"name": ""})
    with pytest.raises(EditRefusedError, match="has one of that name"):
        add_trigger(reading, {"name": "other"})
    with pytest.raises(EditRefusedError, match="no list"):
        add_trigger(read(tmp_path, "triggers: 5\n"), {"name": "other"})


def _project(tmp_path: Path, **triggers: str) -> list[str]:
    (tmp_path / "metadata.yaml").write_text("project_type: standalone\n")
    for pipeline, text in triggers.items():
        read(tmp_path, text, pipeline)
        (tmp_path / "pipelines" / pipeline / "metadata.yaml").write_text(
            f"name: {pipeline}\ntype: python\nblocks: []\n"
        )
    return [
        f"{each.code} {each.message}" for each in check_project(open_project(tmp_path)) if "trigger" in each.message
    ]


def _after(*pipelines: str, name: str = "t", status: str = "active") -> str:
    return f"- name: {name}\n  schedule_type: dependency\n  status: {status}\n  settings: {{after: [{', '.join(pipelines)}]}}\n"


def test_circles_of_pipelines_are_told(tmp_path: Path) -> None:
    found = _project(tmp_path, a=_after("c"), b=_after("a"), c=_after("b"), d=_after("a"), e=_after("e"), f=_after("d"))
    assert len(found) == 4
    assert all("PS048" in each and "in a circle" in each for each in found)
    assert any("e -> e" in each for each in found)


def test_triggers_that_are_no_regular_file_are_told_and_hold_up_nothing(tmp_path: Path) -> None:
    _project(tmp_path, a=_after("a"), b=_after("a"))
    (tmp_path / "pipelines/b/triggers.yaml").unlink()
    os.mkfifo(tmp_path / "pipelines/b/triggers.yaml")
    found = [finding.message for finding in check_project(open_project(tmp_path))]
    assert any("b/triggers.yaml: it is not a regular file" in each for each in found)
    assert any("a -> a" in each for each in found)


def test_what_is_off_makes_no_circle(tmp_path: Path) -> None:
    assert _project(tmp_path, a=_after("b"), b=_after("a", status="inactive")) == []


def test_what_is_not_there_to_wait_for_is_told(tmp_path: Path) -> None:
    found = _project(
        tmp_path,
        a=_after("gone"),
        b=_after("{pipeline: b, product: none}", status="inactive"),
        c=_after("{pipeline: a, trigger: t}"),
        d=_after("{pipeline: a, trigger: nobody}"),
    )
    assert [each[:5] for each in found] == ["PS047", "PS047", "PS047"]
    assert "the pipeline gone" in found[0]
    assert "the block none of b" in found[1]
    assert "the trigger nobody of a" in found[2]
