import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.cli.exits import Exit, exit_code
from penstock.cli.main import COMMANDS
from penstock.cli.text import human_size, text_table
from penstock.model.errors import every_error
from tests.cli.projects import B, clean_environment, penstock, write_project
from tests.patience import PATIENCE

FULL = Path("/dev/full")


def test_help_names_every_command(tmp_path):
    shown = penstock("--help", home=tmp_path)
    assert shown.code == 0
    for name in COMMANDS:
        assert name in shown.out
        assert penstock(name, "--help", home=tmp_path).code == 0


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["runs"], 3, "running `penstock runs`: what it writes cannot be stored: No space left on device"),
        (["runs", "--json"], 3, "running `penstock runs`: what it writes cannot be stored: No space left on device"),
        (["run", "p", "--json"], 3, "running `penstock run`: what it writes cannot be stored"),
        (["run", "none", "--json"], 2, "opening pipeline none: "),
        (["--help"], 3, "running `penstock --help`: what it writes cannot be stored"),
    ],
)
def test_an_output_that_is_full_is_told_and_the_machine_has_refused(arguments, code, told, tmp_path):
    project = write_project(tmp_path / "project", p=[B("one", "custom", "return 1")])
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "penstock", *arguments],
            cwd=project,
            env={**clean_environment(), "PENSTOCK_DATA_DIR": str(tmp_path / "data")},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])  # as most languages of a system have it, and C
def test_a_name_that_is_no_text_is_told_as_json(errors, tmp_path):
    project = write_project(tmp_path / "project", p=[B("one", "custom", "return 1")])
    environment = {"PYTHONIOENCODING": f"utf-8:{errors}"}
    for command in (["runs", os.fsdecode(b"a\xff")], ["cancel", os.fsdecode(b"a\xff")]):
        done = penstock(*command, "--project", project, "--json", home=tmp_path, **environment)
        assert (done.code, "Traceback" in done.err) == (2, False), done.err
        assert r"a\udcff" in done.out
        assert done.document


def test_an_unknown_command_is_misuse(tmp_path):
    done = penstock("rnu", home=tmp_path)
    assert done.code == 2
    assert "rnu" in done.err


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["run", "--json"], "penstock run"),
        (["data", "diff", "x", "--json"], "penstock data diff"),
        (["rnu", "--json"], "penstock"),
    ],
)
def test_misuse_is_json_where_json_is_wanted(arguments, command, tmp_path):
    done = penstock(*arguments, home=tmp_path)
    assert (done.code, done.err) == (2, "")
    assert done.document["error"]["hint"] == f"See `{command} --help`."


def test_init_makes_a_project_that_checks_and_runs_offline(tmp_path):
    done = penstock("init", "my_project", home=tmp_path)
    assert done.code == 0, done.err
    project = tmp_path / "my_project"
    checked = penstock("check", project, "--json", home=tmp_path)
    assert checked.code == 0, checked.out
    assert checked.document["errors"] == 0
    assert penstock("run", project, "example_pipeline", home=tmp_path).code == 0
    again = penstock("init", "my_project", home=tmp_path)
    assert again.code == 2
    assert "Traceback" not in again.err


def test_init_takes_type_cluster_and_id(tmp_path):
    done = penstock(
        "init", "m", "--project-type", "main", "--cluster-type", "k8s", "--project-uuid", "abc", home=tmp_path
    )
    assert done.code == 0, done.err
    text = (tmp_path / "m" / "metadata.yaml").read_text()
    assert "project_type: main" in text
    assert "cluster_type: k8s" in text
    assert "abc" in text
    assert penstock("init", "x", "--project-type", "other", home=tmp_path).code == 2


def test_check_exits_with_1_on_errors_and_shows_the_place(tmp_path):
    project = write_project(tmp_path / "p", good=[B("a", "data_loader", "return 1")])
    assert penstock("check", project, home=tmp_path).code == 0
    (project / "data_loaders" / "a.py").write_text("def f(:\n")
    done = penstock("check", project, home=tmp_path)
    assert done.code == 1
    assert "data_loaders/a.py:1:" in done.out
    document = penstock("check", project, "--json", home=tmp_path).document
    assert document["errors"] == 1


def test_blocks_lists_also_what_cannot_be_read(tmp_path):
    project = write_project(tmp_path / "p", good=[B("a", "data_loader", "return 1")])
    (project / "pipelines" / "bad").mkdir()
    (project / "pipelines" / "bad" / "metadata.yaml").write_text("blocks: [\n")
    listed = penstock("blocks", project, "--json", home=tmp_path).document
    assert listed["more"] is False
    entries = {entry["uuid"]: entry for entry in listed["pipelines"]}
    assert entries["good"]["blocks"][0]["file"] == "data_loaders/a.py"
    assert entries["bad"]["error"]
    assert "a: data_loader, python" in penstock("blocks", project, home=tmp_path).out


def test_version_names_the_parts(tmp_path):
    assert json.loads(penstock("version", "--json", home=tmp_path).out)["duckdb"]


@pytest.mark.parametrize("error", every_error())
def test_every_error_has_an_exit_code(error):
    assert exit_code(error("doing x: y")) in set(Exit) - {Exit.SUCCESS}


