"""The warm parent: what it imports, what it refuses, and what happens when it goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.engine.process import Doom
from penstock.model.messages import Log
from tests.engine.conftest import Bench, body, is_alive
from tests.patience import PATIENCE, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")

WHAT_IS_LOADED = "import sys; return {'names': [name for name in kwargs['wanted'] if name in sys.modules]}"

WAIT_FOR_EVER = "import threading; threading.Event().wait()\n"

READS = """
    import time
    end = time.monotonic() + 2
    while time.monotonic() < end:
        with open(__file__) as file:
            file.read()
    """

WAIT_FOR_FLAG = """
print('up')
import os, time
while not os.path.exists(kwargs['flag']):
    time.sleep(0.01)
"""


def site_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **modules: str) -> Path:
    """A folder of installed packages on the workers' import path."""
    site = tmp_path / "lib" / "site-packages"
    site.mkdir(parents=True)
    for name, code in modules.items():
        (site / f"{name}.py").write_text(textwrap.dedent(code))
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{before}" if before else str(site))
    return site


def loaded(bench: Bench, *names: str, needs: str = "") -> list[str]:
    """Which of the modules a worker has before it imports anything; `needs` is imported by its text, never run."""
    code = body(WHAT_IS_LOADED) + (f"if False:\n    pass\n{needs}\n" if needs else "")
    found: list[str] = bench.value(bench.run(code, variables={"wanted": list(names)}))["names"]
    return found


def wait_for_preload(bench: Bench, *modules: str) -> None:
    launcher = bench.supervisor._launcher
    bench.until(lambda: set(modules) <= launcher.tried())


