"""Work that a block hands to other processes: functions of its own file and of the project's."""

from __future__ import annotations

import sys

import pytest

from tests.engine.conftest import Bench, body

TOP = "class Price:\n    def __init__(self, value):\n        self.value = value\n\ndef doubled(x):\n    return Price(2 * x)\n\n"
PARALLEL = "return sum(price.value for price in Parallel(n_jobs=2)(delayed(doubled)(x) for x in (1, 2)))"


def test_joblib_takes_functions_and_classes_of_the_block_file(bench: Bench) -> None:
    seen = bench.run("from joblib import Parallel, delayed\n" + TOP + body(PARALLEL))
    assert bench.value(seen) == 6


def test_joblib_may_be_imported_after_the_file_is_executed_and_by_an_earlier_block(bench: Bench) -> None:
    code = TOP + body(f"from joblib import Parallel, delayed\n{PARALLEL}")
    first = bench.run(code, keep=True)
    assert bench.value(first) == 6
    second = bench.run(code, block="another", keep=True, reuse=first.attempt)
    assert bench.value(second) == 6
    assert second.attempt is not None
    assert first.attempt is not None
    assert second.attempt.pid == first.attempt.pid


def test_cloudpickle_itself_sends_them_whole(bench: Bench) -> None:
    code = "import cloudpickle, subprocess, sys\n\ndef answer():\n    return 42\n\n" + body(
        "program = 'import pickle, sys; print(pickle.load(sys.stdin.buffer)())'\n"
        "return subprocess.run([sys.executable, '-c', program], input=cloudpickle.dumps(answer), capture_output=True,"
        " check=True).stdout.decode().strip()"
    )
    assert bench.value(bench.run(code)) == "42"


@pytest.mark.parametrize("package", ["lib", "my project.lib", "default_repo.lib", "former_name.lib"])
def test_joblib_takes_functions_of_the_project_by_every_name(forked: Bench, package: str) -> None:
    forked.write("lib/__init__.py", "")
    forked.write("lib/prices.py", TOP)
    names = f"from {package}.prices import doubled\n"
    if " " in package:
        names = f"import importlib\ndoubled = importlib.import_module({package + '.prices'!r}).doubled\n"
    file = forked.write("custom/block.py", "from joblib import Parallel, delayed\n" + names + body(PARALLEL))
    assert forked.value(forked.run(None, file=file)) == 6


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_pool_of_forked_processes_takes_them_by_name(bench: Bench) -> None:
    code = (
        "import multiprocessing\n"
        + TOP
        + body(
            "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
            "    return sum(price.value for price in pool.map(doubled, [1, 2]))"
        )
    )
    assert bench.value(bench.run(code)) == 6


def test_a_block_that_hands_out_no_work_loads_nothing_for_it(bench: Bench) -> None:
    code = "import sys\n" + TOP + body("return ','.join(name for name in sys.modules if name.endswith('cloudpickle'))")
    assert bench.value(bench.run(code)) == ""