def _unread(arguments, tmp_path):
    """The exit code and standard error of a command whose reader has gone before it says anything."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "penstock.cli.main", *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            env={**clean_environment(), "PENSTOCK_DATA_DIR": str(tmp_path / "data")},
            cwd=tmp_path,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(writing)
    return done.returncode, done.stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    project = write_project(
        tmp_path / "p",
        good=[B("a", "data_loader", "return 1"), B("b", "transformer", "open('ran', 'w'); return 2", up=("a",))],
        bad=[B("c", "data_loader", "raise ValueError('broken')")],
    )
    assert _unread(["blocks", str(project)], tmp_path) == (0, "")
    assert _unread(["run", str(project), "good"], tmp_path) == (0, "")
    assert list(tmp_path.rglob("ran"))
    assert _unread(["run", str(project), "bad", "--json"], tmp_path) == (1, "")
    (project / "data_loaders/a.py").write_text("x = 1")
    assert _unread(["check", str(project)], tmp_path) == (1, "")


@pytest.mark.parametrize("variable", ["", "1"])
def test_colours_can_be_refused(variable, tmp_path):
    project = write_project(tmp_path / "p", one=[B("a", "data_loader", "return 1")])
    (project / "data_loaders/a.py").write_text("x = 1")
    terminal, end = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "penstock.cli.main", "check", str(project)],
        stdout=end,
        env={**clean_environment(), "NO_COLOR": variable},
        timeout=PATIENCE,
        check=False,
    )
    os.close(end)
    shown = os.read(terminal, 10_000)
    os.close(terminal)
    assert done.returncode == 1
    assert (b"\x1b[31m" in shown) is not bool(variable)


def test_tables_are_aligned_and_hold_no_control_characters():
    text = text_table(["a", "b"], [["x\x1b[31m", "1"], ["日本", "22"], ["y" * 100, ""]])
    lines = text.splitlines()
    assert "\x1b" not in text
    assert lines[3].endswith("…")
    assert len(lines[1].split("  ")[0]) > 0
    assert human_size(891_000_000) == "891.0 MB"


def told_by_python(code, home):
    """What a Python program prints that is started in that folder, and ends well."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=home,
        capture_output=True,
        text=True,
        env={**clean_environment(), "PENSTOCK_DATA_DIR": str(home / "data")},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_run_from_python_gives_the_outputs(tmp_path):
    write_project(
        tmp_path / "p",
        two=[B("a", "data_loader", "return kwargs['n']"), B("b", "transformer", "return [args[0], 2]", up=("a",))],
        bad=[B("c", "data_loader", "raise ValueError('broken')")],
    )
    code = (
        "import penstock, sys\n"
        "result = penstock.run('two', 'p', n=7)\n"
        "assert result.output('b') == [7, 2], result.output('b')\n"
        "assert result.state == 'completed'\n"
        "assert penstock.run('two', 'p', block_uuid='b').output('b') == [7, 2]\n"
        "try:\n    penstock.run('bad', 'p')\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    told = told_by_python(code, tmp_path)
    assert "BlockFailedError running pipeline bad: block c failed" in told
    assert "broken" in told


def test_the_children_of_a_block_have_an_output_each_in_python(tmp_path):
    who = B("who", "data_loader", "return [['ann', 'bob']]", more={"configuration": {"dynamic": True}})
    write_project(tmp_path / "p", fan=[who, B("greet", "transformer", "return 'hello ' + args[0]", up=("who",))])
    code = (
        "import penstock\nresult = penstock.run('fan', 'p')\n"
        "try:\n    result.output('greet')\n"
        "except Exception as error:\n    name = error.hint.split()[-1].rstrip('.')\n    print(error, result.output(name))\n"
    )
    assert "it ran as 2 children, each with an output of its own hello " in told_by_python(code, tmp_path)


ROWS = "SELECT 0.35::DECIMAL(4, 2) AS price, 1::SMALLINT AS n, 12345678901234567.89::DECIMAL(30, 2) AS long"
TYPES = "return {name: [str(frame[name].dtype), frame[name].tolist()] for name in frame}"
READ = (
    "from mage_ai.data_preparation.variable_manager import get_variable\nframe = get_variable('q', 'rows'%s)\n" + TYPES
)


def test_rows_of_a_query_are_the_same_whichever_way_python_reads_them(tmp_path):
    blocks = [
        B("rows", "data_loader", ROWS, language="sql", configuration={"use_raw_sql": True}),
        B("given", "transformer", "frame = args[0]\n" + TYPES, up=("rows",)),
        B("asked", "transformer", READ % "", up=("rows",)),
        B("named", "transformer", READ % ", partition=kwargs['execution_partition']", up=("rows",)),
    ]
    write_project(tmp_path / "p", q=blocks)
    code = (
        "import json, penstock\n"
        "result = penstock.run('q', 'p')\n"
        "frame = result.output('rows')\n"
        "mine = {name: [str(frame[name].dtype), frame[name].tolist()] for name in frame}\n"
        "print(json.dumps([mine, *map(result.output, ('given', 'asked', 'named'))]))\n"
    )
    told = told_by_python(code, tmp_path)
    expected = {"price": ["float64", [0.35]], "n": ["int64", [1]], "long": ["float64", [12345678901234567.89]]}
    assert json.loads(told.splitlines()[-1]) == [expected] * 4
