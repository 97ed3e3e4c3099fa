import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from tests.cli.projects import B, clean_environment, penstock, write_pipeline, write_project
from tests.patience import PATIENCE, until

LOADER = B(
    "load",
    "data_loader",
    "import pandas as pd\n"
    "n = kwargs.get('n', 3)\n"
    "return pd.DataFrame({'id': range(n), 'name': ['x', None, 'ž'] * (n // 3), 'v': [k * kwargs.get('f', 1) for k in range(n)]})",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    home = tmp_path_factory.mktemp("data")
    project = write_project(home / "p", frames=[LOADER])
    for variables in ('{"n": 3}', '{"n": 6, "f": 2}'):
        done = penstock("run", project, "frames", "--runtime-vars", variables, home=home)
        assert done.code == 0, done.out
    return home, project


def test_list_shows_the_latest_or_all(place):
    home, project = place
    latest = penstock("data", "list", "-p", project, home=home)
    assert len(latest.out.splitlines()) == 2
    assert "frames/load" in latest.out
    every = penstock("data", "list", "-p", project, "--versions", "--json", home=home).document["products"]
    assert [entry["outputs"][0]["rows"] for entry in every] == [6, 3]


def test_list_of_nothing_says_what_to_do(tmp_path):
    project = write_project(tmp_path / "p", frames=[LOADER])
    assert "run a pipeline first" in penstock("data", "list", "-p", project, home=tmp_path).out
    assert penstock("data", "list", "-p", project, "--json", home=tmp_path).document["products"] == []


def test_show_tells_where_it_comes_from_and_the_first_rows(place):
    home, project = place
    shown = penstock("data", "show", "frames/load", "-p", project, "-n", "2", "--offset", "1", home=home)
    assert shown.code == 0
    assert "output_0: table" in shown.out
    assert "6 rows" in shown.out
    assert "code data_loaders/load.py" in shown.out
    assert shown.out.splitlines()[-1].split() == ["2", "ž", "4"]


def test_show_prints_numbers_that_json_has_not_without_quotes_and_json_stays_json(tmp_path):
    values = {
        "nan": ("float('nan')", "NaN"),
        "least": ("float('-inf')", "-Infinity"),
        "word": ("'NaN'", '"NaN"'),
        "both": ("{'a': float('nan'), 'b': 'nan', 'c': [float('inf'), 1.5, None]}", '{"a": NaN, "b": "nan", "c": [Infinity, 1.5, null]}'),
        "keys": ("{1: 'a', '1': 'b', 2: 'c'}", '{"1 (int)": "a", "1": "b", "2": "c"}'),
        "long": ("2**64", "18446744073709551616"),
        "huge": ("{'n': 2**20000}", json.dumps({"n": hex(2**20000)[:500]})),
        "day": ("__import__('datetime').date(2024, 1, 2)", "2024-01-02"),
    }  # fmt: skip
    blocks = [B(name, "data_loader", f"return {value}") for name, (value, _) in values.items()]
    project = write_project(tmp_path / "p", plain=blocks)
    assert penstock("run", project, "plain", home=tmp_path).code == 0
    for name, (_, told) in values.items():
        shown = penstock("data", "show", f"plain/{name}", "-p", project, home=tmp_path)
        assert shown.out.splitlines()[-1].strip() == told, name

    def refused(word):
        raise AssertionError(word)

    shown = penstock("data", "show", "plain/both", "-p", project, "--json", home=tmp_path)
    (output,) = json.loads(shown.out, parse_constant=refused)["outputs"]
    assert output["preview"] == {"a": "nan", "b": "nan", "c": ["inf", 1.5, None]}


@pytest.mark.parametrize("ending", ["csv", "parquet", "json", "arrow"])
def test_export_writes_the_whole_output(place, tmp_path, ending):
    home, project = place
    file = tmp_path / f"out.{ending}"
    done = penstock("data", "export", "frames/load", file, "-p", project, home=home)
    assert (done.code, done.err) == (0, "")
    assert file.stat().st_size > 0
    if ending == "parquet":
        assert pq.read_table(file).num_rows == 6
    if ending == "csv":
        assert file.read_text().splitlines()[1].startswith("0,")
    again = penstock("data", "export", "frames/load", file, "-p", project, home=home)
    assert again.code == 2
    assert "the file exists" in again.err


def test_diff_tells_changed_added_and_removed_rows_by_key(place):
    home, project = place
    versions = [
        entry["version"]
        for entry in penstock("data", "list", "-p", project, "--versions", "--json", home=home).document["products"]
    ]
    done = penstock("data", "diff", "frames/load", versions[1], "--key", "id", "-p", project, "--json", home=home)
    assert done.code == 1, done.err
    text = penstock("data", "diff", "frames/load", versions[1], "--key", "id", "-p", project, home=home).out
    assert "3" in text
    same = penstock("data", "diff", "frames/load", versions[0], versions[0], "-p", project, home=home)
    assert same.code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["show", "load"], 2, "it has no block"),
        (["show", "frames/laod"], 3, "Did you mean frames/load?"),
        (["show", "frames/load#99"], 3, "no versions of that name"),
        (["show", "frames/load#0"], 3, "reading version 0 of frames/load: no versions of that name"),
        (["show", "frames/load", "-o", "output_7"], 3, "Choose one with --output"),
        (["export", "frames/load", "x.docx"], 2, "the ending does not tell the format"),
        (["diff", "frames/load", "77"], 3, "no versions of that name"),
    ],
)
def test_misuse_is_one_sentence(place, arguments, code, problem):
    home, project = place
    done = penstock("data", *arguments, "-p", project, home=home)
    assert (done.code, problem in done.err) == (code, True), done.err
    assert "Traceback" not in done.err


