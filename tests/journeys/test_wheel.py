"""What the journeys run on is the built wheel, with the user interface in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.journeys import wheel
from tests.server.running import Server


def test_penstock_is_imported_from_the_wheel(site: Path, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import penstock.server as server; print(server.__file__)"],
        env={"PATH": "/usr/bin:/bin", **wheel.environment(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(told.stdout.strip()) == site / "penstock" / "server" / "__init__.py"


def test_the_server_serves_the_user_interface_of_the_wheel(studio: Server) -> None:
    assert studio.client.get(f"/{wheel.MARK}").status_code == 200
    page = studio.client.get("/")
    assert page.status_code == 200
    assert '<div id="root">' in page.text


def test_blocks_run_on_the_wheel(studio: Server, site: Path) -> None:
    studio.post("/api/pipelines", {"name": "where"})
    code = "import penstock\n\n\n@data_loader\ndef load():\n    return penstock.__file__\n"
    made = studio.post("/api/pipelines/where/blocks", {"name": "place", "type": "data_loader", "content": code})
    run = studio.post("/api/pipelines/where/runs", {"blocks": [made["block"]]})["run"]["run"]
    with studio.client.stream("GET", f"/api/runs/{run}/events") as events:
        assert any("run_ended" in line for line in events.iter_lines())
    value = studio.get(f"/api/products/where/{made['block']}/value")
    assert str(site) in str(value["mime"])
