"""Every way in which a run can end badly, in real processes: a line in its log, a cause in words, exactly one alert."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.observe.alerts.receiving import Receiver, receiving
from tests.patience import PATIENCE
from tests.server.running import Server, start


@dataclass(frozen=True)
class Fault:
    """A pipeline that ends badly: the code of its block, and words that its alert must hold."""

    name: str
    code: str
    cause: str
    line: int = 0
    entry: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None


HEAD = "@custom\ndef run(*args, **kwargs):\n    print('it begins', flush=True)\n"
FAULTS = [
    Fault("exception", HEAD + "    raise KeyError('flights')\n", "KeyError: 'flights'", line=4),
    Fault("system_exit", HEAD + "    import sys\n    sys.exit(3)\n", "3", line=5),
    Fault("process_exit", HEAD + "    import os\n    os._exit(7)\n", "ended with exit code 7"),
    Fault("kill", HEAD + "    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n", "ended by SIGKILL"),
    Fault("crash", HEAD + "    import ctypes\n    ctypes.string_at(0)\n", "ended by SIGSEGV"),
    Fault("memory", HEAD + "    return len(bytearray(3_000_000_000))\n", "emory", entry={}),
    Fault("timeout", HEAD + "    import time\n    time.sleep(600)\n", "longer than its limit of 1 s", entry={"timeout": 1}),
    Fault(
        "run_timeout", HEAD + "    import time\n    time.sleep(600)\n", "longer", settings={"timeout": 1},
    ),
    Fault("recursion", HEAD + "    return run(*args)\n", "RecursionError"),
    Fault("failed_test", HEAD + "    return 1\n@test\ndef check(output, *args):\n    assert output == 2, 'not two'\n", "not two"),
    Fault("syntax", "@custom\ndef run(*args:\n    pass\n", "syntax"),
    Fault("missing_module", "import no_such_module_anywhere\n" + HEAD, "no_such_module_anywhere", line=1),
    Fault("not_storable", HEAD + "    import threading\n    return threading.Lock()\n", "ock"),
    Fault("nothing_decorated", "x = 1\n", "custom"),
    Fault(
        "disk_full",
        HEAD + "    import resource\n    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "    import signal\n    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "    import pandas as pd\n    return pd.DataFrame({'a': range(100_000)})\n",
        "",
    ),
]  # fmt: skip
ODD_FILES = {
    "unreadable": ("blocks: [\n", "unreadable"),
    "cycle": (
        yaml.safe_dump(
            {
                "name": "cycle",
                "type": "python",
                "blocks": [
                    {"uuid": "a", "type": "custom", "language": "python", "upstream_blocks": ["b"], "downstream_blocks": ["b"]},
                    {"uuid": "b", "type": "custom", "language": "python", "upstream_blocks": ["a"], "downstream_blocks": ["a"]},
                ],
            }
        ),
        "cycle",
    ),
    "missing_file": (
        yaml.safe_dump(
            {"name": "missing_file", "type": "python", "blocks": [{"uuid": "gone", "type": "custom", "language": "python"}]}
        ),
        "gone",
    ),
    "not_supported": (
        yaml.safe_dump({"name": "not_supported", "type": "streaming", "blocks": []}),
        "not_supported",
    ),
}  # fmt: skip
"""Pipelines whose files become so after their trigger was seen: file, and words of the cause."""


def _write(root: Path, receiver: Receiver) -> None:
    (root / "custom").mkdir(parents=True)
    config = {"alert_on": ["trigger_failure"], "webhook_config": {"webhook_url": receiver.url}}
    (root / "metadata.yaml").write_text(yaml.safe_dump({"project_type": "standalone", "notification_config": config}))
    for fault in FAULTS:
        (root / "custom" / f"{fault.name}.py").write_text(fault.code)
        entry = {"uuid": fault.name, "type": "custom", "language": "python", **(fault.entry or {})}
        _pipeline(
            root, fault.name, yaml.safe_dump({"name": fault.name, "type": "python", "blocks": [entry]}), fault.settings
        )
    for name in (*ODD_FILES, "fine"):
        _pipeline(root, name, yaml.safe_dump({"name": name, "type": "python", "blocks": []}), None)
    (root / "custom" / "fine.py").write_text(HEAD + "    return 1\n")
    entry = {"uuid": "fine", "type": "custom", "language": "python"}
    _pipeline(root, "fine", yaml.safe_dump({"name": "fine", "type": "python", "blocks": [entry]}), None)


def _pipeline(root: Path, name: str, text: str, settings: dict[str, Any] | None) -> None:
    folder = root / "pipelines" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.yaml").write_text(text)
    trigger = {
        "name": "call",
        "schedule_type": "api",
        "status": "active",
        **({"settings": settings} if settings else {}),
    }
    (folder / "triggers.yaml").write_text(yaml.safe_dump({"triggers": [trigger]}))


@dataclass
class Ended:
    """What there is after every run has ended: alerts and runs by pipeline, and what arrived."""

    server: Server
    alerts: dict[str, list[Any]]
    runs: dict[str, list[Any]]
    arrived: dict[str, list[Any]]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """A server on which each of those pipelines has run once."""
    home = tmp_path_factory.mktemp("ends")
    with receiving() as receiver:
        _write(home / "project", receiver)
        server = start(home / "project", home, environment={"PENSTOCK_BLOCK_MEMORY": "1500"})
        try:
            triggers = _triggers(server)
            for name, (text, _cause) in ODD_FILES.items():
                (home / "project" / "pipelines" / name / "metadata.yaml").write_text(text)
            names = [*[fault.name for fault in FAULTS], *ODD_FILES, "fine"]
            for name in names:
                server.post(f"/api/triggers/{triggers[name]}/run")
            _wait(lambda: len(_ended(server)) == len(names))
            _wait(lambda: all(each["state"] != "pending" for each in server.get("/api/alerts?limit=500")["alerts"]))
            yield Ended(
                server,
                _by_pipeline(server.get("/api/alerts?limit=500")["alerts"]),
                _by_pipeline(_ended(server)),
                _by_pipeline([each.json for each in receiver.received]),
            )
        finally:
            server.stop()


def _triggers(server: Server) -> dict[str, int]:
    wanted = len(FAULTS) + len(ODD_FILES) + 1
    found: dict[str, int] = {}

    def there() -> bool:
        found.update({each["pipeline"]: each["id"] for each in server.get("/api/triggers")["triggers"]})
        return len(found) == wanted

    _wait(there)
    return found


def _wait(done: Any) -> None:
    stop = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < stop, "it did not come"
        time.sleep(0.1)  # the API of another process is asked


def _ended(server: Server) -> list[Any]:
    runs = server.get("/api/runs", params={"limit": 500})["runs"]
    return [run for run in runs if run["state"] not in {"initial", "running"}]


def _by_pipeline(entries: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for entry in entries:
        found.setdefault(entry["pipeline"], []).append(entry)
    return found


@pytest.mark.parametrize("name", [*[fault.name for fault in FAULTS], *ODD_FILES])
def test_a_bad_end_has_a_cause_and_exactly_one_alert(ended: Ended, name: str) -> None:
    fault = next((each for each in FAULTS if each.name == name), None)
    cause = fault.cause if fault is not None else ODD_FILES[name][1]
    (run,) = ended.runs[name]
    assert run["state"] == "failed"
    assert run["error"]
    (alert,) = ended.alerts[name]
    assert (alert["kind"], alert["run"], alert["repeats"], alert["state"]) == ("failure", run["run"], 0, "sent")
    assert cause.lower() in alert["text"].lower()
    (message,) = ended.arrived[name]
    assert message["summary"] == alert["text"]
    assert message["link"] == f"{ended.server.url}/runs/{run['run']}"
    if fault is not None and fault.line:
        assert alert["place"] == f"custom/{name}.py:{fault.line}"


@pytest.mark.parametrize("name", [*[fault.name for fault in FAULTS], *ODD_FILES])
def test_a_bad_end_is_in_the_log(ended: Ended, name: str) -> None:
    (run,) = ended.runs[name]
    lines = ended.server.get("/api/logs", params={"run": run["run"], "limit": 1000})["lines"]
    text = "\n".join(line["text"] for line in lines)
    fault = next((each for each in FAULTS if each.name == name), None)
    assert any(line["level"] == "ERROR" and line["block"] == "" for line in lines)
    assert (fault.cause if fault is not None else ODD_FILES[name][1]).lower() in text.lower()
    if fault is not None and fault.code.startswith(HEAD):
        assert "it begins" in text


def test_the_others_are_not_harmed(ended: Ended) -> None:
    (run,) = ended.runs["fine"]
    assert run["state"] == "completed"
    assert "fine" not in ended.alerts
    health = ended.server.get("/api/health")
    assert health["status"] == "ok"
