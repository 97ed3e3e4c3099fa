"""Triggers over the HTTP API of a real server: files are written, rows follow, tokens are told once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.observe.alerts.facts import AlertKind, Fact, fact_of
from penstock.observe.alerts.incident import failure_incident
from penstock.schedule.tokens import hash_token
from penstock.server.schema.triggers import NewTrigger
from penstock.server.triggers.values import preview
from penstock.state.rows import AlertRow
from tests.server.serving import Server, add_pipeline, make_project

HOURLY = {"pipeline": "flights", "name": "hourly", "schedule": "@hourly", "active": True}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = make_project(tmp_path_factory.mktemp("triggers") / "project")
    for name in ("other", "third", "fourth"):
        add_pipeline(root, name, [])
    started = Server(root)
    started.start()
    yield started
    started.stop()


def file(server: Server, pipeline: str = "flights") -> Path:
    return server.root / "pipelines" / pipeline / "triggers.yaml"


def put(server: Server, text: str, pipeline: str = "flights") -> None:
    """Write a file as editors do that leave no moment in which it is empty."""
    path = file(server, pipeline)
    path.with_name("new.tmp").write_text(text)
    path.with_name("new.tmp").replace(path)


@pytest.fixture(autouse=True)
def _empty(server: Server) -> Iterator[None]:
    yield
    for pipeline in ("flights", "other", "third", "fourth"):
        file(server, pipeline).unlink(missing_ok=True)
    server.studio.triggers.mirror(["flights", "other", "third", "fourth"])


def ok(reply: httpx.Response, status: int = 200) -> Any:
    assert reply.status_code == status, reply.text
    return reply.json()


def refused(reply: httpx.Response, status: int, words: str) -> Any:
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert words in error["message"]
    return error


def make(server: Server, **changes: Any) -> Any:
    return ok(server.client.post("/triggers", json=HOURLY | changes), 201)


def test_a_trigger_is_made_in_its_file_and_shown(server: Server) -> None:
    made = make(
        server,
        name="each morning",
        schedule="0 8 * * 1-5",
        start_time="2030-01-01T07:00:00Z",
        settings={"time_zone": "Europe/Paris", "timeout": 60, "priority": None},
        variables={"country": "fr"},
        tags=["a"],
        sla=600.0,
    )
    assert made["token"] is None
    assert made["words"] == "on Monday to Friday at 08:00 Europe/Paris"
    assert made["upcoming"][0] == datetime(2030, 1, 1, 7, tzinfo=UTC).timestamp()
    assert made["next"] == made["upcoming"][0]
    assert len(made["upcoming"]) == 10
    assert file(server).read_text() == (
        "triggers:\n- name: each morning\n  schedule_type: time\n  schedule_interval: 0 8 * * 1-5\n"
        "  start_time: 2030-01-01 08:00:00\n  status: active\n  variables:\n    country: fr\n"
        "  settings:\n    time_zone: Europe/Paris\n    timeout: 60\n  sla: 600\n  tags:\n  - a\n"
    )
    (listed,) = ok(server.client.get("/triggers"))["triggers"]
    assert {key: made[key] for key in listed} == listed
    assert ok(server.client.get(f"/triggers/{made['id']}"))["start_time"] == "2030-01-01T07:00:00+00:00"
    assert ok(server.client.get("/triggers", params={"pipeline": "other"}))["triggers"] == []


def test_a_change_touches_only_its_key(server: Server) -> None:
    text = "# ours\ntriggers:\n- name: a   # the first\n  schedule_type: time\n  schedule_interval: '@daily'\n  owner: ann\n"
    put(server, text)
    server.studio.triggers.mirror(["flights"])
    (one,) = ok(server.client.get("/triggers"))["triggers"]
    revision = ok(server.client.get(f"/triggers/{one['id']}"))["revision"]
    changes = {"settings": {"timeout": 60}, "sla": 5, "description": ""}
    changed = ok(server.client.patch(f"/triggers/{one['id']}", json={"revision": revision, "set": changes}))
    assert file(server).read_text() == text + "  settings:\n    timeout: 60\n  sla: 5\n"
    assert (changed["settings"], changed["sla"]) == ({"timeout": 60}, 5)
    error = refused(
        server.client.patch(f"/triggers/{one['id']}", json={"revision": revision, "set": {"sla": 6}}),
        409,
        "has changed",
    )
    assert error["details"]["revision"] == changed["revision"]
    ok(server.client.patch(f"/triggers/{one['id']}", json={"set": {"settings": {"timeout": None}, "sla": None}}))
    assert file(server).read_text() == text + "  settings: {}\n"


VARIABLES = """\
- name: a
  schedule_type: time
  schedule_interval: '@daily'
  variables:
    account: 123456789012345678   # of the bank
    nested: [1, {big: -98765432109876543210}]
    rate: 1.0
    since: 2024-01-01
    code: '007'
    7: seven
    note: hello
