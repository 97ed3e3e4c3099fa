"""What a supervisor promises about an attempt, over both ways of starting a worker."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from penstock.model.messages import Answer, Ask, AskKind, InputOrder, Limits, Log, Outcome, Output, Started
from tests.engine.conftest import Bench, body, is_alive


def test_a_block_runs_and_publishes_its_output(bench: Bench) -> None:
    seen = bench.run(body("print('made', kwargs['size'])\nreturn {'size': kwargs['size']}"), variables={"size": 3})
    assert seen.ended.failure is None
    assert seen.finished.outcome is Outcome.SUCCEEDED
    assert seen.text() == "made 3\n"
    assert bench.value(seen) == {"size": 3}
    names = [type(event).__name__ for event in seen.events if type(event).__name__ != "Ready"]
    assert [name for name in names if name != "Captured"] == ["Started", "Output", "Finished", "Ended"]
    # What was printed comes before the end; whether before the version, the two descriptors do not say.
    assert names.index("Started") < names.index("Captured") < names.index("Finished")


def test_a_block_reads_its_upstream(bench: Bench) -> None:
    first = bench.run(body("return [1, 2]"), block="first")
    (output,) = first.of(Output)
    code = "@custom\ndef block(values, **kwargs):\n    return {'sum': sum(values)}\n"
    seen = bench.run(code, block="second", inputs=(InputOrder("first", output.ref),))
    assert bench.value(seen) == {"sum": 3}


def test_each_attempt_has_a_process_of_its_own(bench: Bench) -> None:
    first = bench.value(bench.run(body("import os; return {'pid': os.getpid()}")))
    second = bench.value(bench.run(body("import os; return {'pid': os.getpid()}")))
    assert first["pid"] != second["pid"]
    assert os.getpid() not in (first["pid"], second["pid"])


def test_an_exception_is_told_with_the_frames_of_the_user(bench: Bench) -> None:
    file = bench.write(
        "custom/divide.py",
        """
        import json

        def inner():
            return json.loads("{")

        @custom
        def block(*args, **kwargs):
            try:
                return 1 / 0
            except ZeroDivisionError:
                return inner()
        """,
    )
    failure = bench.run(None, file=file).failure
    assert failure.kind == "JSONDecodeError"
    assert [(frame.function, frame.own) for frame in failure.frames][:2] == [("block", True), ("inner", True)]
    assert failure.frames[1].text == 'return json.loads("{")'
    assert failure.frames[1].line == 5
    assert not any("penstock/engine" in frame.file for frame in failure.frames)
    assert "During handling" in failure.traceback
    assert "ZeroDivisionError" in failure.traceback


def test_a_syntax_error_names_its_place(bench: Bench) -> None:
    file = bench.write("custom/broken.py", "x = 1\ndef (:\n")
    failure = bench.run(None, file=file).failure
    assert failure.kind == "SyntaxError"
    assert failure.message.startswith("custom/broken.py:2:")
    assert failure.frames[-1].text == "def (:"


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("import os; print('last words'); os._exit(3)", "lost", "exit code 3"),
        ("import os; print('last words'); os._exit(0)", "lost", "exit code 0"),
        ("import os; print('last words'); os.abort()", "killed", "SIGABRT"),
        ("import os; print('last words'); os.kill(os.getpid(), 9)", "killed", "SIGKILL"),
        ("import ctypes; print('last words'); ctypes.string_at(0)", "killed", "SIGSEGV"),
        ("import sys; print('last words'); sys.exit(0)", "SystemExit", "sys.exit(0)"),
        ("import sys; print('last words'); sys.exit('no')", "SystemExit", "sys.exit('no')"),
        ("print('last words'); raise KeyboardInterrupt", "interrupted", "interrupted"),
        ("print('last words'); raise GeneratorExit", "GeneratorExit", "GeneratorExit"),
        ("print('last words')\ndef deep(): deep()\ndeep()", "RecursionError", "recursion"),
        ("print('last words'); import no_such_library", "ModuleNotFoundError", "no_such_library"),
    ],
)
def test_every_end_of_a_process_is_told_with_its_last_output(bench: Bench, code: str, kind: str, words: str) -> None:
    seen = bench.run(body(code))
    assert seen.failure.kind == kind
    assert words in seen.failure.message
    assert "last words" in seen.ended.output
    assert bench.run(body("return 1")).ended.failure is None


def test_a_crash_shows_the_stack(bench: Bench) -> None:
    seen = bench.run(body("import ctypes\nctypes.string_at(0)"))
    assert "Segmentation fault" in seen.failure.traceback
    assert "in block" in seen.failure.traceback


def test_an_exception_that_cannot_be_printed(bench: Bench) -> None:
    code = "class Bad(Exception):\n    def __str__(self):\n        raise ValueError('no')\n" + body("raise Bad")
    assert bench.run(code).failure.kind == "Bad"


def test_an_exception_of_ten_megabytes_is_cut(bench: Bench) -> None:
    failure = bench.run(body("raise ValueError('x' * 10_000_000 + chr(0xd800))")).failure
    assert failure.kind == "ValueError"
    assert len(failure.message) < 100_000


def test_a_missing_file_and_one_that_is_not_text(bench: Bench) -> None:
    missing = bench.run(None, file=bench.project / "custom" / "gone.py").failure
    assert missing.kind == "BlockNotFoundError"
    file = bench.project / "latin.py"
    file.write_bytes(b"# caf\xe9\n")
    assert bench.run(None, file=file).failure.kind == "FileInvalidError"


def test_a_project_that_is_away_is_told_as_that_and_found_again(bench: Bench) -> None:
    file = bench.write("custom/block.py", body("return 1"))
    away = bench.project.rename(bench.project.with_name("away"))
    failure = bench.run(None, file=file).failure
    assert failure.message == f"running block block: the project's folder {bench.project} is not there just now"
    away.rename(bench.project)
    assert bench.run(None, file=file).ended.failure is None


def test_a_language_that_does_not_run(bench: Bench) -> None:
    failure = bench.run("1", language="r").failure
    assert failure.kind == "UnsupportedError"
    assert failure.code == "J107"


def test_the_memory_limit_stops_a_block(bench: Bench) -> None:
    code = body("data = bytearray(400_000_000)\nreturn {'size': len(data)}")
    failure = bench.run(code, limits=Limits(memory=200_000_000)).failure
    assert failure.kind == "memory"
    assert failure.hint
    assert bench.value(bench.run(code, limits=Limits(memory=600_000_000))) == {"size": 400_000_000}


def test_the_memory_limit_leaves_mapped_inputs_out(bench: Bench) -> None:
    first = bench.run(body("import numpy as np\nreturn np.ones(40_000_000)"), block="big")
    (output,) = first.of(Output)
    inputs = (InputOrder("big", output.ref),)
    code = "@custom\ndef block(data, **kwargs):\n    return {'sum': float(data.sum())}\n"
    seen = bench.run(code, block="sum", inputs=inputs, limits=Limits(memory=100_000_000))
    assert bench.value(seen) == {"sum": 40_000_000.0}
    copied = code.replace("data.sum()", "(data * 2).sum()")
    assert bench.run(copied, block="copy", inputs=inputs, limits=Limits(memory=100_000_000)).failure.kind == "memory"


def test_the_timeout_ends_a_block_that_takes_no_hint(bench: Bench) -> None:
    code = "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass"
    failure = bench.run(body(code), limits=Limits(seconds=0.3)).failure
    assert (failure.kind, failure.code) == ("timeout", "X103")
    assert "0.3 s" in failure.message


def test_an_interrupt_raises_in_the_users_code(bench: Bench) -> None:
    code = "import time\ntry:\n    print('up')\n    time.sleep(600)\nfinally:\n    print('cleaned up')"
    seen = bench.launch(bench.order(body(code)))
    bench.until(lambda: "up" in seen.text())
    bench.supervisor.interrupt(seen.attempt)
    bench.finish(seen)
    assert (seen.failure.kind, seen.failure.code) == ("interrupted", "X104")
    assert seen.text() == "up\ncleaned up\n"


def test_an_interrupt_that_is_ignored_kills_after_the_grace(make_bench) -> None:
    bench = make_bench(grace=0.2)
    code = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('up')\ntime.sleep(600)"
    seen = bench.launch(bench.order(body(code)))
    bench.until(seen.text)
    bench.supervisor.interrupt(seen.attempt)
    assert bench.finish(seen).failure.kind == "interrupted"


def test_an_interrupt_right_after_the_launch(bench: Bench) -> None:
    seen = bench.launch(bench.order(body("import time; time.sleep(600)")))
    bench.supervisor.interrupt(seen.attempt)
    assert bench.finish(seen).failure.kind == "interrupted"


def test_kill_ends_daemons_that_left_the_session(bench: Bench) -> None:
    code = """
    import os, subprocess, sys, time
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            print('daemon', os.getpid(), flush=True)
            time.sleep(600)
        os._exit(0)
    print('child', child.pid, flush=True)
    time.sleep(600)
    """
    seen = bench.launch(bench.order(body(code)))
    bench.until(lambda: "daemon" in seen.text() and "child" in seen.text())
    pids = [int(line.split()[1]) for line in seen.text().splitlines()]
    assert all(map(is_alive, pids))
    bench.supervisor.kill(seen.attempt)
    assert bench.finish(seen).failure.kind == "killed"
    assert not any(map(is_alive, pids))


def test_what_a_finished_block_leaves_running_is_ended(bench: Bench) -> None:
    code = """
    import os, time
    for number in range(5):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                print(os.getpid(), flush=True)
                time.sleep(600)
            os._exit(0)
    return 1
    """
    seen = bench.run(body(code))
    assert seen.ended.failure is None
    assert not any(is_alive(int(line)) for line in seen.text().splitlines())


def test_two_attempts_run_at_the_same_time(bench: Bench) -> None:
    code = """
    import os, pathlib, time
    here = pathlib.Path(kwargs['folder'])
    (here / kwargs['mine']).touch()
    while not (here / kwargs['other']).exists():
        time.sleep(0.005)
    return 1
    """
    folder = str(bench.project)
    one = bench.launch(bench.order(body(code), block="a", variables={"folder": folder, "mine": "a", "other": "b"}))
    two = bench.launch(bench.order(body(code), block="b", variables={"folder": folder, "mine": "b", "other": "a"}))
    assert bench.finish(one).ended.failure is None
    assert bench.finish(two).ended.failure is None


def test_a_block_that_closes_or_scribbles_on_descriptors(bench: Bench) -> None:
    assert bench.run(body("import os; os.close(1); os.close(2); return 1")).ended.failure is None
    closed = bench.run(body("import os, time; os.closerange(3, 4096); time.sleep(600)")).failure
    assert closed.kind == "lost"
    code = """
    import os, time
    for name in os.listdir('/proc/self/fd'):
        try:
            if os.readlink('/proc/self/fd/' + name).startswith('socket:'):
                os.write(int(name), b'garbage' * 100)
        except OSError:
            pass
    time.sleep(600)
    """
    assert bench.run(body(code)).failure.code == "X105"
    assert bench.run(body("return 1")).ended.failure is None


def test_output_comes_whole_from_c_from_children_and_without_a_newline(bench: Bench) -> None:
    code = """
    import os, subprocess, sys
    print('first')
    os.write(1, b'second\\n')
    subprocess.run(['printf', 'third\\\\nfour'])
    os.write(1, b'th \\xff\\xfe\\x00\\n')
    print('to stderr', file=sys.stderr)
    sys.stdout.write('no newline')
    """
    seen = bench.run(body(code))
    assert seen.text() == "first\nsecond\nthird\nfourth \ufffd\ufffd\x00\nno newline\n"
    assert seen.text("stderr") == "to stderr\n"


def test_what_was_printed_before_a_log_record_comes_before_it(bench: Bench) -> None:
    seen = bench.run(body("print('one')\nkwargs['logger'].info('two')\nreturn 1"))
    kinds = [type(event).__name__ for event in seen.events]
    assert kinds.index("Started") < kinds.index("Captured") < kinds.index("Log")
    assert seen.of(Log)[0].text == "two"


def test_an_ask_is_answered(bench: Bench) -> None:
    code = body(
        """
        from penstock.sdk.context import current
        from penstock.model.messages import AskKind
        return {'secret': current().ask(AskKind.SECRET, {'name': 'token'})}
        """
    )
    seen = bench.launch(bench.order(code))
    bench.until(lambda: seen.of(Ask))
    (ask,) = seen.of(Ask)
    assert (ask.kind, ask.arguments) == (AskKind.SECRET, {"name": "token"})
    bench.supervisor.answer(seen.attempt, Answer(ask.id, value="s3cret"))
    assert bench.value(bench.finish(seen)) == {"secret": "s3cret"}


def test_an_answer_may_be_an_error(bench: Bench) -> None:
    code = body("from penstock.sdk.context import current\ncurrent().ask('secret', {})")
    seen = bench.launch(bench.order(code))
    bench.until(lambda: seen.of(Ask))
    answer = Answer(seen.of(Ask)[0].id, error="no such secret", hint="Make one.", code="C103")
    bench.supervisor.answer(seen.attempt, answer)
    failure = bench.finish(seen).failure
    assert (failure.message, failure.hint) == ("no such secret", "Make one.")
    assert (failure.kind, failure.code) == ("SecretMissingError", "C103")


def test_threads_and_exit_handlers_run_before_the_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.supervisor.EXIT_PATIENCE", 600)
    code = """
    import atexit, threading, time
    atexit.register(lambda: print('at exit'))
    threading.Thread(target=lambda: (time.sleep(0.05), print('from a thread'))).start()
    return 1
    """
    seen = bench.run(body(code))
    assert seen.ended.failure is None
    assert seen.text() == "from a thread\nat exit\n"
    assert seen.of(Log) == []


def test_a_process_that_hangs_at_its_end_has_succeeded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.supervisor.EXIT_PATIENCE", 0.2)
    code = """
    import multiprocessing, threading, time
    threading.Thread(target=time.sleep, args=(600,), name="upload").start()
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,), name="sender").start()
    return 1
    """
    seen = bench.run(body(code))
    assert seen.ended.failure is None
    (told,) = seen.of(Log)
    assert told.level == "WARNING"
    assert told.text.startswith("the block left running: thread upload, process sender; that had not ended 0.2 s after")
    assert "wait for it before the function returns" in told.text


def test_an_exit_handler_that_hangs_is_told_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.supervisor.EXIT_PATIENCE", 0.2)
    seen = bench.run(body("import atexit, time\natexit.register(time.sleep, 600)\nreturn 1"))
    assert seen.ended.failure is None
    (told,) = seen.of(Log)
    assert "something that it had begun, such as an exit handler" in told.text


def test_a_session_keeps_its_process_and_shares_context(bench: Bench) -> None:
    first = bench.run(body("kwargs['context']['seen'] = 41\nimport os; return {'pid': os.getpid()}"), keep=True)
    second = bench.run(
        body("import os; return {'pid': os.getpid(), 'seen': kwargs['context']['seen']}"),
        keep=True,
        reuse=first.attempt,
    )
    assert bench.value(second) == {**bench.value(first), "seen": 41}
    pid = second.attempt.pid
    bench.supervisor.close_session(second.attempt)
    bench.until(lambda: not is_alive(pid))


def test_a_session_outlives_a_failure_and_is_replaced_after_a_crash(bench: Bench) -> None:
    first = bench.run(body("return 1 / 0"), keep=True)
    second = bench.run(body("import os; return {'pid': os.getpid()}"), keep=True, reuse=first.attempt)
    assert bench.value(second)["pid"] == first.attempt.pid
    third = bench.run(body("import os; os._exit(1)"), keep=True, reuse=second.attempt)
    assert third.failure.kind == "lost"
    fourth = bench.run(body("return 1"), keep=True, reuse=third.attempt)
    assert fourth.ended.failure is None
    assert fourth.attempt.pid != first.attempt.pid


def test_an_edit_of_a_helper_is_seen_by_the_next_attempt_and_in_a_session(bench: Bench) -> None:
    helper = bench.write("helpers/numbers.py", "VALUE = 1\n")
    code = body("from helpers.numbers import VALUE\nreturn {'value': VALUE}")
    stamp = helper.stat().st_mtime_ns
    first = bench.run(code, keep=True)
    helper.write_text("VALUE = 2\n")
    os.utime(helper, ns=(stamp, stamp))
    assert bench.value(bench.run(code)) == {"value": 2}
    assert bench.value(bench.run(code, reuse=first.attempt)) == {"value": 2}
    assert not list(bench.project.rglob("*.pyc"))


def test_a_stale_pyc_is_not_believed(bench: Bench) -> None:
    import py_compile

    helper = bench.write("trap.py", "VALUE = 1\n")
    stamp = helper.stat().st_mtime_ns
    py_compile.compile(str(helper))
    helper.write_text("VALUE = 2\n")
    os.utime(helper, ns=(stamp, stamp))
    assert bench.value(bench.run(body("import trap\nreturn {'value': trap.VALUE}"))) == {"value": 2}


def test_the_project_can_be_imported_by_its_names(bench: Bench) -> None:
    bench.write("stuff/__init__.py", "")
    bench.write("stuff/things.py", "NAME = __name__\n")
    code = """
    import importlib
    import default_repo.stuff.things as one
    two = importlib.import_module('my project.stuff.things')
    import stuff.things as three
    return [one.NAME, two.NAME, three.NAME]
    """
    expected = ["default_repo.stuff.things", "my project.stuff.things", "stuff.things"]
    assert bench.value(bench.run(body(code))) == expected


def test_failed_tests_fail_the_block_and_keep_the_output(bench: Bench) -> None:
    code = (
        body("return 1")
        + "@test\ndef fine(output): pass\n@test\ndef wrong(output):\n    assert output == 2, 'not two'\n"
    )
    seen = bench.run(code)
    assert "1/2 tests passed" in seen.failure.message
    assert "wrong: not two" in seen.failure.message
    assert [(test.name, test.passed) for test in seen.finished.tests] == [("fine", True), ("wrong", False)]
    assert len(seen.of(Output)) == 1


def test_a_sensor_that_says_not_yet(bench: Bench) -> None:
    seen = bench.run("@sensor\ndef check(*args, **kwargs):\n    return False\n", kind="sensor")
    assert seen.finished.outcome is Outcome.WAITING
    assert seen.ended.failure is None
    assert not seen.of(Output)


def test_an_order_that_cannot_be_sent_fails_without_a_process(bench: Bench) -> None:
    failure = bench.run(body("return 1"), variables={"connection": object()}).failure
    assert failure.kind == "MessageInvalidError"
    assert "variables.connection" in failure.message


def test_values_of_variables_arrive_as_they_were(bench: Bench) -> None:
    import datetime as dt
    from decimal import Decimal

    values = {
        "day": dt.date(2024, 2, 29),
        "moment": dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC),
        "naive": dt.datetime(2024, 1, 1, 12),  # noqa: DTZ001 - YAML gives such
        "big": 10**40,
        "price": Decimal("1.10"),
        "nested": {"list": [1, None, True, 2.5, "\u2713"]},
    }
    code = body("print(repr({key: kwargs[key] for key in sorted(kwargs['wanted'])}))")
    seen = bench.run(code, variables={**values, "wanted": list(values)})
    assert seen.text() == repr({key: values[key] for key in sorted(values)}) + "\n"


def test_a_block_has_no_stdin_and_its_own_random_numbers(bench: Bench) -> None:
    code = body("import random, sys; return {'stdin': sys.stdin.read(), 'random': random.random()}")
    random.seed(1)
    one, two = bench.value(bench.run(code)), bench.value(bench.run(code))
    assert one["stdin"] == ""
    assert one["random"] != two["random"]


def test_no_process_is_left_after_close(bench: Bench) -> None:
    seen = bench.launch(bench.order(body("import os, time; print(os.getpid()); time.sleep(600)")))
    bench.until(seen.text)
    bench.supervisor.close()
    assert not is_alive(int(seen.text()))


def test_started_comes_before_user_code(bench: Bench) -> None:
    seen = bench.run(body("import time; print(time.time())"))
    assert seen.of(Started)[0].at <= float(seen.text())


def test_sigterm_to_the_worker_is_told(bench: Bench) -> None:
    seen = bench.launch(bench.order(body("print('up')\nimport time\ntime.sleep(600)")))
    bench.until(seen.text)
    os.kill(seen.attempt.pid, signal.SIGTERM)
    assert "SIGTERM" in bench.finish(seen).failure.message


def test_the_environment_and_the_folder_are_the_callers(make_bench, tmp_path: Path) -> None:
    for mode in ("fork", "spawn"):
        bench = make_bench(mode=mode, cwd=str(tmp_path), environment={**os.environ, "COLOUR": "blue"})
        code = body("import os; return {'folder': os.getcwd(), 'colour': os.environ['COLOUR']}")
        assert bench.value(bench.run(code)) == {"folder": str(tmp_path), "colour": "blue"}


def test_the_tests_of_an_output_in_parts_see_what_a_later_block_reads(bench: Bench) -> None:
    code = """
    import pandas as pd

    @custom
    def block(*args, **kwargs):
        for start in (0, 2):
            yield pd.DataFrame({"a": [start, start + 1]})

    @test
    def whole(output):
        assert output["a"].tolist() == [0, 1, 2, 3]
    """
    seen = bench.run(code)
    assert [(test.name, test.passed) for test in seen.finished.tests] == [("whole", True)]
    assert bench.value(seen)["a"].tolist() == [0, 1, 2, 3]


def test_memory_is_watched_from_outside_where_the_system_has_no_limit(make_bench) -> None:
    bench = make_bench(mode="spawn", watch_memory=True)
    code = """
    import resource, time
    resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    data = b'x' * 400_000_000
    time.sleep(600)
    """
    failure = bench.run(body(code), limits=Limits(memory=200_000_000)).failure
    assert failure.kind == "memory"
    assert "200,000,000" in failure.message


def test_a_session_can_be_interrupted_and_used_again(bench: Bench) -> None:
    first = bench.launch(bench.order(body("print('up')\nimport time\ntime.sleep(600)")), keep=True)
    bench.until(first.text)
    bench.supervisor.interrupt(first.attempt)
    assert bench.finish(first).failure.kind == "interrupted"
    second = bench.run(body("return {'n': 2}"), keep=True, reuse=first.attempt)
    assert bench.value(second) == {"n": 2}
    assert second.attempt.pid == first.attempt.pid


def test_a_thread_that_asks_and_user_code_that_replaces_streams(bench: Bench) -> None:
    code = """
    import io, sys
    sys.stdout = io.StringIO()
    sys.stderr = None
    print('lost')
    return 1
    """
    assert bench.run(body(code)).ended.failure is None


def test_a_frame_that_is_not_stored_exactly_is_refused_in_words(bench: Bench) -> None:
    failure = bench.run(body("return [lambda: 1]")).failure
    assert failure.kind == "ValueRefusedError"
    assert failure.code == "D103"


def test_a_disk_that_refuses_is_a_failure_in_words(bench: Bench) -> None:
    (bench.store.root / "products").parent.mkdir(parents=True, exist_ok=True)
    order = bench.order(body("return 1"))
    (bench.store.root / "products").write_text("in the way")
    failure = bench.finish(bench.launch(order)).failure
    assert failure.kind == "StorageError"


def test_an_older_attempt_cannot_publish(bench: Bench) -> None:
    old = bench.order(body("return 1"))
    bench.order(body("return 2"))
    assert bench.finish(bench.launch(old)).failure.kind == "FenceError"
