"""Conditionals and callbacks around blocks and around each child, through the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.cli.projects import B, clean_environment
from tests.patience import PATIENCE
from tests.walks.fan_project import ITEMS, REDUCE, Fan, states

KEEP = "return [args[0]]"
NOTE = """
import json, pathlib

def note(kind, value, kwargs):
    line = json.dumps([kind, kwargs['parent_block_uuid'], value, str(kwargs.get('__error', '')), kwargs.get('name')])
    with open(pathlib.Path(kwargs['repo_path']) / 'notes.txt', 'a') as file:
        file.write(line + '\\n')

@callback('success')
def well(value, **kwargs):
    note('success', value, kwargs)

@callback('failure')
def badly(value, **kwargs):
    note('failure', value, kwargs)

@callback('cancelled')
def stopped(value, **kwargs):
    note('cancelled', value, kwargs)
"""


def notes(fan: Fan) -> list[list[str]]:
    file = fan.home / "project" / "notes.txt"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_false_condition_skips_its_block_and_what_depends_on_it(fan):
    fan.write(
        B("pill", "data_loader", "return 'red'"),
        B("red", "transformer", KEEP, ("pill",)),
        B("blue", "transformer", "raise SystemExit('must not run')", ("pill",)),
        B("after_blue", "transformer", KEEP, ("blue",)),
        B("both", "transformer", "return args[0]", ("red", "after_blue")),
        attached={
            "is_red": ("red", "@condition\ndef f(pill, *args, **kwargs):\n    return pill == 'red'"),
            "is_blue": ("blue", "@condition\ndef f(*args, **kwargs):\n    return args[0] == 'blue'"),
            "always": ("red blue", "@condition\ndef f(**kwargs):\n    return kwargs['block_uuid'] in {'red', 'blue'}"),
        },
    )
    result = fan.run()
    assert result.code == 0, result.out
    got = states(result)
    assert {key for key, state in got.items() if state == "completed"} == {"pill", "red"}
    assert {key for key, state in got.items() if state == "condition_failed"} == {"blue", "after_blue", "both"}
    assert "condition is_blue is false" in fan.log("blue")
    assert "ERROR" not in fan.log("blue")
    assert "condition is_blue said no" in result.out


def test_a_condition_that_raises_is_false_and_says_why(fan):
    fan.write(
        B("load", "data_loader", "return 1"),
        attached={"broken": ("load", "@condition\ndef f(*args, **kwargs):\n    return 1 / 0")},
    )
    result = fan.run()
    assert result.code == 0
    assert states(result) == {"load": "condition_failed"}
    assert "condition broken failed and counts as false: ZeroDivisionError" in fan.log("load")
    assert "condition broken failed and counts as no: ZeroDivisionError: division by zero" in result.out


def test_files_that_import_no_decorator_find_it(fan):
    fan.write(
        B("load", "data_loader", "return 1"),
        attached={"yes": ("load", "@condition\ndef f(*args, **kwargs):\n    return True"), "told": ("load", NOTE)},
    )
    for file in ("conditionals/yes.py", "callbacks/told.py"):
        bare = fan.home / "project" / file
        lines = bare.read_text().splitlines()
        assert lines[0].startswith("from mage_ai")
        bare.write_text("\n".join(lines[1:]))
    result = fan.run()
    assert states(result) == {"load": "completed"}, result.out
    assert [note[0] for note in notes(fan)] == ["success"]


def test_a_condition_is_asked_for_each_child_and_the_reduced_list_leaves_the_others_out(fan):
    fan.write(
        B("many", "data_loader", "return [[1, 2, 3], [{'odd': n % 2} for n in (1, 2, 3)]]", configuration=ITEMS),
        B("each", "transformer", "return args[0] * 10", ("many",), configuration=REDUCE),
        B("next", "transformer", "return [args[0]]", ("many",)),
        B("all", "transformer", "return {'all': args[0]}", ("each",)),
        attached={"odd": ("each", "@condition\ndef f(item, **kwargs):\n    return item in {1, 3} and kwargs['odd']")},
    )
    result = fan.run()
    assert result.code == 0, result.out
    assert states(result)["each:1"] == "condition_failed"
    assert states(result)["each"] == "completed"
    assert fan.stored("all") == {"all": [10, 30]}
    assert len(fan.children("next")) == 3


def test_callbacks_run_after_their_blocks_with_output_or_error(fan):
    fan.write(
        B("load", "data_loader", "return {'n': 1}"),
        B("broken", "transformer", "raise ValueError('no such thing')", ("load",)),
        B("next", "transformer", KEEP, ("broken",)),
        attached={"tell": ("load broken next", NOTE)},
    )
    result = fan.run()
    assert result.code == 1
    assert notes(fan) == [
        ["success", "load", {"n": 1}, "", None],
        ["failure", "broken", None, "no such thing", None],
    ]


def test_a_callback_runs_once_when_the_last_attempt_has_failed_or_was_killed(fan):
    kill = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    fan.write(
        B("load", "data_loader", kill, more={"retry_config": {"retries": 1, "delay": 0}}),
        attached={"tell": ("load", NOTE)},
    )
    assert fan.run().code == 1
    ((kind, block, value, error, _),) = notes(fan)
    assert (kind, block, value) == ("failure", "load", None)
    assert "SIGKILL" in error


def test_each_child_has_its_callback(fan):
    body = "if args[0] == 2:\n    raise ValueError('two')\nreturn args[0]"
    metadata = "[{'block_uuid': f'c{n}', 'name': f'n{n}'} for n in (1, 2, 3)]"
    fan.write(
        B("many", "data_loader", f"return [[1, 2, 3], {metadata}]", configuration=ITEMS),
        B("each", "transformer", body, ("many",)),
        attached={"tell": ("each", NOTE)},
    )
    assert fan.run().code == 1
    assert sorted(notes(fan)) == [
        ["failure", "each:c2", None, "two", "n2"],
        ["success", "each:c1", 1, "", "n1"],
        ["success", "each:c3", 3, "", "n3"],
    ]


def test_callbacks_of_older_forms_run_too(fan):
    old = "from mage_ai.data_preparation.decorators import on_success\n@on_success\ndef f(**kwargs):\n    print('old', kwargs['__input'])\n"
    fan.write(
        B("load", "data_loader", "return 5", more={"has_callback": True}),
        B("broken", "data_loader", "raise ValueError('x')"),
        attached={"failed": ("broken", "@on_failure\ndef f(data, **kwargs):\n    print('failed', kwargs['__error'])")},
    )
    (fan.home / "project" / "callbacks" / "load_callback.py").write_text(old)
    assert fan.run().code == 1
    assert "old 5" in fan.log("load")
    assert "failed x" in fan.log("broken")


def test_a_callback_that_fails_is_told_and_leaves_its_block_as_it_is(fan):
    fan.write(
        B("load", "data_loader", "return 1"),
        B("next", "transformer", KEEP, ("load",)),
        attached={"bad": ("load", "@callback('success')\ndef f(data, **kwargs):\n    raise KeyError('chat')")},
    )
    result = fan.run()
    assert result.code == 0
    assert set(states(result).values()) == {"completed"}
    log = fan.log("load")
    assert "callback bad failed after the block's success: KeyError: 'chat'" in log
    assert log.count("raise KeyError('chat')") == 1
    assert "add_ons.py" not in log


def test_a_callback_and_a_condition_may_not_end_the_process_of_their_block(fan):
    leave = "@callback('{kind}')\ndef f(*args, **kwargs):\n    import sys\n    sys.exit(3)"
    fan.write(
        B("load", "data_loader", "return 1"),
        B("next", "transformer", KEEP, ("load",)),
        B("bad", "data_loader", "return 1 / 0"),
        B("left_out", "transformer", KEEP, ("load",)),
        attached={
            "well": ("load", leave.format(kind="success")),
            "badly": ("bad", leave.format(kind="failure")),
            "told": ("load bad", NOTE),
            "asked": ("left_out", "@condition\ndef f(*args, **kwargs):\n    raise SystemExit('no')"),
        },
    )
    result = fan.run()
    assert states(result) == {
        "load": "completed", "next": "completed", "bad": "failed", "left_out": "condition_failed",
    }  # fmt: skip
    assert result.block("bad")["failure"]["kind"] == "ZeroDivisionError"
    assert sorted(note[:2] for note in notes(fan)) == [["failure", "bad"], ["success", "load"]], "the others run"
    assert "callback well failed after the block's success: SystemExit: 3" in fan.log("load")
    assert "condition asked called sys.exit('no')" in result.block("left_out")["failure"]["message"]


@pytest.mark.parametrize("raises", ["ValueError", "SystemExit"])
def test_what_a_callback_forks_ends_with_what_it_raises(fan, raises):
    fork = (
        "@callback('success')\ndef f(*args, **kwargs):\n    import os\n    if not (child := os.fork()):\n"
        f"        raise {raises}\n    os.waitpid(child, 0)"
    )
    fan.write(B("load", "data_loader", "return 1"), attached={"fork": ("load", fork), "told": ("load", NOTE)})
    assert states(fan.run()) == {"load": "completed"}
    assert len(notes(fan)) == 1, "the copy calls nobody back"
    assert "callback fork failed" not in fan.log("load")


def test_a_process_that_a_callback_ends_is_not_blamed_on_the_block(fan):
    leave = "@callback('success')\ndef f(*args, **kwargs):\n    import os\n    os._exit(7)"
    fan.write(B("load", "data_loader", "return 1"), attached={"leave": ("load", leave)})
    failure = fan.run().block("load")["failure"]
    assert failure["message"] == (
        "the block's process ended with exit code 7 after its output was stored, before its callbacks had ended"
    )


def test_callbacks_whose_process_is_killed_are_told(fan):
    die = (
        "@callback('failure')\ndef f(data, **kwargs):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    fan.write(B("load", "data_loader", "return 1 / 0"), attached={"die": ("load", die)})
    result = fan.run()
    assert result.code == 1
    assert states(result) == {"load": "failed"}
    assert "its callbacks could not be run: " in fan.log("load")


def test_a_cancelled_block_has_its_callback(fan):
    body = "import pathlib, time\npathlib.Path(kwargs['repo_path'], 'began').touch()\nwhile True:\n    time.sleep(0.05)"
    fan.write(B("load", "data_loader", body), attached={"tell": ("load", NOTE)})
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock.cli.main", "run", str(fan.home / "project"), "p"],
        env={**clean_environment(), "PENSTOCK_DATA_DIR": str(fan.home / "data")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    began, patience = fan.home / "project" / "began", time.monotonic() + PATIENCE
    while not began.exists():
        assert time.monotonic() < patience
        assert process.poll() is None
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=PATIENCE) == 130
    assert [entry[:2] for entry in notes(fan)] == [["cancelled", "load"]]
