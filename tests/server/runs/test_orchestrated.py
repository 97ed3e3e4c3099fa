"""Runs of the scheduler over the API of a real server: listed, explained, cancelled, retried; backfills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.schedule.core import SWEEP
from tests.patience import PATIENCE
from tests.patience import until as until_there
from tests.server.running import Server, start

PIPELINE = """name: sales
type: python
blocks:
- uuid: load
  name: load
  type: data_loader
  language: python
  upstream_blocks: []
  downstream_blocks: [clean]
- uuid: clean
  name: clean
  type: transformer
  language: python
  upstream_blocks: [load]
  downstream_blocks: []
- uuid: cities
  name: cities
  type: custom
  language: python
  upstream_blocks: []
  downstream_blocks: []
"""
LOAD = """
@data_loader
def load(*args, **kwargs):
    if kwargs.get("day") == "bad":
        raise ValueError("no file of that day")
    print("loading", kwargs["execution_date"])
    return {"day": kwargs.get("day"), "date": kwargs["execution_date"].isoformat()}
"""
CLEAN = """
@transformer
def clean(value, *args, **kwargs):
    return {**value, "clean": True}
"""
CITIES = """
@custom
def cities(*args, **kwargs):
    import pandas as pd

    listed = kwargs.get("listed", [{"city": "Oslo"}, {"city": "Rome"}])
    return pd.DataFrame(listed) if kwargs.get("table") else listed
"""
SLOW = """name: slow
type: python
concurrency_config: {pipeline_run_limit_all_triggers: 1}
blocks:
- uuid: sleep
  name: sleep
  type: data_loader
  language: python
  upstream_blocks: []
  downstream_blocks: []
"""
SLEEP = """
import time
@data_loader
def sleep(*args, **kwargs):
    time.sleep(600)
"""
NEEDY = """name: needy
type: python
blocks:
- {uuid: sleep, name: sleep, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: [], resources: [licence]}
"""
TRIGGERS = """triggers:
- name: called
  schedule_type: api
  status: active
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("studio")
    root = home / "project"
    files = {
        "metadata.yaml": "project_type: standalone\n",
        "pipelines/sales/metadata.yaml": PIPELINE,
        "pipelines/sales/triggers.yaml": TRIGGERS,
        "pipelines/moves/metadata.yaml": PIPELINE.replace("name: sales", "name: moves"),
        "pipelines/slow/metadata.yaml": SLOW,
        "pipelines/slow/triggers.yaml": TRIGGERS,
        "pipelines/needy/metadata.yaml": NEEDY,
        "pipelines/needy/triggers.yaml": TRIGGERS,
        "data_loaders/load.py": LOAD,
        "data_loaders/sleep.py": SLEEP,
        "transformers/clean.py": CLEAN,
        "custom/cities.py": CITIES,
    }
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    running = start(root, home)
    try:
        yield running
    finally:
        running.stop()


def trigger_of(server: Server, pipeline: str) -> int:
    (trigger,) = server.get("/api/triggers", params={"pipeline": pipeline})["triggers"]
    return int(trigger["id"])


def fire(server: Server, pipeline: str, **variables: Any) -> str:
    path = f"/api/triggers/{trigger_of(server, pipeline)}/run"
    return str(server.post(path, {"variables": variables})["run"])


def until(found: Callable[[], Any]) -> Any:
    """The first answer that is one; the server tells nothing else to wait for from outside."""
    return until_there("what is asked for", found)


def ended(server: Server, run: str) -> dict[str, Any]:
    """The run after its end: its stream of events closes with it."""
    with server.client.stream("GET", f"/api/runs/{run}/events", timeout=PATIENCE) as stream:
        for line in stream.iter_lines():
            if '"run_ended"' in line:
                break
    return server.get(f"/api/runs/{run}")