def test_clean_and_export_tell_in_json(tmp_path):
    project = write_project(tmp_path / "p", orders=[B("load", "data_loader", "return [1, 2]")])
    for _ in range(2):
        assert penstock("run", project, "orders", home=tmp_path).code == 0
    would = json.loads(penstock("clean", project, "--keep", "1", "--dry-run", "--json", home=tmp_path).out)
    assert would["outputs"]["versions"] == 1
    assert (would["logs"], would["runs"], would["dry_run"]) == (None, None, True)
    logs = json.loads(
        penstock("clean-old-logs", project, "--retention-period", "0m", "--dry-run", "--json", home=tmp_path).out
    )
    assert logs == {"logs": {"runs": 2}, "dry_run": True}
    file = tmp_path / "out.json"
    told = penstock("data", "export", "orders/load", file, "-p", project, "--json", home=tmp_path)
    document = json.loads(told.out)
    assert (document["file"], document["bytes"], document["format"]) == (str(file), file.stat().st_size, "json")


def test_a_pipeline_that_there_is_not_ends_with_2_and_one_that_was_deleted_is_cleaned(tmp_path):
    project = write_project(tmp_path / "p", orders=[B("load", "data_loader", "return [1, 2]")])
    assert penstock("run", project, "orders", home=tmp_path).code == 0
    for arguments in (
        ["blocks", project, "none"],
        ["clean", project, "--pipeline-uuid", "none", "--keep", "1"],
        ["clean-old-logs", project, "--pipeline-uuid", "none", "--retention-period", "1d"],
        ["clean-cached-variables", project, "--pipeline-uuid", "none"],
        ["data", "list", "none", "-p", project],
    ):
        done = penstock(*arguments, home=tmp_path)
        assert (done.code, "none" in done.err) == (2, True), (arguments, done.err)
        as_json = penstock(*arguments, "--json", home=tmp_path)
        assert (as_json.code, json.loads(as_json.out)["error"]["code"]) == (2, "J102")
    (project / "pipelines" / "orders" / "metadata.yaml").unlink()
    left = penstock("clean-old-logs", project, "--pipeline-uuid", "orders", "--retention-period", "0m", home=tmp_path)
    assert (left.code, "those of 1 runs" in left.out) == (0, True), left.err
    broken = project / "pipelines" / "broken" / "metadata.yaml"
    broken.parent.mkdir()
    broken.write_text("a: [")
    assert penstock("blocks", project, "broken", home=tmp_path).code == 0, "it is listed with what is wrong"


def test_clean_keeps_the_latest_and_says_what_it_removed(tmp_path):
    project = write_project(tmp_path / "p", frames=[LOADER])
    for _ in range(3):
        assert penstock("run", project, "frames", home=tmp_path).code == 0
    assert "nothing to do" in penstock("clean", project, home=tmp_path).out
    would = penstock("clean", project, "--keep", "1", "--dry-run", home=tmp_path).out
    assert "would remove 2 versions" in would
    assert "removed 2 versions" in penstock("clean", project, "--keep", "1", home=tmp_path).out
    assert len(penstock("data", "list", "-p", project, "--versions", "--json", home=tmp_path).document["products"]) == 1
    assert penstock("data", "show", "frames/load", "-p", project, home=tmp_path).code == 0
    logs = penstock("clean-old-logs", project, "--retention-period", "0m", home=tmp_path)
    assert "removed those of 3 runs" in logs.out
    wrong = penstock("clean", project, "--retention-period", "soon", home=tmp_path)
    assert (wrong.code, "soon" in wrong.err) == (2, True)


