"""Runs that blocks ask for, over a real server: runs of their own, waited for, found again after a kill."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.data import ProductStore
from penstock.model.product import Address
from penstock.schedule.requests import RUNS, NewRun, create_run
from penstock.state.address import state_url
from penstock.state.notify import tell
from penstock.state.rows import RunRow
from penstock.state.store import State, open_state
from tests.cli.projects import B, write_pipeline, write_project
from tests.server.running import Server, start
from tests.walks.schedulers import wait_for

ASK = """from penstock.sdk.triggers import trigger_pipeline
given = {key: kwargs[key] for key in ('name', 'go') if key in kwargs}
options = kwargs.get('options', {'check_status': True, 'error_on_failure': True})
run = trigger_pipeline(kwargs['target'], variables=given, **options)
return {'id': run.id, 'status': run.status, 'blocks': [each.block_uuid for each in run.block_runs]}
"""
WORK = """import pathlib, time
folder = pathlib.Path(kwargs['repo_path'], 'notes')
folder.mkdir(exist_ok=True)
with open(folder / 'worked.txt', 'a') as file:
    file.write(f"{kwargs.get('name', 'work')}\\n")
while kwargs.get('go') and not (folder / kwargs['go']).exists():
    time.sleep(0.02)
return {'name': kwargs.get('name'), 'env': kwargs['env']}
"""
PASS_ON = """from penstock.sdk.triggers import trigger_pipeline
mine = kwargs['pipeline_uuid']
trigger_pipeline('deep' if mine == 'round' else 'round', check_status=True, error_on_failure=True)
"""


@dataclass
class Site:
    """A project, its server, and its store."""

    home: Path
    root: Path
    server: Server
    state: State
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.home / "data" / "project"

    def ask(self, pipeline: str, **variables: Any) -> str:
        """Ask for a run as a call would; its name."""
        row = create_run(self.state, NewRun(pipeline, "api", variables, options={"environment": "prod"}), time.time())
        tell(self.data, RUNS, row.id)
        return row.id

    def row(self, run: str) -> RunRow:
        with self.state.read() as connection:
            found = self.state.runs.get(connection, run)
        assert found is not None
        return found

    def children(self, run: str) -> list[RunRow]:
        with self.state.read() as connection:
            return self.state.runs.children(connection, run)

    def runs_of(self, pipeline: str) -> list[RunRow]:
        with self.state.read() as connection:
            return [
                row
                for row in self.state.runs.many(connection, self._names(connection)).values()
                if row.pipeline == pipeline
            ]

    def _names(self, connection: Any) -> list[str]:
        from penstock.state.run_list import RunFilter

        return [row.id for row in self.state.runs.page(connection, RunFilter(), limit=500).rows]

    def end(self, run: str) -> RunRow:
        """The run, once it has ended."""
        return wait_for(f"the end of {run}", lambda: row if not (row := self.row(run)).open else None)

    def child(self, run: str, states: tuple[str, ...] = ("running",)) -> RunRow:
        """The run's only child, once it is in one of these states."""

        def found() -> RunRow | None:
            rows = self.children(run)
            assert len(rows) <= 1
            return rows[0] if rows and rows[0].state in states else None

        return wait_for(f"the child of {run}", found)

    def go(self, name: str) -> None:
        """Let those go on that wait for this file."""
        (self.root / "notes").mkdir(exist_ok=True)
        (self.root / "notes" / name).touch()

    def begun(self, count: int) -> None:
        """Wait until so many runs have begun to work."""
        wait_for(f"{count} at work", lambda: len(self.worked()) >= count)

    def worked(self) -> list[str]:
        file = self.root / "notes" / "worked.txt"
        return file.read_text().split() if file.exists() else []

    def log(self, row: RunRow, block: str) -> str:
        page = self.server.get(f"/api/runs/{row.id}/logs", params={"block": block})
        return "\n".join(str(line) for line in page["lines"])

    def restart(self, number: int = signal.SIGKILL, **environment: str) -> None:
        """End the server by a signal, and start it again."""
        self.server.stop(number)
        self.server = start(self.root, self.home, environment=environment)