@pytest.mark.parametrize("number", ["9" * 30, "-" + "9" * 30])
def test_no_number_is_too_long_to_be_looked_for(server: Server, number: str) -> None:
    for name in ("trigger", "backfill"):
        assert server.get("/api/runs", params={name: number})["runs"] == []
        assert server.get("/api/monitor/hours", params={name: number})["hours"] == []
    assert "alerts" in server.get("/api/alerts", params={"before": number})


def test_a_run_is_found_by_what_it_is_of(server: Server) -> None:
    run = fire(server, "sales", day="mon")
    found = ended(server, run)
    assert (found["state"], found["trigger"]["name"], found["blocks_done"]) == ("completed", "called", 3)
    assert 0 <= found["lateness"] < 900
    number = found["trigger"]["id"]
    for query in (
        {"trigger": number},
        {"pipeline": "sales", "state": "completed,failed"},
        {"q": run},
        {"block": "clean", "sort": "longest"},
        {"from": found["started"] - 5, "to": found["started"] + 5},
    ):
        names = [line["run"] for line in server.get("/api/runs", params=query)["runs"]]
        assert run in names, query
    assert run not in [line["run"] for line in server.get("/api/runs", params={"state": "failed"})["runs"]]
    assert server.get(f"/api/runs/{run}/explain")["text"] == "it has completed"
    assert server.client.get("/api/runs", params={"before": "nonsense"}).status_code == 422
    assert server.client.get("/api/runs", params={"sort": "random"}).status_code == 422


def test_pages_follow_one_another(server: Server) -> None:
    names = {fire(server, "sales", n=n) for n in range(3)}
    for run in names:
        ended(server, run)
    seen: list[str] = []
    before = ""
    while True:
        page = server.get("/api/runs", params={"pipeline": "sales", "limit": 1, "before": before})
        seen += [line["run"] for line in page["runs"]]
        if page["next"] is None:
            break
        before = page["next"]
    assert len(seen) == len(set(seen))
    assert names <= set(seen)


def test_a_failed_run_is_retried_whole_and_from_a_block(server: Server) -> None:
    run = fire(server, "sales", day="bad")
    found = ended(server, run)
    assert (found["state"], found["failed_block"]) == ("failed", "load")
    assert "no file of that day" in server.get(f"/api/runs/{run}/explain")["text"]
    text = server.get(f"/api/runs/{run}/blocks/clean/explain")["text"]
    assert text == "it did not run because load did not complete"
    again = server.post(f"/api/runs/{run}/retry")["run"]
    assert again["retry_of"] == run
    assert ended(server, again["run"])["state"] == "failed"
    same = server.post(f"/api/runs/{run}/retry_from", {"block": "load"})["run"]
    assert same["run"] == run
    until(lambda: server.get(f"/api/runs/{run}")["state"] == "failed")
    assert server.client.post(f"/api/runs/{run}/retry_from", json={"block": "nobody"}).status_code == 409
    assert server.client.post("/api/runs/nobody/retry").status_code == 404


def test_a_success_of_others_does_not_hide_that_a_trigger_fails(server: Server) -> None:
    run = fire(server, "sales", day="bad")
    assert ended(server, run)["state"] == "failed"
    other = server.post("/api/pipelines/sales/runs", {"blocks": ["cities"]})["run"]["run"]
    until(lambda: server.get(f"/api/runs/{other}")["state"] == "completed")

    def failing() -> list[str]:
        return [each["run"] for each in server.get("/api/home")["attention"]]

    assert run in failing()
    again = fire(server, "sales", day="good")
    assert ended(server, again)["state"] == "completed"
    until(lambda: run not in failing())


def test_a_run_that_is_tried_again_counts_from_then_on_every_page(server: Server) -> None:
    run = fire(server, "sales", day="bad")
    before = ended(server, run)
    assert server.post(f"/api/runs/{run}/retry_incomplete")["run"]["run"] == run

    def tried() -> Any:
        page = server.get(f"/api/runs/{run}")
        return page if page["ended"] and page["started"] > before["ended"] else None

    page = until(tried)
    [line] = [each for each in server.get("/api/runs")["runs"] if each["run"] == run]
    assert [line[key] for key in ("started", "ended", "seconds")] == [
        page[key] for key in ("started", "ended", "seconds")
    ]
    blocks = {each["block"]: each for each in page["blocks"]}
    assert blocks["load"]["started"] >= page["started"]
    assert blocks["load"]["attempts"] == 1
    assert blocks["cities"]["ended"] <= before["ended"], "what was done is kept"