def test_clean_leaves_a_run_under_way_what_it_reads_and_its_logs(tmp_path):
    mark = tmp_path / "go on"
    waits = (
        f"import pathlib, time\nprint('waiting')\nwhile not pathlib.Path({str(mark)!r}).exists():\n    time.sleep(0.02)"
    )
    blocks = [
        B("first", "data_loader", "return [1, 2]"),
        B("slow", "custom", waits, ["first"]),
        B("last", "transformer", "return args[0]", ["first", "slow"]),
    ]
    project = write_project(tmp_path / "p", frames=blocks)
    command = [sys.executable, "-m", "penstock.cli.main", "run", str(project), "frames"]
    environment = {**clean_environment(), "PENSTOCK_DATA_DIR": str(tmp_path / "data")}
    run = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        until("the slow block", lambda: list((tmp_path / "data").rglob("slow.log")))
        assert penstock("run", project, "frames", "--block-uuid", "first", home=tmp_path).code == 0
        cleaned = penstock("clean", project, "--keep", "1", "--retention-period", "0s", home=tmp_path)
        assert "removed 0 versions" in cleaned.out
        assert "removed those of 1 runs" in cleaned.out  # of the run of the block alone
        mark.touch()
        assert run.wait(PATIENCE) == 0
    finally:
        run.kill()
        run.wait()
    (left,) = penstock("runs", "-p", project, "--json", home=tmp_path).document["runs"]
    assert (left["state"], left["blocks_done"]) == ("completed", 3)
    assert "waiting" in penstock("logs", left["run"], "-p", project, home=tmp_path).out
    assert "removed 1 versions" in penstock("clean", project, "--keep", "1", home=tmp_path).out


def test_a_number_means_its_version_however_many_there_are(tmp_path):
    project = write_project(tmp_path / "p", frames=[B("load", "data_loader", "return kwargs['n']")])
    for number in range(11):
        variables = f'{{"n": {number}}}'
        assert penstock("run", project, "frames", "--runtime-vars", variables, home=tmp_path).code == 0
    for name in ("frames/load#1", "frames/load#00000001", "frames/load#10", "frames/load#00000010"):
        done = penstock("data", "show", name, "-p", project, home=tmp_path)
        assert (done.code, "frames/load#000000" in done.out) == (0, True), done.err
    assert penstock("data", "diff", "frames/load", "1", "10", "-p", project, home=tmp_path).code in {0, 1}


def test_an_export_follows_links_and_replaces_nothing_but_files(place, tmp_path):
    home, project = place
    target, link, fifo = tmp_path / "target.csv", tmp_path / "link.csv", tmp_path / "fifo.csv"
    target.write_text("old")
    link.symlink_to(target)
    os.mkfifo(fifo)
    command = ("data", "export", "frames/load", link, "-p", project, "--force")
    assert penstock(*command, home=home).code == 0
    assert link.is_symlink()
    assert target.read_text().startswith("id,")
    refused = penstock("data", "export", "frames/load", fifo, "-p", project, "--force", home=home)
    assert (refused.code, "no ordinary file" in refused.err, fifo.is_fifo()) == (2, True, True)


def test_a_number_to_keep_is_not_narrowed_by_the_age_that_the_project_sets(tmp_path):
    project = write_project(tmp_path / "p", frames=[LOADER])
    (project / "metadata.yaml").write_text("project_type: standalone\nvariables_retention_period: 90d\n")
    for _ in range(2):
        assert penstock("run", project, "frames", home=tmp_path).code == 0
    assert "removed 0 versions" in penstock("clean", project, home=tmp_path).out
    assert "removed 1 versions" in penstock("clean", project, "--keep", "1", home=tmp_path).out


def test_a_project_of_many_kinds_of_output_lists(tmp_path):
    project = write_project(tmp_path / "p")
    write_pipeline(
        project,
        "kinds",
        [
            B("text", "data_loader", "return 'hello\\x1b[31m'"),
            B("nothing", "data_loader", "return None"),
            B("model", "data_loader", "from sklearn.linear_model import LinearRegression\nreturn LinearRegression()"),
            B("figure", "data_loader", "import plotly.graph_objects as go\nreturn go.Figure()"),
            B(
                "far",
                "data_loader",
                "import pyarrow as pa\nreturn pa.table({'d': pa.array([2**31 - 1]).cast('int32').cast('date32')})",
            ),
        ],
    )
    assert penstock("run", project, "kinds", home=tmp_path).code == 0
    listed = penstock("data", "list", "-p", project, home=tmp_path)
    assert listed.code == 0
    for name in ("text", "nothing", "model", "figure", "far"):
        shown = penstock("data", "show", f"kinds/{name}", "-p", project, home=tmp_path)
        assert shown.code == 0, shown.err
        assert "\x1b" not in shown.out


def test_a_value_of_many_levels_is_an_output(tmp_path):
    body = "value = 1\nfor _ in range(140):\n    value = {'k': value}\nreturn value"
    project = write_project(
        tmp_path / "p", deep=[B("a", "data_loader", body), B("b", "transformer", "return 1", up=("a",))]
    )
    done = penstock("run", project, "deep", home=tmp_path)
    assert done.code == 0, done.out
