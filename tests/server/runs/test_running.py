"""Blocks are run from the browser: what is asked for runs, is told, and is stored as the command line stores it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.server.serving import Server, make_project, serving

LOAD = """
import pandas

@data_loader
def load(**kwargs):
    print("loading", kwargs["env"])
    return pandas.DataFrame({"a": [1, 2]})
"""
DOUBLE = """
@transformer
def double(rows, **kwargs):
    return rows * 2

@test
def even(rows):
    assert (rows["a"] % 2 == 0).all(), "odd"
"""
SAVE = """
@data_exporter
def save(rows, **kwargs):
    return len(rows)
"""
BLOCKS = [
    ("load", "data_loader", [], LOAD),
    ("double", "transformer", ["load"], DOUBLE),
    ("save", "data_exporter", ["double"], SAVE),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = make_project(tmp_path_factory.mktemp("studio") / "project", blocks=BLOCKS)
    with serving(root) as running:
        yield running


def ended(events):
    return {event["block"]: event["status"] for event in events if event["type"] == "block_ended"}


def test_all_blocks_in_order_with_everything_told(server: Server):
    events = server.run()
    kinds = [event["type"] for event in events]
    assert kinds[0] == "run_started"
    assert [event["block"] for event in events if event["type"] == "block_started"] == ["load", "double", "save"]
    statuses = ended(events)
    assert {status["state"] for status in statuses.values()} == {"completed"}
    assert statuses["double"]["tests"] == [{"name": "even", "passed": True, "error": ""}]
    assert statuses["load"]["outputs"][0]["rows"] == 2
    printed = "".join(
        i["text"] for e in events if e["type"] == "block_output" and e["block"] == "load" for i in e["items"]
    )
    assert printed == "loading dev\n"
    run = events[-1]["run"]
    assert (run["state"], run["blocks_done"], run["blocks_total"], run["what"], run["origin"]) == (
        "completed", 3, 3, "all", "studio",
    )  # fmt: skip


def test_numbers_rise_and_every_event_comes_once(server: Server):
    with server.live() as live:
        first = live.subscribe("pipeline:flights")["seq"]
        server.post("/pipelines/flights/runs", {"blocks": ["load"]})
        live.until("run_ended")
    with server.live() as late:
        late.subscribe("pipeline:flights", since=first, epoch=late.hello["epoch"])
        again = late.until("run_ended")
    kinds = [event["type"] for event in again]
    assert kinds.count("block_started") == kinds.count("block_ended") == kinds.count("run_started") == 1


def test_one_block_with_what_is_around_it(server: Server):
    server.run()
    assert set(ended(server.run(blocks=["double"]))) == {"double"}
    assert set(ended(server.run(blocks=["double"], with_upstream=True))) == {"load", "double"}
    assert set(ended(server.run(blocks=["double"], with_downstream=True))) == {"double", "save"}
    assert set(ended(server.run(blocks=["save"], incomplete_upstream=True))) == {"save"}


def test_incomplete_upstreams_are_those_without_output(tmp_path: Path):
    root = make_project(tmp_path / "project", blocks=BLOCKS)
    with serving(root) as server:
        events = server.run(blocks=["save"], incomplete_upstream=True)
        assert set(ended(events)) == {"load", "double", "save"}
        assert events[-1]["run"]["what"] == "block save with incomplete upstream"


def test_an_upstream_without_output_is_said(tmp_path: Path):
    root = make_project(tmp_path / "project", blocks=BLOCKS)
    with serving(root) as server:
        status = ended(server.run(blocks=["save"]))["save"]
        assert status["state"] == "failed"
        assert "upstream double has no stored output" in status["failure"]["message"]


def test_a_block_runs_on_earlier_versions_of_its_inputs(tmp_path: Path):
    """What a failed run was given can be given again, although something newer has come since."""
    count = "@data_loader\ndef load(**kwargs):\n    return {'n': kwargs.get('n', 1)}\n"
    take = "@transformer\ndef take(found, **kwargs):\n    return found['n'] * 10\n"
    blocks = [("load", "data_loader", [], count), ("take", "transformer", ["load"], take)]
    with serving(make_project(tmp_path / "project", blocks=blocks)) as server:
        first = ended(server.run())["load"]["version"]
        newer = ended(server.run(variables={"n": 2}))
        assert newer["take"]["outputs"][0]["preview"] == 20
        again = ended(server.run(blocks=["take"], inputs={"load": first}))["take"]
        assert (again["state"], again["outputs"][0]["preview"]) == ("completed", 10)
        gone = ended(server.run(blocks=["take"], inputs={"load": "00000099-ffffffff"}))["take"]
        assert gone["state"] == "failed"
        assert "load" in gone["failure"]["message"]
        assert ended(server.run(blocks=["take"]))["take"]["outputs"][0]["preview"] == 20


def test_variables_and_tests_of_one_run(server: Server):
    code = "@custom\ndef show(**kwargs):\n    return kwargs['day']\n\n@test\ndef never(value):\n    assert False\n"
    (server.root / "custom").mkdir(exist_ok=True)
    (server.root / "custom" / "show.py").write_text(code)
    from tests.server.serving import add_pipeline

    add_pipeline(server.root, "days", [("show", "custom", [], code)])
    status = ended(server.run("days", variables={"day": "2013-01-01"}, tests=False))["show"]
    assert status["state"] == "completed"
    assert status["outputs"][0]["preview"] == "2013-01-01"
    status = ended(server.run("days", variables={"day": 1}))["show"]
    assert status["state"] == "failed"
    assert status["version"] is not None  # its output is kept for inspection


def test_stale_marks_follow_the_files_and_only_what_is_stale_runs(server: Server):
    server.run()
    status = server.get("/pipelines/flights/status")
    assert {block["stale"] for block in status["blocks"].values()} == {""}
    with server.live() as live:
        live.subscribe("pipeline:flights", since=status["seq"])
        file = server.root / "transformers" / "double.py"
        file.write_text(DOUBLE.replace("* 2", "* 4"))
        marks = live.until("stale_changed")[-1]["blocks"]
        assert marks == {"double": "transformers/double.py has changed", "save": "upstream double is stale"}
        server.post("/pipelines/flights/runs", {"stale_only": True})
        events = live.until("run_ended")
        assert {e["block"] for e in events if e["type"] == "block_started"} == {"double", "save"}
        assert events[-1]["run"]["what"] == "stale"
    blocks = server.get("/pipelines/flights/status")["blocks"]
    assert {block["stale"] for block in blocks.values()} == {""}


def test_what_has_changed_about_an_output_is_said(server: Server):
    server.run(blocks=["load"])
    (server.root / "data_loaders" / "load.py").write_text(LOAD.replace("[1, 2]", "[1, 2, 3]"))
    try:
        assert ended(server.run(blocks=["load"]))["load"]["changed"] == ["+1 row"]
        assert server.get("/pipelines/flights/status")["blocks"]["load"]["changed"] == ["+1 row"]
    finally:
        (server.root / "data_loaders" / "load.py").write_text(LOAD)
        server.run()


def test_edits_are_saved_first_and_a_conflict_runs_nothing(server: Server):
    detail = server.get("/pipelines/flights")
    load = next(block for block in detail["blocks"] if block["uuid"] == "load")
    new = LOAD.replace("loading", "reading")
    edit = {"block": "load", "content": new, "revision": load["content_revision"]}
    begun = server.post("/pipelines/flights/runs", {"blocks": ["load"], "edits": [edit]})
    assert (server.root / "data_loaders" / "load.py").read_text() == new
    assert begun["saved"][0]["block"] == "load"
    with server.live() as live:
        live.subscribe(f"run:{begun['run']['run']}", since=0)
        live.until("run_ended")
    before = len(server.get("/runs")["runs"])
    refused = server.post("/pipelines/flights/runs", {"blocks": ["load"], "edits": [edit]}, 409)["error"]
    assert (refused["code"], refused["details"]["content"]) == ("J109", new)
    assert len(server.get("/runs")["runs"]) == before


@pytest.mark.parametrize(
    ("pipeline", "body", "status", "code"),
    [
        ("none", {}, 404, "J102"),
        ("flights", {"blocks": ["none"]}, 404, "J103"),
        ("flights", {"unknown": 1}, 422, None),
        ("flights", {"blocks": "load"}, 422, None),
    ],
)
def test_what_cannot_run_is_refused(server: Server, pipeline, body, status, code):
    error = server.post(f"/pipelines/{pipeline}/runs", body, status)["error"]
    assert code is None or error["code"] == code
    assert error["message"]


def test_the_command_line_stores_the_same(server: Server):
    server.run()
    data = server.root / ".data"
    stored = {path: version(server, path) for path in ("load", "double", "save")}
    command = [sys.executable, "-m", "penstock", "run", server.root, "flights", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=server.root)
    assert json.loads(done.stdout)
    assert data.exists()
    for block, (fingerprint, outputs) in stored.items():
        again, same = version(server, block)
        assert outputs == same
        # The fingerprint covers code, inputs, variables and environment: nothing of them may differ.
        assert block != "load" or fingerprint == again
    run = server.get("/runs", limit=1)["runs"][0]
    assert (run["origin"], run["state"]) == ("cli", "completed")
    assert server.get("/pipelines/flights/status")["blocks"]["save"]["run"] == run["run"]


def version(server: Server, block: str):
    from penstock.model.product import Address

    manifest = server.studio.store.latest(Address("flights", block))
    assert manifest is not None
    return manifest.fingerprint, manifest.summaries()


def test_callbacks_that_fail_are_told_apart_from_their_blocks(tmp_path: Path):
    root = make_project(
        tmp_path / "project",
        blocks=[
            ("good", "data_loader", [], "@data_loader\ndef f(**kwargs):\n    return 1"),
            ("bad", "data_loader", [], "@data_loader\ndef f(**kwargs):\n    raise ValueError('no data')"),
        ],
    )
    file = root / "pipelines/flights/metadata.yaml"
    entry = {"uuid": "tell", "type": "callback", "language": "python", "upstream_blocks": ["good", "bad"]}
    file.write_text(json.dumps({**yaml.safe_load(file.read_text()), "callbacks": [entry]}))
    (root / "callbacks").mkdir()
    both = "@callback('success')\n@callback('failure')\ndef f(data, **kwargs):\n    raise KeyError('chat')\n"
    (root / "callbacks/tell.py").write_text(both)
    with serving(root) as running:
        events = running.run()
        told = {e["block"]: e["callback_failures"] for e in events if e["type"] == "callback_failed"}
        run = events[0]["run"]["run"]
        # The event of a block that has ended well comes before its end, that of one that failed after.
        assert ended(events)["good"]["callback_failures"] == told["good"]
        detail = {block["block"]: block for block in running.get(f"/runs/{run}")["blocks"]}
        statuses = running.get("/pipelines/flights/status")["blocks"]
        for block, after, state in (("good", "success", "completed"), ("bad", "failure", "failed")):
            (one,) = told[block]
            assert (one["callback"], one["after"], one["failure"]["kind"]) == ("tell", after, "KeyError")
            assert (one["failure"]["frames"][0]["line"], one["failure"]["frames"][0]["own"]) == (4, True)
            for shown in (detail[block], statuses[block]):
                assert (shown["state"], shown["callback_failures"]) == (state, [one])
        assert detail["good"]["failure"] is None
        assert detail["bad"]["failure"]["message"] == "no data"
        # What a later run does without is forgotten.
        (root / "callbacks/tell.py").write_text("@callback\ndef f(data, **kwargs):\n    pass\n")
        running.run(blocks=["good"])
        assert running.get("/pipelines/flights/status")["blocks"]["good"]["callback_failures"] == []
