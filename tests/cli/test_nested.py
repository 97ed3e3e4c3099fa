"""Runs that blocks ask for under `penstock run`: in the same process, each with a record of its own."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import yaml

from tests.cli.projects import B, penstock, write_pipeline, write_project

ASK = """from penstock.sdk.triggers import trigger_pipeline
run = trigger_pipeline('child', **kwargs.get('options', {'check_status': True, 'error_on_failure': True}))
return {'id': run.id, 'status': run.status}
"""
COUNT = """import pathlib, time
with open(pathlib.Path(kwargs['repo_path'], 'worked.txt'), 'a') as file:
    file.write('x')
return 7
"""


def project_at(folder: Path, **retry: object) -> Path:
    ask = B("ask", "custom", ASK, more={"retry_config": retry} if retry else {})
    return write_project(folder, parent=[ask], child=[B("work", "data_loader", COUNT)])


def records(home: Path, pipeline: str) -> list[list[dict[str, object]]]:
    found = sorted((home / "data").glob(f"*/logs/pipelines/{pipeline}/.logs/*/run.jsonl"))
    return [[json.loads(line) for line in file.read_text().splitlines()] for file in found]


def variables(**given: object) -> list[str]:
    return ["--runtime-vars", json.dumps(given)]


def test_it_has_a_record_that_names_the_block_that_asked(tmp_path):
    project = project_at(tmp_path / "p")
    assert penstock("run", project, "parent", home=tmp_path).code == 0
    (parent,), (child,) = records(tmp_path, "parent"), records(tmp_path, "child")
    assert (child[0]["parent"], child[0]["parent_block"], child[0]["origin"]) == (parent[0]["run"], "ask", "block")
    assert child[-1]["state"] == "completed"


def until_given_up(project: Path, times: int, **more: object) -> None:
    """Let the child be under way until its parent has given up waiting for it so many times."""
    asks = (
        f"try:\n{textwrap.indent(ASK, '    ')}finally:\n"
        "    with open(kwargs['repo_path'] + '/asked.txt', 'a') as file:\n        file.write('x')"
    )
    write_pipeline(project, "parent", [B("ask", "custom", asks, more=more)])
    waits = (
        "file = pathlib.Path(kwargs['repo_path'], 'asked.txt')\n"
        f"while not (file.exists() and len(file.read_text()) >= {times}):\n    time.sleep(0.02)\nreturn 7"
    )
    write_pipeline(project, "child", [B("work", "data_loader", COUNT.replace("return 7", waits))])


def test_waiting_ends_with_its_poll_timeout_and_the_command_with_all_runs(tmp_path):
    project = project_at(tmp_path / "p")
    until_given_up(project, 1)
    options = {"check_status": True, "poll_timeout": 0.1}
    done = penstock("run", project, "parent", "--json", *variables(options=options), home=tmp_path)
    assert done.code == 1
    assert "poll_timeout of 0.1 s" in done.document["blocks"][0]["failure"]["message"]
    (child,) = records(tmp_path, "child")
    assert child[-1]["state"] == "completed"


def test_a_retry_after_the_end_of_the_run_asks_for_another(tmp_path):
    project = project_at(tmp_path / "p", retries=1, delay=0)
    write_pipeline(project, "child", [B("work", "data_loader", COUNT.replace("return 7", "raise ValueError('dry')"))])
    done = penstock("run", project, "parent", "--json", home=tmp_path)
    assert done.code == 1
    assert "dry" in done.document["blocks"][0]["failure"]["message"]
    assert (project / "worked.txt").read_text() == "xx"


def test_a_retry_goes_on_with_what_is_under_way_or_was_not_heard_of(tmp_path):
    project = project_at(tmp_path / "p")
    until_given_up(project, 2, retry_config={"retries": 1, "delay": 0})
    options = {"check_status": True, "poll_timeout": 0.1}
    assert penstock("run", project, "parent", *variables(options=options), home=tmp_path).code == 1
    assert (project / "asked.txt").read_text() == "xx"
    assert (project / "worked.txt").read_text() == "x"


def test_a_data_product_is_made_once(tmp_path):
    project = project_at(tmp_path / "p")
    entry = {"object_type": "pipeline", "object_uuid": "child", "outdated_after": {"days": 1}}
    (project / "global_data_products.yaml").write_text(yaml.safe_dump({"gold": entry}))
    use = "from penstock.sdk.remote import GlobalDataProduct\nreturn GlobalDataProduct.get('gold').get_outputs()"
    write_pipeline(project, "user", [B("one", "data_loader", use), B("two", "data_loader", use)])
    assert penstock("run", project, "user", home=tmp_path).code == 0
    assert penstock("run", project, "user", home=tmp_path).code == 0
    assert (project / "worked.txt").read_text() == "x"
    listed = penstock("data", "list", "user", "-p", project, "--json", home=tmp_path).document["products"]
    assert [each["outputs"][0]["preview"] for each in listed] == [{"work": [7]}] * 2


def test_variables_arrive_as_from_a_store(tmp_path):
    given = (
        "import datetime as dt, decimal, json, pathlib\nfrom penstock.sdk.triggers import trigger_pipeline\n"
        "moment = dt.datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC)\n"
        "values = {'day': dt.date(2024, 1, 2), 'at': moment, 'price': decimal.Decimal('1.50'), 'pair': (1, 2), 1: 2}\n"
        "run = trigger_pipeline('child', variables={'v': values}, check_status=True, error_on_failure=True)\n"
        "pathlib.Path(kwargs['repo_path'], 'told.txt').write_text(json.dumps(run.variables['v']))"
    )
    seen = (
        "import json, pathlib\n"
        "pathlib.Path(kwargs['repo_path'], 'seen.txt').write_text(json.dumps(kwargs['v']))\nreturn 7"
    )
    project = write_project(tmp_path / "p", parent=[B("ask", "custom", given)], child=[B("work", "data_loader", seen)])
    done = penstock("run", project, "parent", home=tmp_path)
    assert done.code == 0, done.err
    texts = {"day": "2024-01-02", "at": "2024-01-02T03:04:05.000006+00:00", "price": "1.50"}
    for name in ("seen", "told"):
        assert json.loads((project / f"{name}.txt").read_text()) == {**texts, "pair": [1, 2], "1": 2}


def test_one_block_and_a_run_without_its_sensors_are_asked_for_by_name(tmp_path):
    never = B("never", "sensor", "return False")
    child = [
        never,
        B("work", "data_loader", COUNT, up=("never",)),
        B("other", "custom", "raise ValueError('not this')"),
    ]
    asks = "import mage_ai\nmage_ai.run('child', kwargs['repo_path'], {block!r}, run_sensors={sensors})\nreturn 1"
    project = write_project(
        tmp_path / "p",
        child=child,
        one=[B("one", "custom", asks.format(block="work", sensors=True))],
        calm=[B("calm", "custom", asks.format(block=None, sensors=False))],
    )
    assert penstock("run", project, "one", home=tmp_path).code == 0
    ((began, *_),) = records(tmp_path, "child")
    assert (began["blocks"], began["what"]) == (["work"], "block work")
    done = penstock("run", project, "calm", home=tmp_path)
    assert (done.code, "ValueError: not this" in done.out) == (1, True)
    assert records(tmp_path, "child")[1][0]["blocks"] == ["work", "other"]


def test_penstock_run_in_a_block_means_its_project_unless_it_names_one(tmp_path):
    asks = "import penstock\nreturn penstock.run('child', run_sensors=False).output('work')"
    project = write_project(
        tmp_path / "p",
        child=[B("never", "sensor", "return False"), B("work", "data_loader", "return 7", up=("never",))],
        parent=[B("ask", "custom", asks)],
    )
    done = penstock("run", project, "parent", home=tmp_path)
    assert done.code == 0, done.out
