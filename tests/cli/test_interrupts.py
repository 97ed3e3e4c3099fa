"""Ctrl-C while a run is waited for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.cli.interrupts import interrupts, waking
from penstock.engine.supervisor import Supervisor
from penstock.observe.record import RUN_RECORD
from tests.cli.projects import B, begun, clean_environment, penstock, write_project
from tests.patience import PATIENCE, until


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.close()


def asleep(thread: int) -> bool:
    """Whether a thread of this process waits in the system."""
    return Path(f"/proc/self/task/{thread}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def press_elsewhere(main: int) -> None:
    """A signal that does not end the waiting of the main thread, as one in the moment before it waits."""
    until("the main thread waits", lambda: asleep(main))
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)


def test_a_signal_that_the_waiting_does_not_notice_ends_it(supervisor: Supervisor) -> None:
    with interrupts(supervisor) as found:
        thread = threading.Thread(target=press_elsewhere, args=(threading.get_native_id(),))
        thread.start()
        while not found.asked:
            assert supervisor.wait_readable(PATIENCE), "it waited to its end"
            supervisor.poll(0)
        thread.join()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)  # the second one ends at once
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_without_notes_it_is_raised_as_ever(supervisor: Supervisor) -> None:
    thread = threading.Thread(target=press_elsewhere, args=(threading.get_native_id(),))

    def wait() -> None:
        thread.start()
        supervisor.poll(PATIENCE)

    with waking(supervisor), pytest.raises(KeyboardInterrupt):
        wait()
    thread.join()
    assert signal.set_wakeup_fd(-1) == -1


def test_who_was_started_to_ignore_it_goes_on_to(supervisor: Supervisor) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts(supervisor) as found:
            signal.raise_signal(signal.SIGINT)
        assert not found.asked
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_word_to_end_is_noted_and_what_others_heed_is_left_to_them(supervisor: Supervisor) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _: heard.append(number))
    try:
        with interrupts(supervisor) as found:
            signal.raise_signal(signal.SIGHUP)
            assert (found.asked, heard) == (0, [signal.SIGHUP])
            signal.raise_signal(signal.SIGTERM)
            assert found.asked == signal.SIGTERM
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL  # the second one ends at once
    finally:
        signal.signal(signal.SIGHUP, before)


def test_in_another_thread_nothing_is_changed(supervisor: Supervisor) -> None:
    found = []

    def look() -> None:
        with interrupts(supervisor) as noted:
            found.append(noted.asked)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [0]


@pytest.mark.parametrize(("raised", "said"), [("KeyboardInterrupt", "interrupted\n"), ("ValueError('x')", "Traceback")])
def test_ctrl_c_before_the_command_has_begun_is_one_word(raised, said):
    code = f"import penstock.cli.main; raise {raised}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.stderr.startswith(said)
    assert ("Traceback" in done.stderr) is (said == "Traceback")
    assert done.returncode == (-signal.SIGINT if said != "Traceback" else 1)


def test_ctrl_c_while_what_the_command_is_built_on_is_imported_is_one_word(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import penstock.cli.main"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.stderr == "interrupted\n"
    assert done.returncode == -signal.SIGINT


IN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
"""Makes the terminal on its input that of its session, whose end is told to it, and becomes what follows."""
SLOW = "import time\ntry:\n    print('up', flush=True)\n    time.sleep(600)\nfinally:\n    print('swept', flush=True)"


@pytest.mark.parametrize(("sent", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_the_run_and_its_processes_in_order(tmp_path: Path, sent: str, code: int) -> None:
    project = write_project(tmp_path / "p", slow=[B("a", "data_loader", SLOW), B("b", "transformer", "", up=("a",))])
    process = begun(project, "slow", tmp_path)
    process.send_signal(getattr(signal, sent))
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert "a | swept" in out
    assert [line.split()[:2] for line in out.splitlines() if line[:2] in {"a ", "b "} and "|" not in line] == [
        ["b", "cancelled"],
        ["a", "cancelled"],
    ]
    (record,) = (tmp_path / "data").rglob(RUN_RECORD)
    assert json.loads(record.read_text().splitlines()[-1])["state"] == "cancelled"


def test_a_run_of_the_command_line_is_interrupted_where_it_was_begun(tmp_path: Path) -> None:
    project = write_project(tmp_path / "p", slow=[B("a", "data_loader", SLOW)])
    process = begun(project, "slow", tmp_path)
    listed = json.loads(penstock("runs", "--project", project, "--json", home=tmp_path).out)["runs"]
    (run,) = (row["run"] for row in listed)
    refused = penstock("cancel", run, "--project", project, home=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert "the process that began it drives it" in refused.err
    assert "Ctrl-C" in refused.err
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130


def test_the_end_of_the_terminal_ends_the_run_in_order(tmp_path: Path) -> None:
    project = write_project(tmp_path / "p", slow=[B("a", "data_loader", SLOW)])
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            IN_TERMINAL,
            sys.executable,
            "-m",
            "penstock.cli.main",
            "run",
            str(project),
            "slow",
            "-v",
        ],
        env={**clean_environment(), "PENSTOCK_DATA_DIR": str(tmp_path / "data")},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    while b"up" not in shown:
        shown += os.read(ours, 4096)
    os.close(ours)
    assert process.wait(timeout=PATIENCE) == 129
    (record,) = (tmp_path / "data").rglob(RUN_RECORD)
    assert json.loads(record.read_text().splitlines()[-1])["state"] == "cancelled"
