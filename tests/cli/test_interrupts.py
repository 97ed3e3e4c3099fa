"""Ctrl-C while a run is waited for."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.cli.interrupts import interrupts, waking
from penstock.engine.supervisor import Supervisor
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


def test_in_another_thread_nothing_is_changed(supervisor: Supervisor) -> None:
    found = []

    def look() -> None:
        with interrupts(supervisor) as noted:
            found.append(noted.asked)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [False]


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
