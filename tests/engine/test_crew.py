"""Processes that take turns at the children of a block: few for short work, more where it waits, nothing lost."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from penstock.engine import crew as crews
from penstock.engine.crew import Crew
from penstock.engine.events import Ended
from penstock.model.messages import Ask, Finished, Limits, Started
from tests.engine.conftest import Bench, Seen, body, is_alive
from tests.patience import until

forks = pytest.mark.skipif(sys.platform != "linux", reason="orders lie ready where fork is to be had")


def begin(bench: Bench, crew: Crew, codes: list[str], *, name: str = "child", **options: Any) -> list[Seen]:
    orders = [bench.order(body(code), block=f"{name}:{number}", **options) for number, code in enumerate(codes)]
    return [bench.launch(order, crew=crew) for order in orders]


def finish(bench: Bench, all_seen: list[Seen]) -> None:
    bench.until(lambda: all(seen.attempt is not None and seen.attempt.ended is not None for seen in all_seen))


def pids(all_seen: list[Seen]) -> set[int | None]:
    return {seen.attempt.pid for seen in all_seen if seen.attempt is not None}


def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing that lies ready be taken back because the machine is slow."""
    for name in ("PATIENCE", "BOOT_PATIENCE", "IDLENESS"):
        monkeypatch.setattr(crews, name, 600.0)


COUNT = "with open({done!r}, 'a') as file: file.write('{number}\\n')"


def counted(done: Path, number: int, code: str = "") -> str:
    """A body that notes that it has been done, and does the rest."""
    return COUNT.format(done=str(done), number=number) + "\n" + code


def test_every_child_is_done_once_and_what_it_prints_is_its_own(bench: Bench, tmp_path: Path) -> None:
    code = """
    import os, sys
    number = {number}
    print('printed', number, flush=number % 2 == 0)
    os.write(1, b'raw %d\\n' % number)
    print('wrong', number, file=sys.stderr)
    sys.stdout.write('no end %d' % number)
    return {{'number': number}}
    """
    done, many = tmp_path / "done", 60 if bench.supervisor._launcher.warm else 12  # else each has an interpreter
    crew = bench.supervisor.crew()
    codes = [counted(done, number) + code.format(number=number).replace("\n    ", "\n") for number in range(many)]
    children = begin(bench, crew, codes)
    finish(bench, children)
    assert Counter(done.read_text().split()) == Counter(str(number) for number in range(many))
    for number, seen in enumerate(children):
        assert seen.ended.failure is None
        assert bench.value(seen) == {"number": number}
        assert sorted(seen.text().splitlines()) == [f"no end {number}", f"printed {number}", f"raw {number}"]
        assert seen.text("stderr") == f"wrong {number}\n"
    used = pids(children)
    crew.close()
    bench.until(lambda: not any(pid is not None and is_alive(pid) for pid in used))