def test_a_run_that_could_not_go_on_says_so_on_every_page_and_goes_on_later(server: Server) -> None:
    run = fire(server, "sales", day="bad")
    before = ended(server, run)
    assert "no file of that day" in before["error"]
    file = server.project / "pipelines/sales/metadata.yaml"
    file.write_text("name: [sales\n")
    server.post(f"/api/runs/{run}/retry_incomplete")
    page = until(lambda: (found := server.get(f"/api/runs/{run}"))["ended"] not in {None, before["ended"]} and found)
    [line] = [each for each in server.get("/api/runs")["runs"] if each["run"] == run]
    file.write_text(PIPELINE)
    assert "pipelines/sales/metadata.yaml" in page["error"]
    names = ("state", "error", "failed_block", "ended", "seconds", "blocks_done")
    assert [page[name] for name in names] == [line[name] for name in names]
    server.post(f"/api/runs/{run}/retry_incomplete")
    after = until(lambda: (found := server.get(f"/api/runs/{run}"))["ended"] not in {None, page["ended"]} and found)
    assert "no file of that day" in after["error"]


def test_what_waits_says_why_and_is_cancelled_before_it_begins(server: Server) -> None:
    first, second = fire(server, "slow"), fire(server, "slow")
    until(lambda: server.get(f"/api/runs/{first}")["blocks"])
    found = server.get(f"/api/runs/{second}")
    assert (found["state"], found["blocks"]) == ("initial", [])
    why = server.get(f"/api/runs/{second}/explain")
    assert why["text"] == "1 run of pipeline slow under way, and its limit is 1"
    assert "pipeline_run_limit_all_triggers" in why["details"][0]["change"]
    with server.client.stream("GET", f"/api/runs/{second}/events", timeout=PATIENCE) as stream:
        lines = stream.iter_lines()
        next(lines)
        done = server.post("/api/runs/bulk", {"action": "cancel", "runs": [second, "nobody"]})
        assert any('"run_ended"' in line for line in lines), "its stream ends though it has never begun"
    assert (done["done"], done["refused"][0]["run"]) == ([second], "nobody")
    assert server.get(f"/api/runs/{second}")["state"] == "cancelled"
    server.post(f"/api/runs/{first}/cancel")
    assert ended(server, first)["state"] == "cancelled"
    assert server.client.post(f"/api/runs/{first}/cancel").status_code == 409


