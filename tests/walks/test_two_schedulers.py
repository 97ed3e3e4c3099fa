"""Two schedulers and a server, three processes over one PostgreSQL: stopped, woken, killed, cut off from it."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from penstock.data import ProductStore
from penstock.project import open_project
from tests.cli.projects import B, write_project
from tests.server.running import Server, start
from tests.servers import OwnPostgres
from tests.walks.schedulers import SchedulerProcess, start_scheduler, wait_for

NOTED = """import os, pathlib, time
folder = pathlib.Path(kwargs['repo_path'], 'notes')
with open(folder / 'ran.txt', 'a') as file:
    file.write(f"{kwargs['go']} {os.getpid()}\\n")
while not (folder / kwargs['go']).exists():
    time.sleep(0.02)
return os.getpid()
"""
LATER = "import time\ntime.sleep(0.2)\nreturn args[0]"
SLOTS = 60


@dataclass
class Site:
    """All processes of one site, and their database."""

    home: Path
    root: Path
    postgres: OwnPostgres
    server: Server
    schedulers: dict[str, SchedulerProcess] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address of the state database."""
        return f"postgresql://postgres@127.0.0.1:{self.postgres.port}/postgres"

    def begin(self, name: str) -> SchedulerProcess:
        """Start a scheduler."""
        made = start_scheduler(self.root, self.home, name, {"PENSTOCK_DATABASE_URL": self.url})
        self.schedulers[name] = made
        return made

    def trigger(self, pipeline: str, **variables: Any) -> str:
        """Ask the server for a run; its name."""
        (one,) = self.server.get("/api/triggers", params={"pipeline": pipeline})["triggers"]
        return str(self.server.post(f"/api/triggers/{one['id']}/run", {"variables": variables})["run"])

    def run(self, run: str) -> Any:
        """A run as the server tells it."""
        return self.server.get(f"/api/runs/{run}")

    def driver(self, run: str) -> int:
        """The process that drives a run, 0 for none."""
        rows = self.rows(
            "SELECT process::json ->> 'pid' FROM penstock_run WHERE id = %s AND lease_owner IS NOT NULL", run
        )
        return int(rows[0][0]) if rows else 0

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database answers."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement, values).fetchall()

    def ran(self, go: str) -> list[str]:
        """The processes that have begun the first block of the run that waits for that file."""
        file = self.root / "notes" / "ran.txt"
        lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        return [process for name, process in lines if name == go]

    def by_pid(self, pid: int) -> SchedulerProcess:
        """The scheduler of that process."""
        return next(one for one in self.schedulers.values() if one.pid == pid)

    def published(self, run: str, block: str) -> int:
        """How many versions of a block's output a run has published."""
        store = ProductStore(open_project(self.root).store_root())
        manifests = [each for at in store.addresses() if at.block == block for each in store.versions(at)]
        return sum(each.lineage is not None and each.lineage.run == run for each in manifests)

    def ends(self, run: str) -> Counter[str]:
        """How often the record of a run tells the end of each block, and of itself under ""."""
        files = (self.home / "data").rglob(f"{run}/run.jsonl")
        told = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return Counter(one.get("block", "") for one in told if one["event"] in {"BlockEnded", "RunEnded"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server without a scheduler, and two schedulers."""
    home = tmp_path_factory.mktemp("site")
    patch = pytest.MonkeyPatch()
    patch.setenv("PENSTOCK_DATA_DIR", str(home / "data"))
    blocks = [B("first", "data_loader", NOTED), B("second", "transformer", LATER, ("first",))]
    quick = [B("quick", "data_loader", "return 1")]
    root = write_project(home / "project", long=blocks, minutely=quick)
    (root / "notes").mkdir()
    call = {"name": "call", "schedule_type": "api", "status": "active"}
    (root / "pipelines" / "long" / "triggers.yaml").write_text(yaml.safe_dump({"triggers": [call]}))
    postgres = OwnPostgres()
    server: Server | None = None
    made: Site | None = None
    try:
        postgres.start()
        address = f"postgresql://postgres@127.0.0.1:{postgres.port}/postgres"
        environment = {"PENSTOCK_DATABASE_URL": address}
        server = start(root, home, "--instance-type", "server", environment=environment)
        made = Site(home, root, postgres, server)
        made.begin("one")
        made.begin("two")
        yield made
    finally:
        for one in made.schedulers.values() if made is not None else ():
            one.stop(signal.SIGKILL)
        if server is not None:
            server.stop()
        postgres.close()
        patch.undo()


def test_a_scheduler_that_was_stopped_is_fenced_off_when_it_wakes(site: Site) -> None:
    """Longer than its lease: the other goes on with its run, and what the sleeper had begun is published by nobody."""
    run = site.trigger("long", go="go1")
    wait_for("the block begins", lambda: site.ran("go1"))
    first = site.by_pid(site.driver(run))
    first.send(signal.SIGSTOP)
    wait_for("the other begins it", lambda: len(site.ran("go1")) == 2)
    assert site.by_pid(site.driver(run)) is not first
    (site.root / "notes" / "go1").touch()
    wait_for("its end", lambda: site.run(run)["state"] == "completed")
    first.send(signal.SIGCONT)
    wait_for("the sleeper says what it has lost", lambda: "its lease was lost" in first.said())
    detail = site.run(run)
    assert detail["state"] == "completed"
    assert site.published(run, "first") == site.published(run, "second") == 1
    assert len(site.ran("go1")) == 2
    assert site.ends(run) == {"first": 1, "second": 1, "": 1}
    # It is a scheduler like any other again.
    again = site.trigger("long", go="go1")
    wait_for("another run", lambda: site.run(again)["state"] == "completed")


def test_what_a_killed_scheduler_drove_is_driven_on(site: Site) -> None:
    """At once by one that starts on its machine, which sees that the process is gone; by others after its lease."""
    run = site.trigger("long", go="go2")
    wait_for("the block begins", lambda: site.ran("go2"))
    dead = site.by_pid(site.driver(run))
    dead.stop(signal.SIGKILL)
    site.begin(next(name for name, one in site.schedulers.items() if one is dead))
    wait_for("another begins it", lambda: len(site.ran("go2")) == 2)
    (site.root / "notes" / "go2").touch()
    wait_for("its end", lambda: site.run(run)["state"] == "completed")
    assert site.published(run, "first") == site.published(run, "second") == 1
    assert site.ends(run) == {"first": 1, "second": 1, "": 1}


def test_a_slot_becomes_one_run_whoever_sees_it_first(site: Site) -> None:
    """An hour of slots is due at once, and both schedulers are told of it by the file."""
    file = site.root / "pipelines" / "minutely" / "triggers.yaml"
    settings = {"missed_runs": "all", "missed_runs_limit": SLOTS, "create_initial_pipeline_run": True}
    trigger = {
        "name": "each minute",
        "schedule_type": "time",
        "schedule_interval": "* * * * *",
        "status": "active",
        "settings": settings,
    }
    file.write_text(yaml.safe_dump({"triggers": [trigger]}))
    find = "SELECT id FROM penstock_trigger WHERE pipeline = 'minutely' AND next_due_at IS NOT NULL"
    ((number,),) = wait_for("the trigger", lambda: site.rows(find))
    site.rows(
        "UPDATE penstock_trigger SET last_slot = floor(extract(epoch FROM now()) / 60) * 60 - 60 * %s,"
        " next_due_at = extract(epoch FROM now()) - 3600, last_enabled_at = 0 WHERE id = %s RETURNING id",
        SLOTS,
        number,
    )
    site.rows("SELECT pg_notify('penstock', %s)", "triggers\nminutely")
    open_ones = "SELECT count(*), count(*) FILTER (WHERE ended_at IS NULL) FROM penstock_run WHERE trigger_id = %s"
    wait_for("all of them", lambda: (found := site.rows(open_ones, number)[0])[0] >= SLOTS and found[1] == 0)
    counts = "SELECT count(*), count(DISTINCT slot), min(slot), max(slot) FROM penstock_run WHERE trigger_id = %s"
    ((runs, slots, first, last),) = site.rows(counts, number)
    assert runs == slots == (last - first) / 60 + 1


def test_a_database_that_goes_away_costs_nothing_but_time(site: Site) -> None:
    run = site.trigger("long", go="go3")
    wait_for("the block begins", lambda: site.ran("go3"))
    driver = site.by_pid(site.driver(run))
    site.postgres.stop()

    def health() -> Any:
        return site.server.client.get("/api/health").json()

    wait_for("health says so", lambda: health()["database"]["status"] != "ok")
    assert health()["status"] != "ok"
    assert "does not answer" in health()["database"]["text"]
    answer = site.server.client.post("/api/triggers/1/run", json={})
    assert answer.status_code == 503
    assert "state" in answer.text
    (site.root / "notes" / "go3").touch()
    wait_for("its driver says that it waits", lambda: "the scheduler waits" in driver.said())
    site.postgres.start()
    wait_for("its end", lambda: site.run(run)["state"] == "completed")
    assert site.published(run, "first") == site.published(run, "second") == 1
    assert site.ends(run) == {"first": 1, "second": 1, "": 1}
    assert len(site.ran("go3")) == 1
    wait_for("its driver says that it goes on", lambda: "answers again" in driver.said())
    wait_for("health is well", lambda: health()["status"] == "ok")
    after = site.trigger("long", go="go3")
    wait_for("a run after it", lambda: site.run(after)["state"] == "completed")
