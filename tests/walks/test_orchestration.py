"""What triggers promise, in a running server: limits of time, dependencies, downtime, a clock that is set, bad files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.projects import B, write_pipeline, write_project
from tests.server.running import Server, start
from tests.walks.clock import Clock
from tests.walks.schedulers import wait_for

HOUR = 3600
HELD = """import pathlib, time
while not pathlib.Path(kwargs['repo_path'], 'notes', kwargs['go']).exists():
    time.sleep(0.02)
return 1
"""
SENSOR = """import os, pathlib
folder = pathlib.Path(kwargs['repo_path'], 'notes')
with open(folder / 'asked.txt', 'a') as file:
    file.write(f'{os.getpid()}\\n')
return (folder / 'arrived').exists()
"""
MOODY = """import pathlib
file = pathlib.Path(kwargs['repo_path'], 'notes', 'moods.txt')
count = len(file.read_text()) if file.exists() else 0
file.write_text('x' * (count + 1))
if count == 4:
    raise RuntimeError('a moment of weakness')
return count > 4
"""
PAUSE = 600
MANY = 2_000


@dataclass
class Site:
    """A server that is stopped and started again, and its clock."""

    home: Path
    root: Path
    clock: Clock
    server: Server

    def restart(self, ahead: int) -> None:
        """A downtime: the server is ended, and starts when that many seconds have passed."""
        assert self.server.stop() == 0
        self.clock.set(ahead)
        self.server = start(self.root, self.home, environment=self.clock.environment)

    def triggers(self, pipeline: str) -> dict[str, Any]:
        """The triggers of a pipeline, by name."""
        found = self.server.get("/api/triggers", params={"pipeline": pipeline})["triggers"]
        return {each["name"]: each for each in found}

    def call(self, pipeline: str, trigger: str = "call", **variables: Any) -> str:
        """Ask for a run; its name."""
        number = self.triggers(pipeline)[trigger]["id"]
        return str(self.server.post(f"/api/triggers/{number}/run", {"variables": variables})["run"])

    def run(self, run: str) -> Any:
        """A run as the server tells it."""
        return self.server.get(f"/api/runs/{run}")

    def ended(self, run: str) -> Any:
        """A run, when it has ended."""
        wait_for(f"the end of {run}", lambda: self.run(run)["state"] not in {"initial", "running"})
        return self.run(run)

    def runs(self, **query: Any) -> list[Any]:
        """Runs, oldest first."""
        found = self.server.get("/api/runs", params={"limit": 200, "sort": "oldest", **query})
        return list(found["runs"])

    def why(self, run: str, block: str = "") -> Any:
        """Why it is not running."""
        return self.server.get(f"/api/runs/{run}/" + (f"blocks/{block}/" if block else "") + "explain")

    def blocks(self, run: str) -> dict[str, str]:
        """The states of the blocks of a run."""
        return {each["block"]: each["state"] for each in self.run(run)["blocks"]}

    def alerts(self, kind: str, pipeline: str) -> list[Any]:
        """The alerts of a pipeline."""
        found = self.server.get("/api/alerts", params={"limit": 500})["alerts"]
        return [each for each in found if (each["kind"], each["pipeline"]) == (kind, pipeline)]

    def touch(self, name: str) -> None:
        """Let go on what waits for that file."""
        (self.root / "notes" / name).touch()


def triggers(root: Path, pipeline: str, *entries: dict[str, Any]) -> None:
    (root / "pipelines" / pipeline / "triggers.yaml").write_text(yaml.safe_dump({"triggers": list(entries)}))


def called(name: str = "call", **more: Any) -> dict[str, Any]:
    return {"name": name, "schedule_type": "api", "status": "active", **more}


def timed(name: str, schedule: str, **settings: Any) -> dict[str, Any]:
    return {
        "name": name,
        "schedule_type": "time",
        "schedule_interval": schedule,
        "status": "active",
        "settings": settings,
    }


def after(name: str, *wanted: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "schedule_type": "dependency", "status": "active", "settings": {"after": list(wanted)}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server over pipelines with triggers of every kind, good and bad."""
    home = tmp_path_factory.mktemp("site")
    root = write_project(
        home / "project",
        fine=[B("fine", "data_loader", "return 1")],
        held=[B("held", "data_loader", HELD)],
        mixed=[
            B("bad", "data_loader", "raise ValueError('no flights')"),
            B("below", "transformer", "return args[0]", ("bad",)),
            B("good", "data_loader", "import time\ntime.sleep(0.5)\nreturn 1"),
        ],
        unknown=[B("asks", "data_loader", "return kwargs['nobody_gave_this']")],
        following=[B("follows", "data_loader", "return 1")],
        of_product=[B("uses", "data_loader", "return 1")],
        circle_a=[B("one", "data_loader", "return 1")],
        circle_b=[B("two", "data_loader", "return 1")],
        lonely=[B("alone", "data_loader", "return 1")],
        odd=[B("odd", "data_loader", "return 1")],
        hourly=[B("hourly", "data_loader", "return 1")],
        waits=[
            B("arrives", "sensor", SENSOR, configuration={"poll_interval": PAUSE}),
            B("then", "data_loader", "return 1", ("arrives",)),
        ],
        moody=[
            B(
                "moods",
                "sensor",
                MOODY,
                configuration={"poll_interval": 0.1},
                more={"retry_config": {"retries": 1, "delay": 0}},
            )
        ],
    )
    many = [{"uuid": "root", "type": "data_loader", "language": "python", "name": "root", "upstream_blocks": []}]
    many += [
        {"uuid": f"n{one}", "name": f"n{one}", "type": "custom", "language": "python", "upstream_blocks": ["root"]}
        for one in range(MANY - 1)
    ]
    write_pipeline(root, "huge", [B("root", "data_loader", "raise ValueError('nothing grows')")])
    (root / "custom").mkdir()
    for entry in many[1:]:
        (root / "custom" / f"{entry['uuid']}.py").symlink_to(root / "data_loaders" / "fine.py")
    (root / "pipelines" / "huge" / "metadata.yaml").write_text(
        yaml.dump({"uuid": "huge", "name": "huge", "type": "python", "blocks": many}, Dumper=yaml.CSafeDumper)
    )
    (root / "notes").mkdir()
    for pipeline in ("fine", "unknown", "waits", "moody", "huge"):
        triggers(root, pipeline, called())
    triggers(root, "held", called(sla=1), called("short", settings={"timeout": 1, "timeout_status": "cancelled"}))
    triggers(root, "mixed", called(), called("patient", settings={"allow_blocks_to_fail": True}))
    triggers(root, "following", after("then", {"pipeline": "fine"}))
    triggers(root, "of_product", after("then", {"pipeline": "mixed", "product": "good"}))
    triggers(root, "circle_a", after("round", {"pipeline": "circle_b"}))
    triggers(root, "circle_b", after("round", {"pipeline": "circle_a"}))
    triggers(root, "lonely", after("then", {"pipeline": "nowhere"}))
    triggers(root, "odd", timed("empty", ""), timed("never", "0 0 30 2 *"), timed("good", "0 0 1 1 *"))
    each_hour = f"{(time.gmtime().tm_min + 30) % 60} * * * *"  # so that no test is near a slot
    triggers(
        root,
        "hourly",
        timed("none", each_hour, missed_runs="none"),
        timed("last", each_hour, missed_runs="last"),
        timed("all", each_hour, missed_runs="all"),
        timed("three", each_hour, missed_runs="all", missed_runs_limit=3),
        timed("one by one", each_hour, missed_runs="all", skip_if_previous_running=True),
    )
    clock = Clock(home / "clock")
    made = Site(home, root, clock, start(root, home, environment=clock.environment))
    try:
        wait_for("the triggers", lambda: len(made.server.get("/api/triggers")["triggers"]) == 22)
        yield made
    finally:
        made.server.stop()


