"""A scratchpad keeps what its cells define, shows what they end with, and answers while they run."""

from __future__ import annotations

import base64
import os
import subprocess
import sys

import pytest

from penstock.server.scratchpads.service import details
from tests.server.serving import Server, add_pipeline, make_project, serving

LOAD = "@data_loader\ndef load(**kwargs):\n    return {'answer': 42}\n"
BLOCKS = [("load", "data_loader", [], LOAD), ("pad", "scratchpad", [], "1 + 1\n")]
WAITS = "@custom\ndef waits(**kwargs):\n    import signal\n    print('waits', flush=True)\n    signal.pause()\n"
PAD = "/scratchpads/flights/pad"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(make_project(tmp_path_factory.mktemp("pads") / "project", blocks=BLOCKS)) as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(server: Server):
    with server.live() as live:
        live.subscribe("pipeline:flights")
        server.post(f"{PAD}/restart")
        if server.get(PAD)["state"] != "none":
            live.until("scratch_session")


def run(server: Server, code: str, **more):
    """Run a cell; its events, and its end."""
    with server.live() as live:
        live.subscribe("pipeline:flights")
        execution = server.post(f"{PAD}/run", {"code": code, **more})["execution"]
        events = live.until("scratch_ended", execution=execution)
        return [event for event in events if event.get("execution") == execution], events[-1]


def shown(events):
    return [event["mime"] for event in events if event["type"] == "display"]


def processes(server: Server, kind: str):
    return [each for each in server.get("/sessions")["sessions"] if each["kind"] == kind]


def printed(events):
    return "".join(item["text"] for e in events if e["type"] == "block_output" for item in e["items"])


def test_names_stay_and_the_last_expression_is_shown(server: Server):
    run(server, "import math\nx = 20")
    events, end = run(server, "print('adding')\nx + 22")
    assert end["failure"] is None
    assert shown(events) == [{"text/plain": "42"}]
    assert printed(events) == "adding\n"
    assert events[0]["type"] == "scratch_started"
    assert shown(run(server, "_ + 1")[0]) == [{"text/plain": "43"}]
    assert shown(run(server, "y = 3")[0]) == []


def test_what_is_printed_comes_before_what_is_shown_after_it(server: Server):
    events, _ = run(server, "print('one')\ndisplay('two')\nprint('three')\n'four'")
    kinds = [event["type"] for event in events]
    assert kinds == ["scratch_started", "block_output", "display", "block_output", "display", "scratch_ended"]


def test_an_exception_names_the_line_of_the_cell(server: Server):
    run(server, "def divide(a):\n    return 1 / a", cell="cell 1")
    _, end = run(server, "x = 1\ndivide(x - 1)", cell="cell 2")
    failure = end["failure"]
    assert failure["kind"] == "ZeroDivisionError"
    frames = [(frame["file"], frame["line"], frame["text"], frame["own"]) for frame in failure["frames"]]
    assert frames == [("<cell 2>", 2, "divide(x - 1)", True), ("<cell 1>", 2, "return 1 / a", True)]
    assert shown(run(server, "x")[0]) == [{"text/plain": "1"}]


def test_a_syntax_error_is_a_failure(server: Server):
    _, end = run(server, "def (:")
    assert end["failure"]["kind"] == "SyntaxError"


def test_outputs_of_blocks_are_at_hand(server: Server):
    server.run(blocks=["load"])
    events, end = run(server, "get_variable('flights', 'load')")
    assert end["failure"] is None
    assert shown(events) == [{"text/plain": "{'answer': 42}"}]
    code = (
        "from mage_ai.data_preparation.variable_manager import get_variable\nget_variable('flights', 'load')['answer']"
    )
    assert shown(run(server, code)[0]) == [{"text/plain": "42"}]


def test_a_loop_is_interrupted_and_the_names_stay(server: Server, monkeypatch):
    monkeypatch.setattr(server.studio.bench.supervisor, "_grace", 600.0)  # nothing else ends it
    run(server, "kept = 7")
    with server.live() as live:
        live.subscribe("pipeline:flights")
        server.post(f"{PAD}/run", {"code": "print('go', flush=True)\nwhile True: pass"})
        waiting = server.post(f"{PAD}/run", {"code": "kept = 8"})["execution"]
        live.until("block_output")
        assert server.post(f"{PAD}/interrupt")["state"] == "running"
        dropped = live.until("scratch_ended", execution=waiting)[-1]
        assert "not run" in dropped["failure"]["message"]
        end = live.until("scratch_ended")[-1]
    assert end["failure"]["kind"] == "interrupted"
    assert shown(run(server, "kept")[0]) == [{"text/plain": "7"}]


def test_completion_and_variables_are_answered_while_code_runs(server: Server):
    run(server, "import pandas\nframe = pandas.DataFrame({'city': ['a'], 'rain': [1.0]})\nvalues = {'key one': 1}")
    with server.live() as live:
        live.subscribe("pipeline:flights")
        server.post(f"{PAD}/run", {"code": "print('go', flush=True)\nwhile True: pass"})
        live.until("block_output")
        found = server.post(f"{PAD}/complete", {"code": "frame.head", "cursor": 10}, 200)
        assert found == {"matches": ["head"], "start": 6}
        columns = server.post(f"{PAD}/complete", {"code": "x = frame['", "cursor": 11}, 200)
        assert columns == {"matches": ["city", "rain"], "start": 11}
        assert server.post(f"{PAD}/complete", {"code": "values['k", "cursor": 9}, 200)["matches"] == ["key one"]
        assert "frame" in server.post(f"{PAD}/complete", {"code": "fra", "cursor": 3}, 200)["matches"]
        variables = {entry["name"]: entry for entry in server.get(f"{PAD}/variables")["variables"]}
        assert variables["frame"] == {"name": "frame", "type": "DataFrame", "summary": "1 x 2"}
        assert set(variables) == {"frame", "values"}
        server.post(f"{PAD}/interrupt")
        live.until("scratch_ended")


