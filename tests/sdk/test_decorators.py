import subprocess
import sys

import penstock
from penstock.sdk.decorators import Collector, collect


def test_outside_a_worker_a_decorator_returns_its_function():
    def load():
        return 1

    assert penstock.data_loader(load) is load
    assert penstock.callback("failure")(load) is load


def test_a_collector_takes_only_what_its_own_module_decorates():
    own: dict = {"data_loader": penstock.data_loader, "callback": penstock.callback}
    other: dict = dict(own)
    collector = Collector(own)
    collect(collector)
    try:
        exec("@data_loader\ndef a(): ...\n@callback('failure')\ndef b(): ...\n@callback\nclass C: ...\n", own)
        exec("@data_loader\ndef x(): ...\n", other)
    finally:
        collect(None)
    exec("@data_loader\ndef late(): ...\n", own)
    assert collector.every("data_loader") == [own["a"]]
    assert [arguments for _, arguments in collector.found["callback"]] == [("failure",), ()]
    assert collector.first("transformer") is None


def test_pytest_does_not_take_the_test_decorator_for_a_test(tmp_path):
    (tmp_path / "block.py").write_text(
        "from penstock import data_loader, test\n\n@data_loader\ndef load():\n    return 5\n\n"
        "@test\ndef test_output(output):\n    assert output == 5\n"
    )
    (tmp_path / "test_block.py").write_text(
        "from block import load, test\n\ndef test_load():\n    assert load() == 5\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_block.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