def test_a_run_that_takes_too_long_is_told_once_and_goes_on(site: Site) -> None:
    run = site.call("held", go="late")
    wait_for("the alert", lambda: site.alerts("passed_sla", "held"))
    assert site.run(run)["sla_missed"]
    wait_for("its beginning", lambda: site.run(run)["state"] == "running")
    site.touch("late")
    assert site.ended(run)["state"] == "completed"
    (alert,) = site.alerts("passed_sla", "held")
    assert (alert["run"], alert["repeats"]) == (run, 0)


def test_a_run_beyond_its_timeout_ends_as_its_trigger_says(site: Site) -> None:
    ended = site.ended(site.call("held", "short", go="never"))
    assert (ended["state"], ended["error"]) == ("cancelled", "the run took longer than its timeout of 1 s")
    assert site.why(ended["run"])["text"] == ended["error"]


def test_blocks_may_fail_where_the_trigger_lets_them(site: Site) -> None:
    strict, patient = site.call("mixed"), site.call("mixed", "patient")
    assert site.ended(strict)["state"] == site.ended(patient)["state"] == "failed"
    assert site.blocks(strict)["below"] != "completed"
    assert site.blocks(patient) == {"bad": "failed", "below": "upstream_failed", "good": "completed"}
    assert "no flights" in site.why(patient, "bad")["text"]
    assert site.why(patient, "below")["text"] == "it did not run because bad did not complete"