"""


def test_a_variable_is_changed_without_the_others(server: Server) -> None:
    put(server, VARIABLES)
    server.studio.triggers.mirror(["flights"])
    (one,) = ok(server.client.get("/triggers"))["triggers"]
    shown = ok(server.client.get(f"/triggers/{one['id']}"))
    assert shown["exact"] == {"account": "123456789012345678", "nested": '[1, {"big": -98765432109876543210}]'}
    body = {"revision": shown["revision"], "set": {}, "variables": {"note": "bye", "7": 7, "new": None}}
    changed = ok(server.client.patch(f"/triggers/{one['id']}", json=body))
    after = VARIABLES.replace("hello", "bye").replace("7: seven", "7: 7")
    assert file(server).read_text() == after + "    new: null\n"
    assert changed["variables"]["new"] is None
    body = {"set": {"description": "d"}, "dropped": ["rate", "nowhere", "7", "new"]}
    ok(server.client.patch(f"/triggers/{one['id']}", json=body))
    after = after.replace("    rate: 1.0\n", "").replace("    7: 7\n", "")
    assert file(server).read_text() == after + "  description: d\n"
    ok(server.client.patch(f"/triggers/{one['id']}", json={"set": {}, "dropped": list(shown["variables"])}))
    assert "variables" not in file(server).read_text()


def test_others_and_its_own_switch_do_not_stand_in_the_way_of_a_change(server: Server) -> None:
    first, second = (make(server, name=name, kind="api", schedule=None, active=False) for name in ("one", "two"))
    place = f"/triggers/{first['id']}"
    ok(server.client.patch(f"/triggers/{second['id']}", json={"set": {"description": "of the other"}}))
    ok(server.client.post(f"{place}/activate"))
    ok(server.client.post(f"{place}/token"))
    file(server).write_text(f"# a comment\n{file(server).read_text()}")
    body = {"revision": first["revision"], "set": {"description": "mine"}}
    changed = ok(server.client.patch(place, json=body))
    assert (changed["active"], changed["description"]) == (True, "mine")
    error = refused(server.client.patch(place, json=body), 409, "trigger one of pipeline flights: it has changed")
    assert error["details"]["revision"] == changed["revision"] != first["revision"]
    assert "of the other" in file(server).read_text()


def test_switching_on_and_off(server: Server) -> None:
    made = make(server, active=False)
    assert made["next"] is None
    on = ok(server.client.post(f"/triggers/{made['id']}/activate"))
    assert on["active"]
    assert on["next"] == on["upcoming"][0]
    assert "status: active" in file(server).read_text()
    off = ok(server.client.post(f"/triggers/{made['id']}/deactivate"))
    assert (off["active"], off["next"]) == (False, None)
    assert len(off["upcoming"]) == 10  # what it would do
    assert "last_enabled_at" not in file(server).read_text()


def test_a_moment_that_mage_keeps_follows(server: Server) -> None:
    text = "- name: a\n  schedule_type: time\n  schedule_interval: '@daily'\n  last_enabled_at: 2020-01-01 00:00:00\n"
    put(server, text)
    server.studio.triggers.mirror(["flights"])
    (one,) = ok(server.client.get("/triggers"))["triggers"]
    ok(server.client.post(f"/triggers/{one['id']}/activate"))
    assert f"last_enabled_at: {datetime.now(UTC).year}" in file(server).read_text()


def test_what_stands_odd_in_the_file_keeps_nobody_from_another_change(server: Server) -> None:
    put(server, "- name: a\n  schedule_type: time\n  schedule_interval: '@daily'\n  sla: -3\n")
    server.studio.triggers.mirror(["flights"])
    (one,) = ok(server.client.get("/triggers"))["triggers"]
    changed = ok(server.client.patch(f"/triggers/{one['id']}", json={"set": {"description": "for the desk"}}))
    assert changed["description"] == "for the desk"


def test_a_trigger_that_could_not_start_is_not_saved(server: Server) -> None:
    for schedule, words in [("", "empty"), (None, "empty"), ("0 0 30 2 *", "no year has"), ("@sometimes", "of five")]:
        refused(server.client.post("/triggers", json=HOURLY | {"schedule": schedule}), 422, words)
    refused(server.client.post("/triggers", json=HOURLY | {"settings": {"time_zone": "Mars"}}), 422, "no time zone")
    refused(server.client.post("/triggers", json=HOURLY | {"kind": "never"}), 422, "schedule_type is 'never'")
    refused(server.client.post("/triggers", json=HOURLY | {"start_time": "soon"}), 422, "no date")
    refused(server.client.post("/triggers", json=HOURLY | {"name": ""}), 409, "no usable name")
    refused(server.client.post("/triggers", json=HOURLY | {"name": "a\u0000b"}), 409, "name")
    refused(server.client.post("/triggers", json=HOURLY | {"pipeline": "nowhere"}), 404, "none of that name")
    refused(server.client.post("/triggers", json=HOURLY | {"pipeline": "../.."}), 404, "none of that name")
    for odd, words in [
        ({"sla": -3}, "trigger hourly: sla is -3 where a number belongs"),
        ({"settings": {"pipeline_run_limit": -3}}, "pipeline_run_limit is -3"),
        ({"settings": {"timeout": "soon"}}, "timeout is 'soon'"),
        ({"settings": {"missed_runs": "some"}}, "trigger hourly: missed_runs is 'some'"),
        ({"settings": {"priority": "high"}}, "priority is 'high'"),
    ]:
        refused(server.client.post("/triggers", json=HOURLY | odd), 422, words)
    assert not file(server).exists()
    made = make(server)
    refused(
        server.client.patch(f"/triggers/{made['id']}", json={"set": {"settings": {"timeout": "soon"}}}), 422, "timeout"
    )
    refused(server.client.post("/triggers", json=HOURLY), 409, "has one of that name")
    number = made["id"]
    refused(server.client.patch(f"/triggers/{number}", json={"set": {"schedule": ""}}), 422, "empty")
    refused(server.client.patch(f"/triggers/{number}", json={"set": {"nothing": 1}}), 409, "has no nothing")
    refused(server.client.patch(f"/triggers/{number}", json={"set": {"variables": [1]}}), 409, "variables")
    refused(server.client.patch(f"/triggers/{number}", json={"set": {"name": None}}), 409, "name")
    refused(server.client.get("/triggers/999999"), 404, "none of that number")
    refused(server.client.get("/triggers/x"), 404, "have numbers")


def test_what_is_wrong_in_a_file_is_told_and_can_be_switched_off(server: Server) -> None:
    put(server, "- name: a\n  schedule_type: time\n  schedule_interval: ''\n  status: active\n")
    make(server, pipeline="other", name="fine")
    server.studio.triggers.mirror(["flights"])
    bad, fine = ok(server.client.get("/triggers"))["triggers"]
    assert "empty" in bad["problem"]
    assert (bad["next"], fine["problem"]) == (None, "")
    refused(server.client.post(f"/triggers/{bad['id']}/activate"), 422, "empty")
    off = ok(server.client.post(f"/triggers/{bad['id']}/deactivate"))
    assert not off["active"]
    put(server, "- [\n")
    server.studio.triggers.mirror(["flights"])
    kept = ok(server.client.get(f"/triggers/{bad['id']}"))
    assert "triggers.yaml" in kept["problem"]
    assert kept["revision"] == ""
    assert server.client.post(f"/triggers/{bad['id']}/activate").status_code == 422


def test_a_deletion_can_be_undone_byte_for_byte(server: Server) -> None:
    text = "triggers:\n# first\n- name: a   # spoken of\n  schedule_type: api\n\n- name: b\n  schedule_type: api\n"
    put(server, text)
    server.studio.triggers.mirror(["flights"])
    first, _ = ok(server.client.get("/triggers"))["triggers"]
    token = ok(server.client.post(f"/triggers/{first['id']}/token"))["token"]
    deleted = ok(server.client.delete(f"/triggers/{first['id']}"))
    undo = deleted["undo"]
    assert deleted["name"] == first["name"]
    assert [one["name"] for one in ok(server.client.get("/triggers"))["triggers"]] == ["b"]
    refused(server.client.get(f"/triggers/{first['id']}"), 404, "none of that number")
    ok(server.client.post(f"/undo/{undo}"))
    assert file(server).read_text() == text
    back = ok(server.client.get("/triggers"))["triggers"][0]
    assert back["id"] == first["id"]
    with server.studio.state.read() as connection:
        row = server.studio.state.triggers.get(connection, first["id"])
    assert row is not None
    assert row.token_hash == hash_token(token)

    undo = ok(server.client.delete(f"/triggers/{first['id']}"))["undo"]
    make(server, name="c")
    ok(server.client.post(f"/undo/{undo}"))
    assert sorted(one["name"] for one in ok(server.client.get("/triggers"))["triggers"]) == ["a", "b", "c"]


def test_tokens_are_told_once_and_kept_as_hashes(server: Server) -> None:
    made = make(server, kind="api", schedule=None)
    assert len(made["token"]) >= 32
    assert made["token_set"]
    assert made["token"] not in file(server).read_text() + server.client.get(f"/triggers/{made['id']}").text
    assert made["url"] == f"/api/pipeline_schedules/{made['id']}/api_trigger"
    assert made["url"] in made["curl"]
    renewed = ok(server.client.post(f"/triggers/{made['id']}/token"))["token"]
    assert renewed != made["token"]
    with server.studio.state.read() as connection:
        assert [row.id for row in server.studio.state.triggers.by_token(connection, hash_token(renewed))] == [
            made["id"]
        ]
        assert server.studio.state.triggers.by_token(connection, hash_token(made["token"])) == []
    heard = make(server, name="heard", kind="event", schedule="", event_matchers=[{"pattern": {"a": [1]}}])
    assert ok(server.client.post(f"/triggers/{heard['id']}/token"))["token"]
    assert heard["url"] == "/api/events"
    assert heard["curl"].endswith("""-d '{"a": 1}'""")
    other = make(server, name="timed")
    refused(server.client.post(f"/triggers/{other['id']}/token"), 409, "nobody calls it")


def test_a_token_of_the_file_gives_way_to_a_new_one(server: Server) -> None:
    put(server, "- name: a\n  schedule_type: api\n  token: in-the-open\n")
    server.studio.triggers.mirror(["flights"])
    (one,) = ok(server.client.get("/triggers"))["triggers"]
    assert "in-the-open" not in server.client.get(f"/triggers/{one['id']}").text
    token = ok(server.client.post(f"/triggers/{one['id']}/token"))["token"]
    assert "token" not in file(server).read_text()
    with server.studio.state.read() as connection:
        assert len(server.studio.state.triggers.by_token(connection, hash_token(token))) == 1
        assert server.studio.state.triggers.by_token(connection, hash_token("in-the-open")) == []


def test_a_renamed_trigger_keeps_its_number(server: Server) -> None:
    made = make(server)
    renamed = ok(server.client.patch(f"/triggers/{made['id']}", json={"set": {"name": "each hour"}}))
    assert (renamed["id"], renamed["name"], renamed["next"]) == (made["id"], "each hour", made["next"])
    again = make(server)  # another one under the old name
    assert again["id"] != made["id"]
    refused(server.client.patch(f"/triggers/{again['id']}", json={"set": {"name": "each hour"}}), 409, "taken")


@pytest.mark.parametrize(
    ("given", "words", "count", "problem"),
    [
        ({"schedule": "*/5 * * * *"}, "every 5 minutes UTC", 10, ""),
        ({"schedule": "0 8 * * *", "settings": {"time_zone": "Asia/Tokyo"}}, "every day at 08:00 Asia/Tokyo", 10, ""),
        ({"schedule": "61 * * * *"}, "", 0, "out of range"),
        ({"schedule": "@once", "start_time": "2999-01-01T00:00:00Z"}, "once", 1, ""),
        ({"schedule": "@once"}, "once", 1, ""),
        ({"schedule": "@once", "start_time": "2020-01-01T00:00:00Z"}, "once", 1, ""),
        ({"schedule": "@always_on"}, "always on: again when a run has ended", 1, ""),
        ({"kind": "event", "schedule": None}, "on events that match", 0, "it hears no event"),
        (
            {"kind": "event", "schedule": None, "event_matchers": [{"pattern": {}}]},
            "on events that match",
            0,
            "it hears no event",
        ),
        ({"kind": "api", "schedule": None}, "when it is called", 0, ""),
        ({"kind": "dependency", "settings": {"after": []}}, "", 0, "waits for nothing"),
        ({"kind": "dependency", "settings": {"after": [{"pipeline": "other"}]}}, "after other succeeded", 0, ""),
        ({"start_time": "never"}, "", 0, "no date"),
        ({"name": ""}, "every hour UTC", 10, ""),
    ],
)
def test_a_preview_says_when(server: Server, given: dict[str, Any], words: str, count: int, problem: str) -> None:
    found = ok(server.client.post("/triggers/preview", json=HOURLY | given))
    assert (found["words"], len(found["upcoming"])) == (words, count)
    assert problem in found["problem"]
    assert bool(problem) == bool(found["problem"])
    assert not file(server).exists()


def test_a_preview_begins_with_what_starts_at_once(server: Server) -> None:
    monthly = HOURLY | {"schedule": "@monthly", "settings": {"create_initial_pipeline_run": True}}
    for given in (HOURLY | {"schedule": "@once"}, HOURLY | {"schedule": "@always_on"}, monthly):
        upcoming = ok(server.client.post("/triggers/preview", json=given))["upcoming"]
        assert abs(upcoming[0] - datetime.now(UTC).timestamp()) < 60
        assert upcoming == sorted(set(upcoming))


def test_a_preview_tells_of_the_first_ones_where_many_start_at_once() -> None:
    settings = {"landing_time_enabled": True, "missed_runs": "all"}
    given = NewTrigger("p", "n", schedule="@hourly", start_time="2024-01-01T00:05:00", settings=settings)
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    found = preview("p", "triggers.yaml", given, now, timedelta(hours=20)).upcoming
    assert (len(found), found[-1] <= now.timestamp()) == (10, True)


def test_a_start_with_an_offset_is_that_moment_also_where_clocks_show_it_twice(server: Server) -> None:
    settings = {"time_zone": "America/New_York"}
    for moment in ("2027-11-07T05:30:00Z", "2027-11-07T06:30:00Z", "2027-11-07T01:30:00-05:00"):
        made = make(server, name=moment, schedule="@once", start_time=moment, settings=settings)
        assert made["next"] == datetime.fromisoformat(moment).timestamp()
        assert made["problem"] == ""


def test_of_two_of_one_name_a_deletion_takes_both_and_can_be_undone(server: Server) -> None:
    entry = "- {{name: twice, schedule_type: time, schedule_interval: '{}', status: active}}\n"
    text = f"# kept\n{entry.format('@daily')}{entry.format('@hourly')}"
    put(server, text)
    server.studio.triggers.mirror(["flights"])
    (shown,) = ok(server.client.get("/triggers"))["triggers"]
    assert shown["schedule"] == "@hourly"
    undo = ok(server.client.delete(f"/triggers/{shown['id']}"))["undo"]
    assert ok(server.client.get("/triggers"))["triggers"] == []
    ok(server.client.post(f"/undo/{undo}"))
    assert file(server).read_text() == text


def test_the_calendar_shows_what_is_to_begin(server: Server) -> None:
    hourly = make(server)
    make(server, pipeline="other", name="off", active=False)
    make(server, pipeline="third", name="minutes", schedule="* * * * *")
    start = datetime(2031, 5, 1, tzinfo=UTC).timestamp()
    found = ok(server.client.get("/calendar", params={"from": start - 1, "to": start + 7200}))
    assert not found["truncated"]
    assert [slot["at"] for slot in found["slots"] if slot["trigger"] == hourly["id"]] == [
        start,
        start + 3600,
        start + 7200,
    ]
    assert len(found["slots"]) == 3 + 121
    assert [slot["at"] for slot in found["slots"]] == sorted(slot["at"] for slot in found["slots"])
    week = ok(server.client.get("/calendar", params={"from": start}))
    assert (week["truncated"], len(week["dense"])) == (True, 1)
    # The one of every minute takes nothing from the hourly one.
    assert sum(slot["trigger"] == hourly["id"] for slot in week["slots"]) == 7 * 24
    assert len(week["slots"]) == 7 * 24 + 1000
    for hostile in ({"from": "1e300"}, {"from": "nan"}, {"from": -1e12, "to": 1e12}, {"to": 1}):
        assert server.client.get("/calendar", params=hostile).status_code < 500


def test_files_that_change_on_disk_are_followed(server: Server) -> None:
    with server.live() as live:
        live.subscribe("project")
        put(server, "- name: a\n  schedule_type: api\n", "fourth")
        live.until("trigger_changed")
        (one,) = ok(server.client.get("/triggers"))["triggers"]
        assert one["pipeline"] == "fourth"
        file(server, "fourth").unlink()
        live.until("trigger_changed", id=one["id"])
        assert ok(server.client.get("/triggers"))["triggers"] == []


def test_triggers_of_a_link_out_of_the_project_are_not_changed(server: Server, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("- name: a\n  schedule_type: api\n")
    file(server).symlink_to(outside)
    refused(server.client.post("/triggers", json=HOURLY), 403, "")
    assert "hourly" not in outside.read_text()


def test_a_run_can_be_asked_for_now(server: Server) -> None:
    made = make(server, active=False, variables={"country": "fr", "day": 1}, sla=60)
    run = ok(server.client.post(f"/triggers/{made['id']}/run", json={"variables": {"day": 2}}), 202)["run"]
    with server.studio.state.read() as connection:
        row = server.studio.state.runs.get(connection, run)
    assert row is not None
    assert (row.trigger_id, row.pipeline, row.slot) == (made["id"], "flights", None)
    assert row.variables == {"country": "fr", "day": 2}
    shown = ok(server.client.get(f"/triggers/{made['id']}"))
    assert shown["last_run"]["run"] == run
    assert [mark["run"] for mark in shown["runs"]] == [run]
    assert not shown["active"]


def test_those_that_wait_for_a_trigger_wait_for_it_by_its_new_name(server: Server) -> None:
    first = make(server)
    others = [
        make(server, pipeline=pipeline, name=f"after it {pipeline}", kind="dependency", schedule=None, settings=waits)
        for pipeline in ("fourth", "other")
        for waits in [{"after": [{"pipeline": "flights", "trigger": first["name"]}, {"pipeline": "third"}]}]
    ]
    ok(server.client.patch(f"/triggers/{first['id']}", json={"set": {"name": "each hour"}}))
    for each in others:
        found = ok(server.client.get(f"/triggers/{each['id']}"))
        assert found["settings"]["after"] == [{"pipeline": "flights", "trigger": "each hour"}, {"pipeline": "third"}]
        assert found["problem"] == ""


def test_triggers_follow_a_renamed_pipeline(server: Server) -> None:
    add_pipeline(server.root, "before", [])
    first = make(server, pipeline="before")
    waits = {"after": [{"pipeline": "before"}, {"pipeline": "other"}]}
    second = make(server, name="after it", kind="dependency", schedule=None, settings=waits)
    ok(server.client.post("/pipelines/before/rename", json={"name": "afterwards"}))
    moved = ok(server.client.get(f"/triggers/{first['id']}"))
    assert (moved["pipeline"], moved["problem"], moved["next"]) == ("afterwards", "", first["next"])
    follows = ok(server.client.get(f"/triggers/{second['id']}"))
    assert follows["settings"]["after"] == [{"pipeline": "afterwards"}, {"pipeline": "other"}]
    assert follows["problem"] == ""
    server.client.delete("/pipelines/afterwards")
    gone = ok(server.client.get("/triggers"))["triggers"]
    assert [one["name"] for one in gone] == ["after it"]
    assert "afterwards, which is not in the project" in gone[0]["problem"]


def test_alerts_follow_a_renamed_pipeline(server: Server) -> None:
    add_pipeline(server.root, "early", [])
    fact = Fact(AlertKind.FAILURE, "early", 1.0, run="r", affected=("1",))
    row = AlertRow(failure_incident("early", "b", "E", "m"), "failure", 1.0, "early", None, fact.payload(), sent_at=1.0)
    with server.studio.state.write() as connection:
        number = server.studio.state.alerts.add(connection, row)
    ok(server.client.post("/pipelines/early/rename", json={"name": "late"}))
    with server.studio.state.read() as connection:
        found = server.studio.state.alerts.get(connection, number)
    assert (found.pipeline, fact_of(found.payload).pipeline) == ("late", "late")
    server.client.delete("/pipelines/late")
    assert found.incident == failure_incident("late", "b", "E", "m")
    assert fact_of(found.payload).incident == row.incident


ODD: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        1.5,
        1e308,
        10**25,
        "",
        " ",
        "@daily",
        "x" * 500,
        "a\nb",
        "a: b",
        "- a",
        "{}",
        "&a",
        "*a",
        "!!x",
        "#",
        "\u0000",
    ),
    *(
        "\u2028",
        "\ufeff",
        "2024-01-01T00:00:00+23:59",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "../../x",
        "é\u0301",
    ),
    *([], {}, [1], [[]], {"a": None}, {"": ""}, {"\n": {"\t": [1e-300]}}, [{"pattern": {"a": [1, {"b": None}]}}]),
]


@pytest.mark.parametrize("seed", range(30))
def test_odd_values_are_written_exactly_or_refused(server: Server, seed: int) -> None:
    dice = random.Random(seed)
    number = make(server)["id"]
    keys = (
        "schedule",
        "start_time",
        "variables",
        "sla",
        "description",
        "tags",
        "envs",
        "event_matchers",
        "name",
        "kind",
        "active",
    )
    of_settings = ("time_zone", "timeout", "missed_runs", "after", "webhook", "priority", "pipeline_run_limit", "own")
    for _ in range(12):
        wanted = {key: dice.choice(ODD) for key in dice.sample(keys, dice.randint(0, 2))}
        wanted["settings"] = {key: dice.choice(ODD) for key in dice.sample(of_settings, dice.randint(0, 3))}
        wanted["variables"] = {"v": dice.choice(ODD)}
        assert server.client.post("/triggers/preview", json=HOURLY | wanted).status_code in {200, 400, 422}
        reply = server.client.patch(f"/triggers/{number}", json={"set": wanted})
        assert reply.status_code in {200, 400, 409, 422}, (wanted, reply.text)
        shown = ok(server.client.get(f"/triggers/{number}"))
        assert shown["revision"]
        if reply.status_code == 200:
            assert (shown["variables"] or {"v": None})["v"] == wanted["variables"]["v"] or wanted["variables"][
                "v"
            ] == 10**25
            assert shown["problem"] == "" or "waits for" in shown["problem"]


def test_many_changes_at_once_are_all_made(server: Server) -> None:
    numbers = [make(server, name=f"t{index}", active=False)["id"] for index in range(12)]
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda number: server.client.post(f"/triggers/{number}/activate"), numbers))
    assert {reply.status_code for reply in replies} == {200}
    listed = ok(server.client.get("/triggers"))["triggers"]
    assert [one["active"] for one in listed] == [True] * 12
    assert all(one["next"] for one in listed)
    assert file(server).read_text().count("status: active") == 12


def test_the_list_comes_by_pages(server: Server) -> None:
    """Filtered, searched, sorted and counted by the server; each page goes on where the one before ended."""
    names = [f"t{number:02}" for number in range(7)]
    entries = [
        f"- name: {name}\n  schedule_type: time\n  schedule_interval: '{number} 6 * * *'\n"
        f"  status: {'active' if number % 3 else 'inactive'}\n  tags: [{'odd' if number % 2 else 'even'}]\n"
        for number, name in enumerate(names)
    ]
    put(server, "".join(entries))
    put(server, "- name: caller\n  schedule_type: api\n  description: by hand\n", "other")
    server.studio.triggers.mirror(["flights", "other"])
    seen: list[str] = []
    after = ""
    while True:
        page = ok(server.client.get("/triggers", params={"limit": 3, "after": after}))
        seen += [one["name"] for one in page["triggers"]]
        assert (page["total"], len(page["triggers"])) == (8, 3 if page["next"] else 2)
        after = page["next"]
        if not after:
            break
    assert seen == [*names, "caller"]
    assert page["counts"] == {"everything": 8, "found": 8, "on": 4, "off": 4, "problem": 0, "due": 4}
    assert (page["pipelines"], page["tags"]) == (["flights", "other"], ["even", "odd"])

    def found(**asked: Any) -> list[str]:
        return [one["name"] for one in ok(server.client.get("/triggers", params=asked))["triggers"]]

    due = [one["name"] for one in by_next(server)]
    assert found(sort="next")[:4] == due
    assert found(sort="next", skip=1, limit=2) == due[1:3]
    assert found(state="off", pipeline="flights") == ["t00", "t03", "t06"]
    assert found(kind="api") == ["caller"]
    assert found(tag="odd", state="on") == ["t01", "t05"]
    assert found(q="HAND by") == ["caller"]
    assert found(q="06:04") == ["t04"]
    one = ok(server.client.get("/triggers", params={"q": "06:04"}))["triggers"][0]
    ok(server.client.post(f"/triggers/{one['id']}/deactivate", json={}))
    assert found(q="06:04", state="on") == []
    refused(server.client.get("/triggers", params={"sort": "colour"}), 422, "no order")
    refused(server.client.get("/triggers", params={"state": "lost"}), 422, "no state")
    refused(server.client.get("/triggers", params={"after": "[1]"}), 422, "no page")


def by_next(server: Server) -> list[Any]:
    listed: list[Any] = ok(server.client.get("/triggers", params={"state": "due"}))["triggers"]
    return sorted(listed, key=lambda one: one["next"])


def test_the_calendar_comes_by_pages(server: Server) -> None:
    put(
        server,
        "".join(
            f"- name: t{n}\n  schedule_type: time\n  schedule_interval: '{n} * * * *'\n  status: active\n"
            for n in range(5)
        ),
    )
    server.studio.triggers.mirror(["flights"])
    lanes: list[int] = []
    after = ""
    while True:
        page = ok(server.client.get("/calendar", params={"limit": 2, "after": after}))
        assert {slot["trigger"] for slot in page["slots"]} == {lane["id"] for lane in page["triggers"]}
        assert (page["total"], page["truncated"]) == (5, page["next"] is not None)
        lanes += [lane["id"] for lane in page["triggers"]]
        after = page["next"]
        if not after:
            break
    assert lanes == [one["id"] for one in by_next(server)]
    refused(server.client.get("/calendar", params={"after": "x"}), 422, "no page")
