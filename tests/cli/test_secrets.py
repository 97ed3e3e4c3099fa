"""Secrets of the environment do not reach what is shown, recorded or sent of a run."""

from __future__ import annotations

from tests.cli.projects import B, penstock, write_project

SECRET = "correct-horse-battery"
LEAKS = """
import os, sys, logging
word = os.environ["WAREHOUSE_PASSWORD"]
print("connecting with", word)
print("and", word, file=sys.stderr)
kwargs["logger"].info(f"logged {word}")
if len(args) == 0:
    return word
raise ConnectionError(f"postgresql://ann:{word}@db/sales: refused")
"""
CHECKED = """
@test
def check(value, *args):
    assert value == "", f"got {value}"
"""


def leaking(tmp_path):
    return write_project(
        tmp_path / "p",
        leak=[
            B("tell", "data_loader", LEAKS),
            B("fail", "transformer", LEAKS, up=("tell",)),
            B("check", "data_loader", LEAKS, tail=CHECKED),
        ],
    )


def test_prints_logs_failures_and_tests_hide_them_everywhere(tmp_path):
    project = leaking(tmp_path)
    more = {"WAREHOUSE_PASSWORD": SECRET}
    for options in ([], ["-v"], ["--json"]):
        done = penstock("run", project, "leak", *options, home=tmp_path, **more)
        assert done.code == 1
        assert SECRET not in done.out + done.err
        assert "refused" in done.out + done.err
    logs = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob(".logs/**/*") if path.is_file())
    assert b"connecting with ********" in logs
    assert SECRET.encode() not in logs


def test_what_a_block_returns_is_data_and_is_stored_as_it_is(tmp_path):
    project = leaking(tmp_path)
    penstock("run", project, "leak", home=tmp_path, WAREHOUSE_PASSWORD=SECRET)
    shown = penstock("data", "show", "leak/tell", "-p", project, home=tmp_path)
    assert SECRET in shown.out


def test_they_are_shown_where_somebody_wants_it(tmp_path):
    project = leaking(tmp_path)
    more = {"WAREHOUSE_PASSWORD": SECRET, "HIDE_ENV_VAR_VALUES": "0"}
    done = penstock("run", project, "leak", "-v", home=tmp_path, **more)
    assert f"connecting with {SECRET}" in done.out