def project_at(folder: Path) -> Path:
    return write_project(
        folder,
        parent=[B("ask", "custom", ASK), B("after", "transformer", "return args[0]", ("ask",))],
        other=[B("ask", "custom", ASK)],
        child=[B("work", "data_loader", WORK)],
        broken=[B("boom", "data_loader", "raise ValueError('the well is dry')")],
        round=[B("pass_on", "custom", PASS_ON)],
        deep=[B("pass_on", "custom", PASS_ON)],
    )


@pytest.fixture
def site(tmp_path, monkeypatch) -> Iterator[Site]:
    root = project_at(tmp_path / "project")
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    server = start(root, tmp_path)
    state = open_state(state_url(tmp_path / "data" / "project"))
    made = Site(tmp_path, root, server, state)
    yield made
    made.state.close()
    made.server.stop()


def test_a_block_gets_a_run_of_its_own_and_waits_for_its_end(site):
    run = site.ask("parent", target="child", name="first")
    row = site.end(run)
    assert (row.state, row.error) == ("completed", "")
    child = site.child(run, ("completed",))
    assert (child.origin, child.parent_run, child.pipeline) == ("block", run, "child")
    told = site.server.get(f"/api/runs/{run}")
    assert [(each["run"], each["block"], each["state"]) for each in told["children"]] == [
        (child.id, "ask", "completed")
    ]
    told = site.server.get(f"/api/runs/{child.id}")
    assert (told["parent"]["run"], told["parent"]["block"], told["parent_run"]) == (run, "ask", run)
    assert child.id in site.log(row, "ask")
    assert f"ask of run {run}" in site.server.get(f"/api/runs/{child.id}/logs")["lines"][0]["text"]
    assert child.id in {each["run"] for each in site.server.get("/api/runs", params={"origin": "block"})["runs"]}


def test_a_block_that_waits_says_for_what_and_fails_with_the_cause(site):
    run = site.ask("parent", target="child", go="on")
    site.child(run)
    waiting = wait_for("what it waits for", lambda: site.row(run).waiting)
    assert waiting["run"] == site.child(run).id
    assert "waits for the run" in site.server.get(f"/api/runs/{run}/explain")["text"]
    site.go("on")
    assert site.end(run).waiting is None
    row = site.end(site.ask("parent", target="broken"))
    assert row.state == "failed"
    assert row.failed_block == "ask"
    assert "the triggered pipeline broken" in row.error
    assert "the well is dry" in row.error


def test_kill_9_while_a_block_waits_leaves_one_child(site):
    run = site.ask("parent", target="child", go="on")
    child = site.child(run)
    site.begun(1)
    site.restart()
    site.begun(2)  # the child's block was lost with the server, and runs again
    site.go("on")
    assert site.end(run).state == "completed"
    assert [row.id for row in site.children(run)] == [child.id]
    assert site.row(child.id).state == "completed"
    assert "goes on with the run" in site.log(site.row(run), "ask")


@pytest.mark.parametrize("point", ["children.before_commit", "children.after_commit", "answer.before_commit"])
def test_killed_at_any_moment_of_asking_there_is_one_child(site, point):
    site.restart(signal.SIGTERM, PENSTOCK_FAILPOINTS=point)
    run = site.ask("parent", target="child")
    wait_for("the kill", lambda: site.server.process.poll() is not None)
    site.restart()
    assert site.end(run).state == "completed"
    assert len(site.children(run)) == 1


def test_those_that_wait_take_no_place_of_a_limit(site):
    site.server.stop()
    (site.root / "metadata.yaml").write_text(
        yaml.safe_dump({"project_type": "standalone", "concurrency_config": {"pipeline_run_limit_all_pipelines": 1}})
    )
    site.server = start(site.root, site.home)
    runs = [site.ask("parent", target="child", name=f"c{number}") for number in range(3)]
    assert [site.end(run).state for run in runs] == ["completed"] * 3
    assert sorted(site.worked()) == ["c0", "c1", "c2"]


