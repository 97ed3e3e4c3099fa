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
TABLE = """import datetime, pandas as pd
cities = {'city': ['Oslo', 'Rome'], 'n': [1, None], 'execution_date': pd.to_datetime(['2024-01-01', '2024-01-02'])}
return pd.DataFrame({**cities, 'since': [[datetime.date(1048, 1, 1)], []]})"""


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
            B("one", "custom", "return [{'city': 'Oslo'}]"),
            B("none", "custom", "return []"),
            B("millis", "custom", "return [{'execution_date': 1714521600000}, {}]"),
            B("dated", "custom", "import datetime\nreturn [{'execution_date': datetime.date(2024, 5, 1)}] * 2"),
            B("table", "custom", TABLE),
            B("names", "data_loader", "return 'Oslo'"),
            B("below", "custom", "return [{'city': args[0], **kwargs['given']}]", ("names",)),
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


def test_a_list_of_one_run_is_a_list_and_an_empty_one_is_refused(project: Path) -> None:
    found = json.loads(penstock("backfill", "preview", "orders", "-p", project, "--block", "one", "--json").out)
    assert [run["variables"] for run in found["runs"]] == [{"city": "Oslo"}]
    assert "it lists no runs" in penstock("backfill", "preview", "orders", "-p", project, "--block", "none").err


def test_dates_of_a_list_are_dates_or_refused(project: Path) -> None:
    refused = penstock("backfill", "preview", "orders", "-p", project, "--block", "millis")
    assert "execution_date of entry 0, 1714521600000, lies outside of the calendar" in refused.err
    assert "Traceback" not in refused.err
    zone = ["--time-zone", "Europe/Paris"]
    found = penstock("backfill", "preview", "orders", "-p", project, "--block", "dated", "--json", *zone)
    assert [run["execution_date"] for run in json.loads(found.out)["runs"]] == [1714514400.0] * 2


def test_a_table_lists_a_run_for_each_of_its_rows(project: Path) -> None:
    found = json.loads(penstock("backfill", "preview", "orders", "-p", project, "--block", "table", "--json").out)
    assert [run["execution_date"] for run in found["runs"]] == [1704067200.0, 1704153600.0]
    dates = ["2024-01-01 00:00:00", "2024-01-02 00:00:00"]
    assert [run["variables"] for run in found["runs"]] == [
        {"city": "Oslo", "n": 1.0, "execution_date": dates[0], "since": ["1048-01-01"]},
        {"city": "Rome", "n": None, "execution_date": dates[1], "since": []},
    ]


def test_what_lists_runs_gets_variables_of_any_name_and_what_it_depends_on(project: Path) -> None:
    variables = json.dumps({"given": {"a": 1}, "pipeline_uuid": "x", "block_uuid": "y", "project_path": "z"})
    arguments = ["--block", "below", "--runtime-vars", variables, "--json"]
    found = json.loads(penstock("backfill", "preview", "orders", "-p", project, *arguments).out)
    assert [run["variables"] for run in found["runs"]] == [{"city": "Oslo", "a": 1}]


def test_dates_are_on_the_clocks_of_the_time_zone(project: Path) -> None:
    dates = ["--start", "2024-03-30", "--end", "2024-04-02", "--time-zone", "Europe/Paris", "--json"]
    found = json.loads(penstock("backfill", "preview", "orders", "-p", project, *dates).out)
    assert [run["partition"] for run in found["runs"]] == ["20240330T000000", "20240331T000000", "20240401T000000"]
    assert found["runs"][0]["execution_date"] == 1711753200.0


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