def test_preloaded_modules_are_there_and_project_code_never(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_with(tmp_path, monkeypatch, installed_one="VALUE = 1\n")
    project = tmp_path / "elsewhere"
    project.mkdir()
    (project / "own_code.py").write_text("VALUE = 1\n")
    monkeypatch.setenv("PYTHONPATH", f"{project}{os.pathsep}{os.environ['PYTHONPATH']}")
    bench = make_bench(preload=["installed_one", "own_code", "no_such_module"], spares=0)
    wait_for_preload(bench, "installed_one", "own_code", "no_such_module")
    assert loaded(bench, "installed_one", "own_code") == ["installed_one"]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_what_stores_a_librarys_frames_is_loaded_with_the_library(
    make_bench: Callable[..., Bench], library: str
) -> None:
    codec = f"penstock.data.codecs.{library}_frame"
    assert loaded(make_bench(spares=0), codec, needs=f"import {library}") == [codec]


def test_what_is_compiled_for_an_import_ahead_is_kept(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    site = site_with(tmp_path, monkeypatch, first="VALUE = 1\n", later="VALUE = 1\n")
    bench = make_bench(preload=["first"], spares=0)
    wait_for_preload(bench, "first")
    assert loaded(bench, "later", needs="import later") == ["later"]
    kept = {path.name.partition(".")[0] for path in (site / "__pycache__").iterdir()}
    assert kept == {"first", "later"}


def test_what_a_block_imports_is_loaded_before_the_fork_and_for_all_after_it(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_with(tmp_path, monkeypatch, counted="import os\nprint('imported by', os.getpid())\n")
    bench = make_bench()
    code = "import counted\n" + body("return 1")
    for _ in range(3):
        seen = bench.run(code)
        assert seen.ended.failure is None
        assert "imported by" not in seen.text()
    assert loaded(bench, "counted", needs="import counted") == ["counted"]


def test_a_worker_tells_which_packages_it_has_loaded(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_with(tmp_path, monkeypatch, lazily="VALUE = 1\n")
    bench = make_bench()
    assert bench.run(body("import lazily, json\nreturn 1")).finished.imports == ("lazily",)
    assert bench.supervisor.learned() == {"lazily"}


def test_the_library_of_what_a_block_returns_is_imported_while_that_is_stored(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(spares=0)
    seen = bench.run(body("import importlib\nreturn importlib.import_module('pandas').DataFrame({'x': [1]})"))
    assert seen.ended.failure is None
    wait_for_preload(bench, "pandas", "pyarrow")
    assert loaded(bench, "pandas", "pyarrow") == ["pandas", "pyarrow"]
    assert loaded(make_bench(spares=0), "pandas") == []  # where nothing has returned a frame, nothing is imported


def test_a_module_that_starts_a_thread_is_never_forked_from(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threaded = """
        import threading, time
        lock = threading.Lock()
        def hold():
            with lock:
                time.sleep(600)
        threading.Thread(target=hold, daemon=True).start()
        time.sleep(0.01)
        """
    site_with(tmp_path, monkeypatch, threaded=threaded, harmless="VALUE = 1\n")
    bench = make_bench()
    running = bench.launch(
        bench.order(body(WAIT_FOR_FLAG), block="running", variables={"flag": str(tmp_path / "flag")})
    )
    bench.until(running.text)
    bench.supervisor.preload(["harmless", "threaded"])
    bench.until(lambda: "threaded" in bench.supervisor._launcher.unsafe())
    bench.until(lambda: {"harmless"} <= bench.supervisor._launcher.tried())
    code = "import threading\n" + body("return {'threads': threading.active_count()}")
    assert bench.value(bench.run(code)) == {"threads": 1}
    assert bench.run("import threaded\n" + body("return 1")).ended.failure is None
    (tmp_path / "flag").touch()
    assert bench.finish(running).ended.failure is None
    assert "threaded" not in bench.supervisor.learned()


def test_starting_over_loses_no_block_that_is_about_to_start(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The zygote imports what a block needs before it forks, finds the module out, and starts over with the block in hand.
    threaded = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    names = [f"threaded_{number}" for number in range(3)]
    site_with(tmp_path, monkeypatch, **dict.fromkeys(names, threaded))
    bench = make_bench(mode="fork", spares=0)
    code = "".join(f"import {name}\n" for name in names) + body("return 1")
    attempts = [bench.run(code) for _ in range(3)]
    assert [attempt.ended.failure for attempt in attempts] == [None] * 3


@pytest.mark.parametrize(
    ("code", "kind"),
    [("import os; os.kill(os.getpid(), 11)", "killed"), ("import os; os._exit(1)", "lost")],
)
def test_a_module_that_crashes_when_imported_costs_one_attempt(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, kind: str
) -> None:
    site_with(tmp_path, monkeypatch, crashing=code)
    bench = make_bench(spares=0)
    first = bench.run("import crashing\n" + body("return 1"))
    assert "while it imported crashing" in first.failure.message
    assert bench.run(body("return 1")).ended.failure is None
    assert bench.run("import crashing\n" + body("return 1")).failure.kind == kind


def test_a_module_that_fails_to_import_fails_in_the_worker(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_with(tmp_path, monkeypatch, failing="raise RuntimeError('not today')\n", leaving="raise SystemExit(0)\n")
    bench = make_bench()
    assert bench.run("import failing\n" + body("return 1")).failure.message == "not today"
    assert bench.run("import leaving\n" + body("return 1")).failure.kind == "SystemExit"


def test_a_killed_zygote_is_told_and_replaced(forked: Bench) -> None:
    code = """
    import os, subprocess, sys, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            print(os.getpid(), flush=True)
            time.sleep(600)
        os._exit(0)
    time.sleep(600)
    """
    seen = forked.launch(forked.order(body(code)))
    forked.until(seen.text)
    worker, daemon = seen.attempt.pid, int(seen.text())
    os.kill(forked.supervisor._launcher._pid, signal.SIGKILL)
    assert forked.finish(seen).failure.kind == "lost"
    assert not is_alive(worker)
    assert not is_alive(daemon)
    assert forked.run(body("return 1")).ended.failure is None


def test_a_block_that_stops_its_parent_keeps_no_other_from_coming_up(
    forked: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.engine.forking.LOOK", 0.05)
    monkeypatch.setattr("penstock.engine.supervisor.BOOT_PATIENCE", PATIENCE / 2)
    zygote = forked.supervisor._launcher._pid
    for _ in range(3):  # those that wait for an order have come up before
        assert forked.run(body("import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)")).ended.failure is None
    assert forked.run(body("return 1")).ended.failure is None
    assert forked.supervisor._launcher._pid == zygote


HANGS = """
    import signal, threading
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])  # as where a native library does not come back
    {how}
    """
NEEDS_HANGING = '"""\nimport hanging\n"""\n'
"""By its look the import of a module; it is not imported by the block."""
WAITS, TURNS = "threading.Event().wait()", "while True: pass"


def impatient(monkeypatch: pytest.MonkeyPatch, hung: float = 0.5) -> None:
    monkeypatch.setattr("penstock.engine.forking.LOOK", 0.05)
    monkeypatch.setattr("penstock.engine.silence.HUNG", hung)


@pytest.mark.parametrize("how", [WAITS, TURNS])
@pytest.mark.parametrize("end", ["return 1", "os._exit(1)"])
def test_a_zygote_that_hangs_is_replaced_and_costs_no_attempt(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, end: str
) -> None:
    site_with(tmp_path, monkeypatch, hanging=HANGS.format(how=how))
    bench, flag = make_bench(), tmp_path / "flag"
    launcher = bench.supervisor._launcher
    under_way = bench.launch(bench.order(body(WAIT_FOR_FLAG + end), variables={"flag": str(flag)}))
    bench.until(under_way.text)
    hung = launcher._pid
    impatient(monkeypatch)
    asked = [bench.launch(bench.order(NEEDS_HANGING + body("return 1"), block=f"b{n}")) for n in range(3)]
    for seen in asked:
        assert bench.finish(seen).ended.failure is None
        assert bench.value(seen) == 1
        (told,) = seen.of(Log)
        assert "hung while it imported hanging" in told.text
        assert told.level == "WARNING"
    assert launcher._pid != hung
    assert launcher.unsafe() == {"hanging"}
    assert under_way.attempt is not None
    assert under_way.attempt.ended is None
    flag.touch()
    failure = bench.finish(under_way).ended.failure
    assert (failure is None) == (end == "return 1")
    bench.until(lambda: not is_alive(hung))
    assert bench.run(body("return 1")).ended.failure is None


def test_orders_that_lie_ready_are_done_though_the_zygote_hangs(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_with(tmp_path, monkeypatch, hanging=HANGS.format(how=WAITS))
    bench = make_bench()
    impatient(monkeypatch)
    crew = bench.supervisor.crew()
    code = NEEDS_HANGING + body("return 1")
    asked = [bench.launch(bench.order(code, block=f"b{n}"), crew=crew) for n in range(5)]
    for seen in asked:
        assert bench.finish(seen).ended.failure is None
    crew.close()


def test_where_every_zygote_hangs_an_attempt_fails_in_words(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench()
    assert bench.run(body("return 1")).ended.failure is None
    site_with(tmp_path, monkeypatch, sitecustomize=WAIT_FOR_EVER)
    impatient(monkeypatch)
    bench.supervisor.preload([])
    os.kill(bench.supervisor._launcher._pid, signal.SIGKILL)
    failure = bench.run(body("return 1")).failure
    while "hung" not in failure.message:  # the processes that were there end with the first zygote
        failure = bench.run(body("return 1")).failure
    assert failure.kind == "lost"
    assert "the process that starts workers hung, and was given up" in failure.message


def test_a_zygote_that_is_slow_is_let_be(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it reads all the time says that it gets on."""
    site_with(tmp_path, monkeypatch, long=READS)
    bench = make_bench()
    bench.until(lambda: not bench.supervisor._launcher._importing)
    zygote = bench.supervisor._launcher._pid
    impatient(monkeypatch)
    assert loaded(bench, "long", needs="import long") == ["long"]
    assert bench.supervisor._launcher._pid == zygote


def test_a_block_that_kills_its_parent(forked: Bench) -> None:
    seen = forked.run(body("import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(600)"))
    assert seen.failure.kind == "lost"
    assert forked.run(body("return 1")).ended.failure is None


def test_nothing_survives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"""
        import os, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
        from penstock.engine.supervisor import Supervisor
        from tests.engine.conftest import Bench, body
        supervisor = Supervisor()
        supervisor.start()
        bench = Bench(Path({str(tmp_path)!r}), supervisor)
        block = '''
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                print(os.getpid(), flush=True)
                time.sleep(600)
            os._exit(0)
        print(os.getpid(), flush=True)
        time.sleep(600)
        '''
        seen = bench.launch(bench.order(body(block)))
        bench.until(lambda: seen.text().count(chr(10)) == 2)
        Path({str(pids)!r}).write_text(seen.text() + str(supervisor._launcher._pid))
        os.kill(os.getpid(), 9)
        """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False, timeout=PATIENCE)
    left = [int(line) for line in pids.read_text().split()]
    assert len(left) == 3
    handles = []
    for pid in left:
        try:
            handles.append(os.pidfd_open(pid))
        except ProcessLookupError:
            continue
    import select

    for handle in handles:
        assert select.select([handle], [], [], 30)[0], "a process has outlived its supervisor"
        os.close(handle)


def test_many_attempts_at_once(forked: Bench) -> None:
    every = [forked.launch(forked.order(body("return 1"), block=f"b{number}")) for number in range(60)]
    for seen in every:
        assert forked.finish(seen).ended.failure is None


def test_no_descriptor_is_left_behind(forked: Bench) -> None:
    forked.run(body("return 1"))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        forked.run(body("print('x')\nreturn 1"))
        forked.run(body("import os; os._exit(1)"))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_a_zygote_that_cannot_start(make_bench: Callable[..., Bench], tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no interpreter here >&2\nexit 1\n")
    broken.chmod(0o755)
    bench = make_bench(mode="fork", python=str(broken))
    failure = bench.run(body("return 1")).failure
    assert failure.kind == "lost"
    assert "no interpreter here" in failure.message


SLOW = """
    import time
    time.sleep(600)
    """


def test_closing_does_not_wait_for_an_import(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_with(tmp_path, monkeypatch, slow=SLOW)
    bench = make_bench()
    assert bench.run(body("return 1")).ended.failure is None
    bench.supervisor.preload(["slow"])
    bench.until(lambda: bench.supervisor._launcher._importing == "slow")
    monkeypatch.setattr("penstock.engine.forking._PATIENCE", 600)  # it would be waited for so long
    bench.supervisor.close()


def test_an_attempt_that_waits_for_an_import_can_be_interrupted(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_with(tmp_path, monkeypatch, slow=SLOW)
    bench = make_bench()
    seen = bench.launch(bench.order("import slow\n" + body("return 1")))
    bench.until(lambda: bench.supervisor._launcher._importing == "slow")
    bench.supervisor.interrupt(seen.attempt)
    assert bench.finish(seen).failure.kind == "interrupted"


HELD = """
    import os, time
    while not os.path.exists({flag!r}):
        time.sleep(0.01)
    """


@pytest.mark.parametrize("signal_number", [signal.SIGSEGV, signal.SIGKILL])
def test_the_cause_is_told_although_the_zygote_is_long_in_telling_the_end(
    make_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signal_number: signal.Signals
) -> None:
    """Its channel closes at once, and closing it is no cause: the zygote imports something meanwhile."""
    imported, die = tmp_path / "imported", tmp_path / "die"
    site_with(tmp_path, monkeypatch, held=HELD.format(flag=str(imported)))
    bench = make_bench()
    code = f"os.kill(os.getpid(), {int(signal_number)})"
    seen = bench.launch(bench.order(body(WAIT_FOR_FLAG + code), variables={"flag": str(die)}))
    bench.until(seen.text)
    bench.supervisor.preload(["held"])
    bench.until(lambda: bench.supervisor._launcher._importing == "held")
    die.touch()
    bench.until(lambda: seen.attempt.process.connection is None)
    bench.until(seen.attempt.process.is_over)
    bench.supervisor._doom(seen.attempt.process, Doom.CHANNEL)  # as when the grace is over
    assert seen.attempt.process.doom is None
    assert seen.attempt.ended is None
    imported.touch()
    assert signal_number.name in bench.finish(seen).failure.message


SPECIALISED = """
import dis
from penstock.data.draft import Draft
found = {step.opname for step in dis.get_instructions(Draft.publish, adaptive=True)}
return sorted(name for name in found - set(dis.opmap) if not name.endswith(('_ADAPTIVE', '_QUICK')))
"""


def test_workers_inherit_what_python_has_specialised(forked: Bench) -> None:
    until("a worker with specialised instructions", lambda: forked.value(forked.run(body(SPECIALISED))))