def test_two_pipelines_that_want_each_other_do_not_wait_for_ever(site):
    for name, other in (("left", "right"), ("right", "left")):
        body = f"""from penstock.sdk.triggers import trigger_pipeline
import pathlib, time
folder = pathlib.Path(kwargs['repo_path'], 'notes')
folder.mkdir(exist_ok=True)
if kwargs.get('asks'):
    (folder / kwargs['pipeline_uuid']).touch()
    while not (folder / '{other}').exists():
        time.sleep(0.02)
    trigger_pipeline('{other}', check_status=True, error_on_failure=True)
"""
        limits = {"concurrency_config": {"pipeline_run_limit_all_triggers": 1}}
        write_pipeline(site.root, name, [B(f"ask_{name}", "custom", body)], **limits)
    runs = [site.ask(name, asks=True) for name in ("left", "right")]
    assert [site.end(run).state for run in runs] == ["completed", "completed"]
    assert [len(site.children(run)) for run in runs] == [1, 1]


def test_what_a_waiting_block_holds_is_free_meanwhile(site):
    site.server.stop()
    (site.root / "metadata.yaml").write_text(yaml.safe_dump({"project_type": "standalone", "resources": {"well": 1}}))
    held = {"resources": {"well": 1}}
    write_pipeline(site.root, "holder", [B("ask_held", "custom", ASK, more=held)])
    write_pipeline(site.root, "held", [B("work_held", "data_loader", WORK, more=held)])
    site.server = start(site.root, site.home)
    assert site.end(site.ask("holder", target="held")).state == "completed"


def test_the_end_of_a_run_ends_those_that_its_blocks_wait_for(site):
    run = site.ask("parent", target="child", go="never")
    child = site.child(run)
    site.begun(1)
    site.server.post(f"/api/runs/{run}/cancel")
    assert site.end(run).state == "cancelled"
    assert site.end(child.id).state == "cancelled"


def test_one_that_is_not_waited_for_outlives_its_parent(site):
    run = site.ask("parent", target="child", go="on", options={})
    row = site.end(run)
    assert row.state == "completed"
    child = site.child(run, ("initial", "running"))
    site.go("on")
    assert site.end(child.id).state == "completed"


def test_waiting_ends_with_its_poll_timeout_and_the_run_goes_on(site):
    options = {"check_status": True, "poll_timeout": 0.5}
    run = site.ask("parent", target="child", go="on", options=options)
    row = site.end(run)
    assert row.state == "failed"
    assert "poll_timeout of 0.5 s" in row.error
    child = site.child(run, ("running",))
    site.go("on")
    assert site.end(child.id).state == "completed"


def test_runs_that_would_wait_for_each_other_are_refused(site):
    row = site.end(site.ask("round"))
    assert row.state == "failed"
    assert "round waits for deep waits for round" in row.error


def test_the_run_counts_for_the_named_trigger(site):
    entry = {"name": "nightly", "schedule_type": "api", "status": "active", "variables": {"name": "of the trigger"}}
    (site.root / "pipelines" / "child" / "triggers.yaml").write_text(yaml.safe_dump({"triggers": [entry]}))
    wait_for("the trigger", lambda: site.server.get("/api/triggers", params={"pipeline": "child"})["triggers"])
    options = {"check_status": True, "schedule_name": "nightly"}
    run = site.ask("parent", target="child", options=options)
    assert site.end(run).state == "completed"
    told = site.server.get(f"/api/runs/{site.children(run)[0].id}")
    assert told["trigger"]["name"] == "nightly"
    assert told["variables"]["name"] == "of the trigger"
    run = site.ask("parent", target="child", options={"check_status": True, "schedule_name": "from code"})
    assert site.end(run).state == "completed"
    assert site.server.get(f"/api/runs/{site.children(run)[0].id}")["trigger"]["name"] == "from code"
    names = {each["name"] for each in site.server.get("/api/triggers", params={"pipeline": "child"})["triggers"]}
    assert names == {"nightly"}


def test_a_trigger_that_runs_once_is_inactive_afterwards_and_its_file_says_so(site):
    file = site.root / "pipelines" / "child" / "triggers.yaml"
    text = """triggers:
- name: first day  # the migration
  schedule_type: time
  schedule_interval: '@once'
  status: active  # until it has run
"""
    file.write_text(text)
    wait_for("the file", lambda: "inactive" in file.read_text())
    assert file.read_text() == text.replace("active", "inactive")
    (run,) = site.runs_of("child")
    assert site.row(run.id).state == "completed"

    def told() -> bool:
        (one,) = site.server.get("/api/triggers", params={"pipeline": "child"})["triggers"]
        return (one["active"], one["next"]) == (False, None)

    wait_for("an inactive trigger", told)
    file.write_text(text.replace("active", "inactive") + "  description: it was here\n")
    trigger = wait_for("the edit", lambda: site.server.get("/api/triggers")["triggers"][0]["description"])
    assert trigger == "it was here"
    assert len(site.runs_of("child")) == 1