def test_tables_and_figures_are_shown_as_what_they_are(server: Server):
    events, _ = run(server, "import pandas\npandas.DataFrame({'a': range(1000), 'b': 'x'})")
    table = shown(events)[0]["application/vnd.penstock.table+json"]
    assert [column["name"] for column in table["columns"]] == ["a", "b"]
    assert (len(table["rows"]), table["rows_total"], table["rows"][1]) == (100, 1000, [1, "x"])
    events, end = run(server, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n'done'")
    assert end["failure"] is None
    image = next(mime["image/png"] for mime in shown(events) if "image/png" in mime)
    assert base64.b64decode(image).startswith(b"\x89PNG")
    assert "non-interactive" not in printed(events)
    events, _ = run(server, "import plotly.graph_objects as go\ngo.Figure(go.Bar(y=[1, 2]))")
    assert shown(events)[0]["application/vnd.plotly.v1+json"]["data"][0]["type"] == "bar"


def test_values_show_themselves_as_they_wish(server: Server):
    code = """
class Bundle:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": "<b>bold</b>", "image/png": b"png"}
class Html:
    def _repr_html_(self): return "<i>it</i>"
    def __repr__(self): return "Html!"
class Broken:
    def _repr_html_(self): raise ValueError("no")
class Worse:
    def __repr__(self): raise SystemError("never")
for thing in (Bundle(), Html(), Broken(), Worse()): display(thing)
"""
    events, end = run(server, code)
    assert end["failure"] is None
    bundle, html, broken, worse = shown(events)
    assert (bundle["text/html"], base64.b64decode(bundle["image/png"])) == ("<b>bold</b>", b"png")
    assert html == {"text/html": "<i>it</i>", "text/plain": "Html!"}
    assert "ValueError: no" in broken["text/plain"]
    assert "SystemError: never" in worse["text/plain"]


def test_a_crash_ends_the_session_with_a_word_and_the_next_cell_starts_another(server: Server):
    run(server, "x = 1")
    with server.live() as live:
        live.subscribe("pipeline:flights")
        server.post(f"{PAD}/run", {"code": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"})
        events = live.until("scratch_session")
    end = next(event for event in events if event["type"] == "scratch_ended")
    assert "SIGSEGV" in end["failure"]["message"]
    assert events[-1]["state"] == "ended"
    _, end = run(server, "x")
    assert end["failure"]["kind"] == "NameError"


def test_what_swallows_the_interrupt_is_ended(server: Server):
    code = (
        "print('go', flush=True)\nimport time\nwhile True:\n    try: time.sleep(1)\n    except KeyboardInterrupt: pass"
    )
    with server.live() as live:
        live.subscribe("pipeline:flights")
        server.post(f"{PAD}/run", {"code": code})
        live.until("block_output")
        server.post(f"{PAD}/interrupt")
        live.until("scratch_interrupting")
        assert live.until("scratch_session")[-1]["state"] == "ended"


def test_much_output_does_not_use_up_the_session(server: Server):
    _, end = run(server, "for _ in range(70): print('x' * (1 << 20))")
    assert end["failure"] is None
    events, _ = run(server, "print('still here')")
    assert printed(events) == "still here\n"


def test_variables_of_pipelines_and_secrets_are_asked_for(server: Server):
    code = "from mage_ai.data_preparation.variable_manager import get_global_variable, set_global_variable\n"
    _, end = run(server, code + "set_global_variable('flights', 'day', 3)")
    assert end["failure"] is None
    assert shown(run(server, "get_global_variable('flights', 'day')")[0]) == [{"text/plain": "3"}]


def test_processes_are_listed_with_what_they_use_and_ended(server: Server):
    run(server, "x = sum(range(5_000_000))")
    (pad,) = processes(server, "scratchpad")
    assert (pad["pipeline"], pad["block"], pad["run"]) == ("flights", "pad", None)
    assert pad["memory"] > 1_000_000
    assert pad["cpu"] > 0
    add_pipeline(server.root, "long", [("waits", "custom", [], WAITS)])
    with server.live() as live:
        live.subscribe("pipeline:long")
        asked = server.post("/pipelines/long/runs")["run"]["run"]
        live.until("block_output")
        (block,) = processes(server, "block")
        assert (block["pipeline"], block["block"], block["run"]) == ("long", "waits", asked)
        server.post(f"/runs/{asked}/interrupt", {})
        live.until("run_ended")
    with server.live() as live:
        live.subscribe("pipeline:flights")
        server.post(f"{PAD}/restart")
        live.until("scratch_session")
    assert not {pad["pid"], block["pid"]} & {each["pid"] for each in server.get("/sessions")["sessions"]}


def test_a_process_that_has_ended_is_not_listed(server: Server):
    run(server, "x = 1")
    (order,) = [order for _, order in server.studio.scratchpads.orders() if order.interactive]
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert details([(ended.pid, order)]) == []


@pytest.mark.parametrize(("block", "status"), [("none", 404), ("load", 422)])
def test_only_scratchpads_have_sessions(server: Server, block, status):
    server.post(f"/scratchpads/flights/{block}/run", {"code": "1"}, status)
