"""The interpreter that is started before the command is imported."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from penstock.engine import headstart
from penstock.engine.supervisor import Supervisor


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_first_supervisor_takes_over_what_was_begun() -> None:
    headstart.begin()
    begun = headstart._begun[0]
    with Supervisor() as supervisor:
        assert supervisor._launcher._pid == begun.pid
        assert headstart.begun(sys.executable, None, None) is None
    assert not _alive(begun.pid)


def test_what_nobody_asks_for_is_ended() -> None:
    headstart.begin()
    begun = headstart._begun[0]
    headstart.end()
    assert not _alive(begun.pid)
    assert begun.connection.fileno() == -1


def test_a_supervisor_of_another_environment_does_not_take_it() -> None:
    headstart.begin()
    try:
        assert headstart.begun(sys.executable, None, {"A": "b"}) is None
        assert headstart.begun(sys.executable, "/", None) is None
        assert headstart.begun("/usr/bin/other", None, None) is None
    finally:
        headstart.end()


def test_it_is_begun_with_next_to_nothing_imported() -> None:
    code = "import sys, penstock.engine.headstart; print([m for m in ('msgspec', 'click', 'yaml') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is set")
def test_what_the_user_has_set_up_for_the_allocator_stands():
    assert "thp:always" in headstart.marked_environment({}, "m")["_RJEM_MALLOC_CONF"]
    own = headstart.marked_environment({"_RJEM_MALLOC_CONF": "narenas:2"}, "m")
    assert own == {"_RJEM_MALLOC_CONF": "narenas:2", headstart.MARK: "m"}
