"""`penstock backfill` in processes of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penstock.project import open_project
from penstock.state.address import state_url
from penstock.state.rows import BackfillRow
from penstock.state.store import open_state
from tests.cli import projects
from tests.cli.projects import B, write_project

DATES = ["--start", "2024-01-01", "--end", "2024-01-04"]


def penstock(*arguments: str | Path) -> projects.Result:
    """The command, with its data beside the project that it names."""
    home = next(each for each in arguments if isinstance(each, Path)).parent
    return projects.penstock(*arguments, home=home)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(
        tmp_path / "p",
        orders=[
            B("load", "data_loader", "return 1"),
            B("cities", "custom", "return [{'city': 'Oslo'}, {'city': 'Rome'}]"),
        ],
    )


def test_a_backfill_is_shown_made_cancelled_and_deleted(project: Path) -> None:
    shown = penstock("backfill", "preview", "orders", "-p", project, *DATES)
    assert "20240103T000000" in shown.out
    assert shown.out.strip().endswith("3 runs")
    made = penstock("backfill", "create", "orders", "-p", project, *DATES, "--name", "january", "--json")
    document = json.loads(made.out)
    assert (document["state"], document["settings"]["total"]) == ("running", 3)
    assert "no scheduler is running" in made.err
    number = str(document["id"])
    assert "january" in penstock("backfill", "list", "-p", project).out
    assert penstock("backfill", "delete", number, "-p", project).code != 0
    assert "cancelled" in penstock("backfill", "cancel", number, "-p", project).out
    assert penstock("backfill", "start", number, "-p", project).code == 0
    assert penstock("backfill", "cancel", number, "-p", project).code == 0
    assert "deleted" in penstock("backfill", "delete", number, "-p", project).out
    assert penstock("backfill", "show", number, "-p", project).code != 0


def test_a_block_lists_the_runs(project: Path) -> None:
    found = json.loads(penstock("backfill", "preview", "orders", "-p", project, "--block", "cities", "--json").out)
    assert (found["total"], found["more"]) == (2, False)
    assert [run["variables"] for run in found["runs"]] == [{"city": "Oslo"}, {"city": "Rome"}]
    assert "returned int, not a list" in penstock("backfill", "preview", "orders", "-p", project, "--block", "load").err


def test_a_list_says_that_there_is_more(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(project.parent / "data"))  # as the command has it
    assert json.loads(penstock("backfill", "list", "-p", project, "--json").out) == {"backfills": [], "more": False}
    state = open_state(state_url(open_project(project).data_dir()))
    with state.write() as connection:
        for number in range(1000):
            state.backfills.add(connection, BackfillRow("orders", f"b{number}", 1.0 + number))
    found = json.loads(penstock("backfill", "list", "-p", project, "--json").out)
    assert (len(found["backfills"]), found["more"]) == (1000, False)
    with state.write() as connection:
        state.backfills.add(connection, BackfillRow("orders", "newest", 5000.0))
    state.close()
    found = json.loads(penstock("backfill", "list", "-p", project, "--json").out)
    assert (len(found["backfills"]), found["more"]) == (1000, True)
    assert found["backfills"][0]["name"] == "newest"
    shown = penstock("backfill", "list", "-p", project)
    assert "newest 1,000" in shown.err
    hours = ["--start", "2024-01-01", "--end", "2024-03-01", "--interval", "hour"]
    runs = json.loads(penstock("backfill", "preview", "orders", "-p", project, *hours, "--json").out)
    assert (len(runs["runs"]), runs["total"], runs["more"]) == (1000, 1440, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "orders"],
        ["create", "nobody", *DATES],
        ["create", "orders", "--start", "soon", "--end", "later"],
        ["create", "orders", *DATES, "--units", "0"],
        ["create", "orders", *DATES, "--time-zone", "Mars"],
        ["create", "orders", *DATES, "--parallelism", "-1"],
        ["show", "7"],
        ["retry", "7"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused_in_words(project: Path, arguments: list[str]) -> None:
    found = penstock("backfill", *arguments, "-p", project)
    assert found.code != 0
    assert "error " in found.err
    assert "Traceback" not in found.err