def test_what_waits_for_a_pipeline_or_a_product_starts_after_it(site: Site) -> None:
    run = site.call("fine")
    (follower,) = wait_for("the one that follows", lambda: site.runs(pipeline="following"))
    assert site.ended(follower["run"])["state"] == "completed"
    assert site.ended(run)["state"] == "completed"
    # The run of mixed in which `good` was made has failed: its product is there all the same.
    site.ended(site.call("mixed", "patient"))
    made = [each["run"] for each in site.runs(pipeline="mixed") if site.blocks(each["run"])["good"] == "completed"]
    wait_for("those that use the product", lambda: len(site.runs(pipeline="of_product")) >= len(made))
    users = site.runs(pipeline="of_product")
    assert len(users) == len(made) >= 1
    assert {site.ended(each["run"])["state"] for each in users} == {"completed"}
    site.ended(site.call("unknown"))
    assert len(site.runs(pipeline="following")) == 1


def test_circles_and_missing_pipelines_are_told_and_start_nothing(site: Site) -> None:
    for pipeline in ("circle_a", "circle_b"):
        assert "in a circle: " in site.triggers(pipeline)["round"]["problem"]
        number = site.triggers(pipeline)["round"]["id"]
        assert "in a circle" in site.server.get(f"/api/triggers/{number}/explain")["text"]
        assert len(site.alerts("trigger", pipeline)) == 1
    assert "nowhere" in site.triggers("lonely")["then"]["problem"]
    assert len(site.alerts("trigger", "lonely")) == 1
    assert site.runs(pipeline="lonely") == []


def test_a_schedule_that_is_never_due_is_told_and_costs_no_other(site: Site) -> None:
    found = site.triggers("odd")
    assert "empty" in found["empty"]["problem"]
    assert "0 0 30 2 *" in found["never"]["problem"]
    assert found["empty"]["next"] is found["never"]["next"] is None
    assert found["good"]["problem"] == ""
    assert found["good"]["next"] > time.time()
    for schedule in ("", "0 0 30 2 *", "61 * * * *"):
        body = {"pipeline": "odd", "name": "new", "schedule": schedule}
        assert site.server.post("/api/triggers/preview", body)["problem"]
        answer = site.server.client.post("/api/triggers", json=body)
        assert answer.status_code in {400, 409, 422}
        assert answer.json()["error"]["message"]
    answer = site.server.client.post("/api/triggers", json={"pipeline": "nowhere", "name": "new", "schedule": "@daily"})
    assert answer.status_code == 404
    assert "nowhere" in answer.json()["error"]["message"]


def test_a_variable_that_nobody_gave_is_named(site: Site) -> None:
    ended = site.ended(site.call("unknown"))
    assert ended["state"] == "failed"
    assert "nobody_gave_this" in ended["error"]
    assert "nobody_gave_this" in site.why(ended["run"], "asks")["text"]