def test_a_run_of_the_studio_asks_as_well(site):
    run = site.server.post("/api/pipelines/parent/runs", {"variables": {"target": "child", "go": "on"}})["run"]["run"]
    child = site.child(run)
    assert child.options["environment"] == "dev"
    site.go("on")
    wait_for("the end", lambda: site.server.get(f"/api/runs/{run}")["state"] == "completed")
    assert site.row(child.id).state == "completed"
    run = site.server.post("/api/pipelines/parent/runs", {"variables": {"target": "child", "go": "never"}})["run"][
        "run"
    ]
    child = site.child(run)
    site.server.post(f"/api/runs/{run}/interrupt")
    assert site.end(child.id).state == "cancelled"


@pytest.fixture
def gold(site) -> Site:
    """The site with a data product `gold`, which the pipeline `child` makes, and two pipelines that use it."""
    entry = {
        "object_type": "pipeline",
        "object_uuid": "child",
        "repo_path": "/somewhere/else",
        "outdated_after": {"hours": 1},
        "settings": {"work": {"partitions": 2}},
    }
    (site.root / "global_data_products.yaml").write_text(yaml.safe_dump({"gold": entry}))
    show = "return {'got': args[0], 'named': kwargs['work']}"
    for name in ("first", "second"):
        write_pipeline(site.root, name, [B(f"show_{name}", "transformer", show, ("gold",))])
        file = site.root / "pipelines" / name / "metadata.yaml"
        document = yaml.safe_load(file.read_text())
        product = {"uuid": "gold", "name": "gold", "type": "global_data_product", "language": None}
        product |= {"upstream_blocks": [], "downstream_blocks": [f"show_{name}"]}
        document["blocks"].insert(0, {**product, "configuration": {"global_data_product": {"uuid": "gold"}}})
        file.write_text(yaml.safe_dump(document))
    return site


def output(site: Site, pipeline: str, block: str) -> Any:
    store = ProductStore(site.data / "products")
    manifest = store.latest(Address(pipeline, block))
    assert manifest is not None
    return store.load(manifest.ref)


def test_a_data_product_is_made_once_for_all_that_ask_and_not_again_before_it_is_outdated(gold):
    runs = [gold.ask("first"), gold.ask("second")]
    assert [gold.end(run).state for run in runs] == ["completed", "completed"]
    assert len(gold.runs_of("child")) == 1
    made = [{"name": None, "env": "prod"}]
    assert output(gold, "first", "show_first") == {"got": {"work": made}, "named": made}
    assert gold.end(gold.ask("first")).state == "completed"
    assert len(gold.runs_of("child")) == 1
    (gold.root / "global_data_products.yaml").write_text(
        yaml.safe_dump({"gold": {"object_type": "pipeline", "object_uuid": "child", "outdated_after": {"seconds": 1}}})
    )
    last = gold.runs_of("child")[0]
    wait_for("a second to pass", lambda: time.time() > (last.ended_at or 0) + 1)
    assert gold.end(gold.ask("second")).state == "completed"
    assert len(gold.runs_of("child")) == 2


def test_outputs_are_handed_to_the_blocks_of_the_run(site):
    body = """from penstock.sdk.triggers import trigger_pipeline
from mage_ai.data_preparation.models.block.remote.models import RemoteBlock
made = trigger_pipeline('child', return_remote_blocks=True)
run = trigger_pipeline('reader', remote_blocks=made, check_status=True, error_on_failure=True)
return [block.get_outputs()[0]['name'] for block in made]
"""
    read = "return {'groups': [list(each) for each in kwargs['remote_blocks']]}"
    write_pipeline(site.root, "reader", [B("read", "data_loader", read)])
    write_pipeline(site.root, "hander", [B("hand", "custom", body)])
    assert site.end(site.ask("hander")).state == "completed"
    assert output(site, "reader", "read") == {"groups": [[{"name": None, "env": "prod"}]]}
