"""A pipeline that fans out, seen from the studio: blocks stand for their children, a run's page has them all."""

from __future__ import annotations

import pytest
import yaml

from tests.server.serving import Server, make_project, serving

MANY = """
@data_loader
def many(**kwargs):
    return [[1, 2, 3], [{"block_uuid": name} for name in ("a", "b", "c")]]
"""
EACH = """
@transformer
def each(item, **kwargs):
    print("item", item)
    if item == kwargs.get("bad"):
        raise ValueError("this one")
    return item * 10
"""
ALL = """
@data_exporter
def every(items, **kwargs):
    return {"items": items}
"""
BLOCKS = [
    ("many", "data_loader", [], MANY),
    ("each", "transformer", ["many"], EACH),
    ("every", "data_exporter", ["each"], ALL),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = make_project(tmp_path_factory.mktemp("studio") / "project", blocks=BLOCKS)
    file = root / "pipelines" / "flights" / "metadata.yaml"
    pipeline = yaml.safe_load(file.read_text())
    pipeline["blocks"][0]["configuration"] = {"dynamic": True}
    pipeline["blocks"][1]["configuration"] = {"reduce_output": True}
    file.write_text(yaml.safe_dump(pipeline, sort_keys=False))
    with serving(root) as running:
        yield running


def test_the_pipelines_page_hears_of_blocks_and_the_runs_page_of_children(server: Server):
    events = server.run()
    told = [event["block"] for event in events if event["type"] in {"block_started", "block_ended"}]
    assert told == ["many", "many", "each", "each", "every", "every"]
    printed = "".join(item["text"] for event in events if event["type"] == "block_output" for item in event["items"])
    assert sorted(printed.split("\n")[:-1]) == ["item 1", "item 2", "item 3"]
    run = events[-1]["run"]
    assert (run["state"], run["blocks_done"], run["blocks_total"]) == ("completed", 3, 3)
    status = server.get("/pipelines/flights/status")
    assert {block: one["state"] for block, one in status["blocks"].items()} == dict.fromkeys(
        ["many", "each", "every"], "completed"
    )
    detail = server.get(f"/runs/{run['run']}")
    assert [(block["block"], block["state"]) for block in detail["blocks"]] == [
        (key, "completed") for key in ("many", "each", "each:a", "each:b", "each:c", "every")
    ]
    assert server.get("/products/flights/each:b/value")["mime"]["application/json"] == 20


def test_a_child_that_fails_is_found_on_the_runs_page_and_its_block_says_which(server: Server):
    server.run()  # a good one to compare with
    events = server.run(variables={"bad": 2})
    run = events[-1]["run"]
    assert (run["state"], run["failed_block"]) == ("failed", "each")
    assert "each:b: this one" in run["error"]
    states = {block["block"]: block["state"] for block in server.get(f"/runs/{run['run']}")["blocks"]}
    assert states == {
        "many": "completed", "each": "failed", "each:a": "completed", "each:b": "failed", "each:c": "completed",
        "every": "upstream_failed",
    }  # fmt: skip
    why = server.get(f"/runs/{run['run']}/why/each")
    assert why["failure"]["message"] == "this one"
    assert [given["block"] for given in why["inputs"]] == ["many"]
    assert [change["what"] for change in why["changed_since_good"]]
    status = server.get("/pipelines/flights/status")["blocks"]
    assert status["each"]["state"] == "failed"
    assert status["each"]["failure"]["message"].startswith("1 of 3 children failed (each:b)")


def test_one_block_runs_all_its_children_again(server: Server):
    server.run()
    events = server.run(blocks=["each"])
    run = events[-1]["run"]
    assert run["state"] == "completed"
    keys = [block["block"] for block in server.get(f"/runs/{run['run']}")["blocks"]]
    assert keys == ["each", "each:a", "each:b", "each:c"]
