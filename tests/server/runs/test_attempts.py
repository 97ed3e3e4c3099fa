"""A block between two attempts says why the last one failed, and when the next begins."""

from __future__ import annotations

from tests.server.serving import Server, make_project, serving

SHUT = "import pathlib\n@data_loader\ndef load(**kwargs):\n    if not pathlib.Path(kwargs['gate']).exists():\n        raise RuntimeError('the gate is shut')\n    return 1\n"
LATER = "@sensor\ndef load(**kwargs):\n    return False\n"


def begun(server: Server, kind: str) -> tuple[str, dict]:
    """A run, once its block waits for its next attempt; what was told of that."""
    with server.live() as live:
        live.subscribe("pipeline:flights")
        run = server.post("/pipelines/flights/runs", {})["run"]["run"]
        live.until("block_started", run=run, block="load")
        return run, live.until(kind, run=run, block="load")[-1]


def interrupt(server: Server, run: str) -> None:
    with server.live() as live:
        live.subscribe(f"run:{run}")
        server.post("/pipelines/flights/interrupt", {})
        live.until("run_ended", run=run)


def test_one_that_failed_waits_for_its_next_attempt_with_its_failure(tmp_path):
    root = make_project(tmp_path / "project", blocks=[("load", "data_loader", [], SHUT)])
    gate = str(tmp_path / "gate")
    with serving(root) as server:
        reply = server.client.patch("/pipelines/flights", json={"variables": {"set": {"gate": gate}}})
        assert reply.is_success, reply.text
        retries = {"retry_config": {"retries": 1, "delay": 3600, "max_delay": 7200}}
        assert server.client.patch("/pipelines/flights/blocks/load", json=retries).is_success
        run, told = begun(server, "block_retrying")
        (block,) = server.get(f"/runs/{run}")["blocks"]
        assert (block["state"], block["attempts"], block["ended"]) == ("queued", 1, None)
        assert block["failure"]["message"] == told["failure"]["message"] == "the gate is shut"
        assert block["waits"] == {"since": told["at"], "due": told["at"] + told["wait"]}
        assert told["wait"] == 3600
        status = server.get("/pipelines/flights/status")["blocks"]["load"]
        assert (status["state"], status["failure"]["message"]) == ("queued", "the gate is shut")

        interrupt(server, run)
        (block,) = server.get(f"/runs/{run}")["blocks"]
        assert (block["state"], block["waits"]) == ("cancelled", None)


def test_one_whose_next_attempt_has_begun_waits_no_longer(tmp_path):
    root = make_project(tmp_path / "project", blocks=[("load", "data_loader", [], SHUT)])
    with serving(root) as server:
        server.client.patch("/pipelines/flights", json={"variables": {"set": {"gate": str(tmp_path / "gate")}}})
        server.client.patch("/pipelines/flights/blocks/load", json={"retry_config": {"retries": 1, "delay": 0}})
        run = server.run()[-1]["run"]["run"]
        (block,) = server.get(f"/runs/{run}")["blocks"]
        assert (block["state"], block["attempts"], block["waits"]) == ("failed", 2, None)


def test_a_sensor_says_when_it_is_asked_again(tmp_path):
    root = make_project(tmp_path / "project", blocks=[("load", "sensor", [], LATER)])
    with serving(root) as server:
        reply = server.client.patch("/pipelines/flights/blocks/load", json={"configuration": {"interval": 3600}})
        assert reply.is_success, reply.text
        run, told = begun(server, "block_queued")
        (block,) = server.get(f"/runs/{run}")["blocks"]
        assert (block["state"], block["failure"], block["waits"]) == ("queued", None, told["waits"])
        assert told["waits"]["due"] > told["waits"]["since"]
        interrupt(server, run)