def test_a_graph_of_thousands_of_blocks_is_run_and_shown(site: Site) -> None:
    ended = site.ended(site.call("huge"))
    assert ended["state"] == "failed"
    assert "nothing grows" in ended["error"]
    states = site.blocks(ended["run"])
    assert len(states) == MANY
    assert {state for block, state in states.items() if block != "root"} <= {"upstream_failed", "cancelled"}
    assert site.why(ended["run"], f"n{MANY - 2}")["text"]


def test_a_sensor_that_says_not_yet_does_not_use_up_its_retries(site: Site) -> None:
    """It said no four times before it failed, and has one retry."""
    ended = site.ended(site.call("moody"))
    assert ended["state"] == "completed"
    assert len((site.root / "notes" / "moods.txt").read_text()) == 6


def test_downtime_a_sensor_waits_through_and_each_policy_catches_up(site: Site) -> None:
    run = site.call("waits")
    wait_for("its first question", lambda: "not met yet" in site.why(run, "arrives")["text"])
    before = site.why(run, "arrives")
    asked = (site.root / "notes" / "asked.txt").read_text().split()
    wait_for("the end of its process", lambda: not Path(f"/proc/{asked[0]}").exists())
    assert before["details"][0]["since"]
    assert "asked again at" in before["text"]

    site.restart(ahead=0)
    wait_for("its driver", lambda: site.run(run)["state"] == "running")
    wait_for("the same moment as before", lambda: site.why(run, "arrives") == before)
    assert (site.root / "notes" / "asked.txt").read_text().split() == asked
    assert site.runs(pipeline="hourly") == []

    site.touch("arrived")
    site.restart(ahead=5 * HOUR)
    assert site.ended(run)["state"] == "completed"
    assert len((site.root / "notes" / "asked.txt").read_text().split()) == 2

    counts = {"none": 0, "last": 1, "all": 5, "three": 3, "one by one": 5}
    wait_for("the missed runs", lambda: len(site.runs(pipeline="hourly")) == sum(counts.values()))
    by_trigger: dict[str, list[Any]] = {name: [] for name in counts}
    for each in site.runs(pipeline="hourly"):
        by_trigger[each["trigger"]["name"]].append(site.ended(each["run"]))
    assert {name: len(runs) for name, runs in by_trigger.items()} == counts
    for name in ("last", "all", "three"):
        assert {each["state"] for each in by_trigger[name]} == {"completed"}
        dates = sorted(each["execution_date"] for each in by_trigger[name])
        assert [round(b - a) for a, b in pairwise(dates)] == [HOUR] * (counts[name] - 1)
        assert dates[-1] == max(each["execution_date"] for each in by_trigger["all"])
    first, *skipped = sorted(by_trigger["one by one"], key=lambda each: each["execution_date"])
    assert first["state"] == "completed"
    assert {each["state"] for each in skipped} == {"cancelled"}
    assert all("skip_if_previous_running" in site.why(each["run"])["text"] for each in skipped)
    assert site.alerts("failure", "hourly") == []


def test_a_clock_that_jumps_an_hour_makes_no_slot_twice(site: Site) -> None:
    before = {name: len(site.runs(pipeline="hourly", trigger=each["id"])) for name, each in _hourly(site)}
    held = site.call("held", "call", go="jump")
    wait_for("it is under way", lambda: site.run(held)["state"] == "running")
    now = site.clock.ahead
    for ahead in (now + HOUR, now, now + HOUR):  # on, back, and on again
        site.clock.set(ahead)
        assert site.ended(site.call("fine"))["state"] == "completed"
    wait_for("the slot of that hour", lambda: len(site.runs(pipeline="hourly")) >= sum(before.values()) + 4)
    after_it = {name: len(site.runs(pipeline="hourly", trigger=each["id"])) for name, each in _hourly(site)}
    # half an hour ago is no moment: who wants nothing that was missed gets nothing
    assert after_it == {name: count + (name != "none") for name, count in before.items()}
    assert site.run(held)["state"] == "running"
    site.touch("jump")
    assert site.ended(held)["state"] == "completed"
    assert site.run(held)["blocks"][0]["attempts"] == 1


def _hourly(site: Site) -> list[tuple[str, Any]]:
    return list(site.triggers("hourly").items())