def test_a_run_begins_as_soon_as_one_of_the_studio_that_kept_it_back_has_ended(server: Server, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    (server.project / "data_loaders/sleep.py").write_text(
        "import pathlib, time\n@data_loader\ndef sleep(*args, **kwargs):\n"
        f"    while not pathlib.Path({str(flag)!r}).exists():\n        time.sleep(0.01)\n"
    )
    first = server.post("/api/pipelines/slow/runs", {})["run"]["run"]
    until(lambda: [each for each in server.get(f"/api/runs/{first}")["blocks"] if each["state"] == "running"])
    second = fire(server, "slow")
    until(lambda: "its limit is 1" in server.get(f"/api/runs/{second}/explain")["text"])
    flag.touch()
    gone = ended(server, first)["ended"]
    assert ended(server, second)["state"] == "completed"
    begun = server.get(f"/api/runs/{second}")["blocks"][0]["started"]
    assert begun - gone < SWEEP / 4, "it was found by looking at everything, not heard of"
    (server.project / "data_loaders/sleep.py").write_text(SLEEP)


def test_a_block_waits_for_its_resource_and_gets_it_when_another_ends(server: Server) -> None:
    first = fire(server, "needy")
    until(lambda: [each for each in server.get(f"/api/runs/{first}")["blocks"] if each["state"] == "running"])
    second = fire(server, "needy")
    until(lambda: server.get(f"/api/runs/{second}")["state"] == "running")
    text = server.get(f"/api/runs/{second}/blocks/sleep/explain")["text"]
    assert text == "it needs 1 of licence, of which 0 of 1 is free"
    server.post(f"/api/runs/{first}/cancel")
    until(lambda: [each for each in server.get(f"/api/runs/{second}")["blocks"] if each["state"] == "running"])
    server.post(f"/api/runs/{second}/cancel")
    assert ended(server, second)["state"] == "cancelled"


def test_a_deleted_run_is_gone_with_its_logs(server: Server) -> None:
    run = fire(server, "sales")
    ended(server, run)
    assert server.client.delete(f"/api/runs/{run}").status_code == 204
    assert server.client.get(f"/api/runs/{run}").status_code == 404
    assert run not in [line["run"] for line in server.get("/api/runs")["runs"]]


def test_triggers_say_why_they_start_nothing(server: Server) -> None:
    assert server.get(f"/api/triggers/{trigger_of(server, 'sales')}/explain")["text"] == "it waits to be called"
    assert server.client.get("/api/triggers/99999/explain").status_code == 404
    assert server.client.get("/api/triggers/x/explain").status_code == 404


def test_a_backfill_by_dates(server: Server) -> None:
    body = {"pipeline": "sales", "name": "january", "start": "2024-01-01", "end": "2024-01-04", "interval_type": "day"}
    shown = server.post("/api/backfills/preview", body)
    assert (shown["total"], shown["truncated"], shown["problem"]) == (3, False, "")
    assert [run["partition"] for run in shown["runs"]] == ["20240101T000000", "20240102T000000", "20240103T000000"]
    many = server.post("/api/backfills/preview", {**body, "start": "2014-01-01"})
    assert (many["total"], many["truncated"], len(many["runs"]), shown["last"]) == (3655, True, 100, [])
    assert [many["last"][place]["partition"] for place in (0, -1)] == ["20231225T000000", "20240103T000000"]
    made = server.post("/api/backfills", {**body, "parallelism": 2, "variables": {"day": "any"}})
    assert (made["state"], made["counts"]) == ("initial", {"waiting": 3})
    number = made["id"]
    assert server.post(f"/api/backfills/{number}/start")["state"] == "running"
    until(lambda: server.get(f"/api/backfills/{number}")["state"] != "running")
    found = server.get(f"/api/backfills/{number}")
    assert (found["state"], found["counts"]) == ("completed", {"completed": 3})
    runs = server.get("/api/runs", params={"backfill": number})["runs"]
    assert sorted(run["execution_date"] for run in runs) == [1704067200.0, 1704153600.0, 1704240000.0]
    assert server.client.post(f"/api/backfills/{number}/start").status_code == 409
    assert server.client.delete(f"/api/backfills/{number}").status_code == 204
    assert server.client.get(f"/api/backfills/{number}").status_code == 404


def test_a_backfill_that_fails_is_run_again(server: Server) -> None:
    body = {"pipeline": "sales", "start": 0, "end": 1, "interval_type": "day", "variables": {"day": "bad"}, "run": True}
    number = server.post("/api/backfills", body)["id"]
    until(lambda: server.get(f"/api/backfills/{number}")["state"] == "failed")
    assert server.get(f"/api/backfills/{number}")["error"] == "1 of 1 runs did not complete"
    assert server.post(f"/api/backfills/{number}/retry")["runs"] == 1
    until(lambda: server.get(f"/api/backfills/{number}")["state"] == "failed")
    assert len(server.get("/api/runs", params={"backfill": number})["runs"]) == 2


def test_a_backfill_follows_its_pipeline_to_its_new_name(server: Server) -> None:
    number = server.post("/api/backfills", {"pipeline": "moves", "start": 0, "end": 1})["id"]
    server.post("/api/pipelines/moves/rename", {"name": "moved"})
    assert [one["id"] for one in server.get("/api/backfills", params={"pipeline": "moved"})["backfills"]] == [number]
    server.post(f"/api/backfills/{number}/start")
    until(lambda: server.get(f"/api/backfills/{number}")["state"] != "running")
    found = server.get(f"/api/backfills/{number}")
    assert (found["state"], found["error"], found["pipeline"]) == ("completed", "", "moved")


def test_a_backfill_by_code(server: Server) -> None:
    body = {"pipeline": "sales", "block": "cities"}
    shown = server.post("/api/backfills/preview", body)
    assert [run["variables"] for run in shown["runs"]] == [{"city": "Oslo"}, {"city": "Rome"}]
    number = server.post("/api/backfills", {**body, "run": True})["id"]
    until(lambda: server.get(f"/api/backfills/{number}")["state"] == "completed")


@pytest.mark.parametrize(
    ("returned", "variables", "problem"),
    [
        ([{"city": "Oslo"}], [{"city": "Oslo"}], ""),
        ([], [], "it lists no runs"),
        ("Oslo", [], "it returned str, not a list"),
        ([{}, {"execution_date": 1714521600000}], [], "of entry 1, 1714521600000, lies outside of the calendar"),
        ([{}, {"execution_date": "soon"}], [], "of entry 1, 'soon', is no date"),
    ],
)
def test_what_a_block_lists_is_a_list_of_runs_or_refused(
    server: Server, returned: Any, variables: list[Any], problem: str
) -> None:
    body = {"pipeline": "sales", "block": "cities", "variables": {"listed": returned}}
    shown = server.post("/api/backfills/preview", body)
    assert [run["variables"] for run in shown["runs"]] == variables
    assert shown["problem"].endswith(problem)
    assert server.client.post("/api/backfills", json=body).status_code == (422 if problem else 201)


def test_a_table_lists_a_run_for_each_of_its_rows(server: Server) -> None:
    body = {"pipeline": "sales", "block": "cities", "variables": {"table": True}}
    shown = server.post("/api/backfills/preview", body)
    assert [run["variables"] for run in shown["runs"]] == [{"city": "Oslo"}, {"city": "Rome"}]


def test_dates_without_an_offset_are_on_the_clocks_of_the_time_zone(server: Server) -> None:
    body = {"pipeline": "sales", "start": "2024-10-27T00:00", "end": "2024-10-28T00:00", "time_zone": "Europe/Paris"}
    shown = server.post("/api/backfills/preview", {**body, "interval_type": "hour"})
    assert (shown["total"], shown["runs"][0]["execution_date"]) == (25, 1729980000.0)
    assert [run["partition"] for run in shown["runs"][2:4]] == ["20241027T020000", "20241027T020000+0100"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"pipeline": "sales"}, 422),
        ({"pipeline": "nobody", "start": 0, "end": 1}, 404),
        ({"pipeline": "sales", "start": "soon", "end": 1}, 422),
        ({"pipeline": "sales", "start": 0, "end": 1, "interval_type": "eon"}, 422),
        ({"pipeline": "sales", "start": 0, "end": 1, "interval_units": -1}, 422),
        ({"pipeline": "sales", "start": 1e300, "end": 1e301}, 422),
        ({"pipeline": "sales", "block": "nobody"}, 404),
        ({"pipeline": "sales", "block": "cities", "start": 0, "end": 1}, 422),
        ({"pipeline": "../../etc", "start": 0, "end": 1}, 404),
    ],
)
def test_what_makes_no_backfill_is_refused_and_a_preview_says_why(
    server: Server, body: dict[str, Any], status: int
) -> None:
    assert server.client.post("/api/backfills", json=body).status_code == status
    if status == 422:
        assert server.post("/api/backfills/preview", body)["problem"]