@forks
def test_short_work_is_done_by_few_processes(forked: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    patient(monkeypatch)
    children = begin(forked, forked.supervisor.crew(), ["return 1"] * (crews.FEW * (1 + crews.DEEP)))
    finish(forked, children)
    assert len(pids(children)) == crews.FEW
    assert all(seen.ended.failure is None for seen in children)


@forks
def test_what_is_taken_back_again_and_again_is_done_once(
    forked: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crews, "PATIENCE", 0.0002)
    monkeypatch.setattr(crews, "BOOT_PATIENCE", 0.001)
    done, crew = tmp_path / "done", forked.supervisor.crew()
    for turn in range(12):
        numbers = range(turn * 20, turn * 20 + 20)
        codes = [counted(done, number, f"print({number})\nreturn {number}") for number in numbers]
        children = begin(forked, crew, codes, name=f"turn{turn}")
        finish(forked, children)
        assert [seen.ended.failure for seen in children] == [None] * 20
        assert [seen.text() for seen in children] == [f"{number}\n" for number in numbers]
        assert [forked.value(seen) for seen in children] == list(numbers)
    assert Counter(done.read_text().split()) == Counter(str(number) for number in range(240))


@forks
def test_nothing_waits_behind_a_child_that_takes_its_time(forked: Bench) -> None:
    slow = "print('up')\nimport time\ntime.sleep(600)"
    children = begin(forked, forked.supervisor.crew(), [slow, *["return 1"] * 12, slow, *["return 1"] * 12])
    rest = [seen for seen in children if children.index(seen) not in (0, 13)]
    finish(forked, rest)
    assert all(seen.ended.failure is None for seen in rest)
    for seen in (children[0], children[13]):
        forked.until(seen.text)
        assert seen.text() == "up\n"
        forked.supervisor.kill(seen.attempt)
        assert forked.finish(seen).failure.kind == "killed"


@forks
def test_a_process_that_hangs_after_a_child_keeps_no_other_waiting(
    forked: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crews, "STALL", 0.2)
    monkeypatch.setattr("penstock.engine.supervisor.EXIT_PATIENCE", 0.2)
    hangs = "import select, time\nselect.select = lambda *given: time.sleep(600)"  # where it waits for what comes next
    crew = forked.supervisor.crew()
    first = begin(forked, crew, [hangs] * crews.FEW, name="hangs")
    finish(forked, first)
    assert all(seen.ended.failure is None for seen in first)
    rest = begin(forked, crew, ["return 1"] * 20)
    finish(forked, rest)
    assert all(seen.ended.failure is None for seen in rest)
    assert not pids(first) & pids(rest)
    crew.close()
    forked.until(lambda: not any(pid is not None and is_alive(pid) for pid in pids(first)))


@forks
def test_nothing_waits_behind_a_child_that_asks(forked: Bench) -> None:
    asks = "from penstock.sdk.context import current\ncurrent().ask('secret', {})"
    children = begin(forked, forked.supervisor.crew(), [asks, *["return 1"] * 20])
    finish(forked, children[1:])
    assert children[0].of(Ask)
    assert not children[0].of(Finished)


@forks
def test_children_that_wait_get_processes_of_their_own(forked: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "PATIENCE", 600.0)
    crew = forked.supervisor.crew()
    finish(forked, begin(forked, crew, ["import time\ntime.sleep(0.02)"] * (3 * crews.FEW)))
    children = begin(forked, crew, ["import time\ntime.sleep(0.02)"] * (3 * crews.FEW))
    finish(forked, children)
    assert len(pids(children)) == 3 * crews.FEW
    assert all(seen.finished.waited > 0.015 for seen in children)


def test_a_child_that_works_has_not_waited(bench: Bench) -> None:
    (seen,) = begin(
        bench,
        bench.supervisor.crew(),
        ["import time\nend = time.thread_time() + 0.1\nwhile time.thread_time() < end: pass"],
    )
    finish(bench, [seen])
    assert seen.finished.waited < 0.1
    assert seen.finished.cpu_seconds >= 0.1


@pytest.mark.parametrize("death", ["import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "import os\nos._exit(3)"])
def test_a_child_that_dies_takes_no_other_along(bench: Bench, tmp_path: Path, death: str) -> None:
    done = tmp_path / "done"
    deadly = {0, 5, 6, 23}
    codes = [counted(done, number, death if number in deadly else f"print({number})") for number in range(30)]
    children = begin(bench, bench.supervisor.crew(), codes)
    finish(bench, children)
    assert {number for number, seen in enumerate(children) if seen.ended.failure is not None} == deadly
    assert Counter(done.read_text().split()) == Counter(str(number) for number in range(30))
    for number in set(range(30)) - deadly:
        assert children[number].text() == f"{number}\n"


@forks
def test_the_last_words_of_a_child_that_dies_are_kept_to_the_last_byte(
    forked: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    code = (
        "import os\nos.write(1, b'last' + bytes(1))\nos._exit(3)"  # the marks of what lies ready begin with such a byte
    )
    children = begin(forked, forked.supervisor.crew(), [code] * (2 * crews.FEW))
    finish(forked, children)
    assert {seen.text() for seen in children} == {"last\0\n"}


@forks
def test_a_process_that_is_killed_between_two_children_costs_none(forked: Bench, tmp_path: Path) -> None:
    done = tmp_path / "done"
    crew = forked.supervisor.crew()
    first = begin(forked, crew, [counted(done, number) for number in range(8)])
    finish(forked, first)
    for pid in pids(first):
        assert pid is not None
        os.kill(pid, 9)
    second = begin(forked, crew, [counted(done, number) for number in range(8, 16)])
    finish(forked, second)
    assert [seen.ended.failure for seen in second] == [None] * 8
    assert Counter(done.read_text().split()) == Counter(str(number) for number in range(16))


def test_where_every_process_dies_every_child_fails(bench: Bench) -> None:
    children = begin(bench, bench.supervisor.crew(), ["import os\nos._exit(1)"] * 15)
    finish(bench, children)
    assert {seen.failure.kind for seen in children} == {"lost"}


@forks
def test_where_no_process_comes_up_every_child_fails(forked: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.supervisor.BOOT_PATIENCE", 0.0)  # given up at once
    children = begin(forked, forked.supervisor.crew(), ["return 1"] * 30)
    finish(forked, children)
    assert any(seen.ended.failure is not None for seen in children)


def test_after_a_failure_the_process_does_nothing_else(bench: Bench) -> None:
    codes = ["import os\nreturn {'pid': os.getpid()}" if number % 4 else "1 / 0" for number in range(32)]
    children = begin(bench, bench.supervisor.crew(), codes)
    finish(bench, children)
    failed = [seen for number, seen in enumerate(children) if not number % 4]
    assert {seen.failure.kind for seen in failed} == {"ZeroDivisionError"}
    assert all(seen.ended.failure is None for number, seen in enumerate(children) if number % 4)
    assert len(pids(failed)) == len(failed)  # none has lived to see another failure


@forks
def test_a_child_is_interrupted_alone_wherever_it_is(
    forked: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    done = tmp_path / "done"
    wait = "import pathlib, time\nwhile not pathlib.Path({go!r}).exists(): time.sleep(0.005)"
    go = tmp_path / "go"
    codes = [counted(done, number, wait.format(go=str(go))) for number in range(crews.FEW * 3)]
    children = begin(forked, forked.supervisor.crew(), codes)
    forked.until(lambda: done.exists() and len(done.read_text().split()) == crews.FEW)
    begun = {int(number) for number in done.read_text().split()}
    in_line = next(number for number in range(len(children)) if number not in begun)
    at_work = min(begun)
    for number in (in_line, at_work):
        forked.supervisor.interrupt(children[number].attempt)
        forked.supervisor.interrupt(children[number].attempt)  # twice is once
        assert not any(seen.attempt.ended for seen in children)  # told inside poll alone
    go.touch()
    finish(forked, children)
    assert {number for number, seen in enumerate(children) if seen.ended.failure} == {in_line, at_work}
    assert {children[number].failure.kind for number in (in_line, at_work)} == {"interrupted"}
    assert Counter(done.read_text().split()) == Counter(str(n) for n in range(len(children)) if n != in_line)
    assert not children[in_line].of(Started)


@forks
@pytest.mark.parametrize("how", ["interrupt", "kill"])
def test_all_are_ended_and_none_is_begun_for_it(forked: Bench, tmp_path: Path, how: str) -> None:
    done = tmp_path / "done"
    crew = forked.supervisor.crew()
    codes = [counted(done, number, "import time\ntime.sleep(600)") for number in range(40)]
    children = begin(forked, crew, codes)
    forked.until(done.exists)
    for seen in children:
        getattr(forked.supervisor, how)(seen.attempt)
    crew.close()
    finish(forked, children)
    assert {seen.failure.kind for seen in children} == {"interrupted" if how == "interrupt" else "killed"}
    assert len(done.read_text().split()) < 40
    used = pids(children) - {None}
    forked.until(lambda: not any(is_alive(pid) for pid in used if pid is not None))


@forks
@pytest.mark.parametrize("how", ["interrupt", "kill"])
def test_a_child_that_has_begun_unheard_is_ended(forked: Bench, tmp_path: Path, how: str) -> None:
    done, many = tmp_path / "done", 3
    code = f"import os, time\nwith open({str(done)!r}, 'a') as file: file.write(f'{{os.getpid()}}\\n')\ntime.sleep(600)"
    forked.run(body("return 1"))  # what processes come from is there
    children = begin(forked, forked.supervisor.crew(), [code] * many, child="item")
    until("the children", lambda: done.exists() and len(done.read_text().split()) == many)  # nobody polls meanwhile
    for seen in children:
        getattr(forked.supervisor, how)(seen.attempt)
    finish(forked, children)
    forked.until(lambda: not any(is_alive(int(pid)) for pid in done.read_text().split()))
    assert {seen.failure.kind for seen in children} == {"interrupted" if how == "interrupt" else "killed"}


def test_an_order_with_a_limit_of_time_waits_behind_no_other(bench: Bench) -> None:
    children = begin(bench, bench.supervisor.crew(), ["import time\ntime.sleep(600)"] * 7, limits=Limits(seconds=0.3))
    finish(bench, children)
    assert {seen.failure.kind for seen in children} == {"timeout"}
    assert len(pids(children)) == 7


@forks
def test_an_order_that_is_too_large_to_lie_ready_is_sent(forked: Bench) -> None:
    large = {"text": "é" * 100_000}
    children = begin(forked, forked.supervisor.crew(), ["return {'n': len(kwargs['text'])}"] * 12, variables=large)
    small = begin(forked, forked.supervisor.crew(), ["print(1)"] * 12, name="small")
    finish(forked, [*children, *small])
    assert {forked.value(seen)["n"] for seen in children} == {100_000}


@forks
def test_a_process_that_has_lost_its_order_does_not_outlive_its_crew(forked: Bench) -> None:
    crew = forked.supervisor.crew()
    children = begin(forked, crew, ["import time\ntime.sleep(600)"] * 12)
    crew.close()  # as when a run is cancelled: its block has ended before its children are told to
    for seen in children:
        forked.supervisor.interrupt(seen.attempt)
    finish(forked, children)
    forked.until(lambda: not forked.supervisor._crews)


@forks
@pytest.mark.parametrize("how", ["interrupt", "kill"])
def test_what_lay_behind_one_that_died_is_ended_before_it_has_another_process(
    forked: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    patient(monkeypatch)
    done, go, crew = tmp_path / "done", tmp_path / "go", forked.supervisor.crew()
    dies = f"import os, pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.005)\nos._exit(3)"
    children: list[Seen] = []
    told: list[int] = []

    def heard(number: int, event: Any) -> None:
        children[number].events.append(event)
        if isinstance(event, Ended) and not told:  # the run has failed: the others are told to end, once
            told.append(number)
            for seen in children:
                getattr(forked.supervisor, how)(seen.attempt)

    for number in range(crews.FEW * 3):
        order = forked.order(body(counted(done, number, dies)), block=f"child:{number}")
        children.append(Seen())
        children[-1].attempt = forked.supervisor.launch(order, on_event=partial(heard, number), crew=crew)
    forked.until(lambda: done.exists() and len(done.read_text().split()) == crews.FEW)
    go.touch()
    finish(forked, children)
    assert len(done.read_text().split()) == crews.FEW
    assert {seen.failure.kind for seen in children} <= {"lost", "interrupted", "killed"}


@forks
def test_what_ends_like_a_mark_begins_is_not_that_of_the_next_child(
    forked: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    codes = [f"import os\nos.write(1, b'{number}' + bytes(1))" for number in range(crews.FEW * 8)]
    children = begin(forked, forked.supervisor.crew(), codes)
    finish(forked, children)
    assert [seen.text() for seen in children] == [f"{number}\0\n" for number in range(len(children))]


@forks
def test_a_process_that_does_not_come_for_its_order_is_passed_over(forked: Bench) -> None:
    crew = forked.supervisor.crew()
    first = begin(forked, crew, ["import time\ntime.sleep(0.1)"] * 3)
    finish(forked, first)
    assert len(pids(first)) == 3
    for pid in pids(first):
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)  # as one that frees gigabytes
        try:
            finish(forked, begin(forked, crew, ["return 1"], name=f"beside{pid}"))
        finally:
            os.kill(pid, signal.SIGCONT)


FORGED = """
import os, time
from penstock.engine.channel import FROM_WORKER
from penstock.model.messages import Finished, Outcome
frame = FROM_WORKER.encode(Finished(Outcome.SUCCEEDED, time.time()))
os.write(min(int(name) for name in os.listdir('/proc/self/fd') if int(name) >= 400), frame * 3)
time.sleep(1)
"""


@forks
def test_ends_that_nobody_has_come_to_stop_only_their_own_process(
    forked: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crews, "PATIENCE", 0.5)
    children = begin(forked, forked.supervisor.crew(), [FORGED] * crews.FEW + ["return 1"] * crews.FEW * 4)
    finish(forked, children)


@forks
@pytest.mark.parametrize("end", ["sys.exit(3)", "return 'not the end of the worker'", "raise ValueError"])
def test_what_a_child_has_forked_and_lets_come_back_ends(
    forked: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    patient(monkeypatch)
    done = tmp_path / "done"
    code = f"import os, sys, time\nif not (pid := os.fork()):\n    time.sleep(0.05)\n    {end}\nreturn 'own'"
    more = [counted(done, number, "import time\ntime.sleep(0.02)\nreturn 'more'") for number in range(crews.FEW * 5)]
    children = begin(forked, forked.supervisor.crew(), [code] * crews.FEW + more)
    finish(forked, children)
    assert [seen.ended.failure for seen in children] == [None] * len(children)
    assert [forked.value(seen) for seen in children] == ["own"] * crews.FEW + ["more"] * len(more)
    assert Counter(done.read_text().split()) == Counter(str(number) for number in range(len(more)))


def test_what_a_block_has_forked_has_its_own_exit_status(bench: Bench) -> None:
    code = "import os, sys\nif not (pid := os.fork()):\n    sys.exit(3)\nreturn os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])"
    if sys.platform != "win32":
        assert bench.value(bench.run(body(code))) == 3


def test_what_lies_ready_ends_with_the_supervisor(make_bench: Callable[..., Bench], tmp_path: Path) -> None:
    bench = make_bench()
    done = tmp_path / "done"
    codes = [counted(done, number, "import time\ntime.sleep(600)") for number in range(30)]
    children = begin(bench, bench.supervisor.crew(), codes)
    bench.until(done.exists)
    used = {pid for pid, _ in bench.supervisor.processes()}
    bench.supervisor.close()
    assert not any(is_alive(pid) for pid in used if pid is not None)
    assert not any(seen.attempt.ended for seen in children)
