"""The project as a whole: settings, check, search, Home; odd projects; many pipelines."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.cli.wire import open_workbench
from penstock.server.app import create_app
from penstock.server.projects.settings_form import USED
from penstock.server.studio import make_studio
from tests.project.golden import NAMES, copy
from tests.server.projects.conftest import Browser, make_browser, seg


def test_what_the_project_is(browser: Browser) -> None:
    found = browser.get("/project")
    assert (found["name"], found["root"]) == ("good", str(browser.root))
    assert found["features"]["git"] is True
    assert "edit" in found["permissions"]


def test_secrets_are_known_by_name_alone(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert browser.get("/secrets") == {"names": [], "prefix": "PENSTOCK_SECRET_"}
    monkeypatch.setenv("PENSTOCK_SECRET_API_KEY", "CANARY")
    monkeypatch.setenv("PENSTOCK_SECRET_", "CANARY")
    monkeypatch.setenv("API_KEY", "CANARY")
    answer = browser.client.get("/api/secrets")
    assert answer.json()["names"] == ["api_key"]
    assert "CANARY" not in answer.text


def test_settings_are_declared_and_secrets_do_not_leave(browser: Browser) -> None:
    browser.write(
        "metadata.yaml",
        "project_type: standalone\nopenai_api_key: sk-CANARY\nqueue_config:\n  concurrency: 3\n"
        "notification_config:\n  slack_config:\n    webhook_url: https://hooks.example/CANARY\n",
    )
    answer = browser.client.get("/api/settings")
    assert "CANARY" not in answer.text
    settings = {each["key"]: each for each in answer.json()["settings"]}
    assert (settings["openai_api_key"]["set"], settings["openai_api_key"]["value"]) == (True, None)
    assert (settings["queue_config.concurrency"]["value"], settings["queue_config.concurrency"]["default"]) == (3, 20)
    assert settings["logging_config.type"]["choices"] == ["file", "s3", "gcs"]
    assert settings["retry_config.retries"]["kind"] == "number"
    assert (settings["retry_config.retries"]["used"], settings["queue_config.concurrency"]["used"]) == (True, False)
    assert set(settings) >= USED
    told = settings["notification_config"]
    assert (told["title"], told["set"], told["value"]) == ("Alerts", True, None)


def test_a_logo_of_ones_own_is_shown_from_the_files(browser: Browser) -> None:
    assert browser.get("/project")["logo"] == ""
    assert browser.ask("GET", "/project/logo", status=404)["error"]["hint"]
    (browser.root / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    (browser.root / "large.png").write_bytes(b"x" * (1 << 20) + b"x")
    for wrong, why in (
        ("nothing.svg", "no such file"),
        ("metadata.yaml", "no picture"),
        (7, "no picture"),
        ("large.png", "1.0 MB"),
    ):
        error = browser.ask("PATCH", "/settings", {"set": {"logo": wrong}}, status=422)["error"]
        assert why in error["message"]
        assert error["hint"]
    browser.ask("PATCH", "/settings", {"set": {"logo": "../logo.svg"}}, status=403)
    browser.ask("PATCH", "/settings", {"set": {"logo": "logo.svg"}})
    first = browser.get("/project")["logo"]
    assert first
    answer = browser.client.get("/api/project/logo")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    # Opened by itself, its script has no origin and does not run.
    assert "sandbox;" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    (browser.root / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert browser.get("/project")["logo"] not in {first, ""}
    (browser.root / "logo.svg").unlink()
    assert browser.get("/project")["logo"] == ""


def test_settings_are_written_with_comments_kept(browser: Browser) -> None:
    browser.write(
        "metadata.yaml", "# ours\nproject_type: standalone  # kind\nqueue_config:\n  concurrency: 3\nmine: 1\n"
    )
    revision = browser.get("/settings")["revision"]
    body = {"revision": revision, "set": {"queue_config.concurrency": 5, "variables_retention_period": "90d"}}
    browser.ask("PATCH", "/settings", body)
    assert browser.file("metadata.yaml") == (
        "# ours\nproject_type: standalone  # kind\nqueue_config:\n  concurrency: 5\nmine: 1\nvariables_retention_period: 90d\n"
    )
    browser.ask("PATCH", "/settings", {"set": {"variables_retention_period": None}})
    assert "variables_retention_period" not in browser.file("metadata.yaml")
    browser.ask("PATCH", "/settings", {"revision": revision, "set": {"queue_config.concurrency": 1}}, status=409)
    for wrong in (
        {"queue_config.concurrency": "many"},
        {"nonsense": 1},
        {"project_uuid": "x"},
        {"logging_config.type": "x"},
    ):
        error = browser.ask("PATCH", "/settings", {"set": wrong}, status=422)["error"]
        assert error["hint"]


def test_the_check_finds_what_is_odd(browser: Browser) -> None:
    assert {each["code"] for each in browser.get("/check")["diagnostics"]} & {"PS001", "PS030"} == set()
    browser.write("transformers/join.py", "def f(:\n")
    found = [each for each in browser.get("/check")["diagnostics"] if each["code"] == "PS030"]
    assert (found[0]["file"], found[0]["line"], found[0]["block"]) == ("transformers/join.py", 1, "join")


def test_search_finds_names_first_then_text(browser: Browser) -> None:
    items = browser.get("/search", q="join")["items"]
    assert (items[0]["kind"], items[0]["block"]) == ("block", "join")
    assert "transformers/join.py" in [item["path"] for item in items]
    items = browser.get("/search", q="return orders")["items"]
    assert ("text", "transformers/join.py", 7) in [(item["kind"], item["path"], item["line"]) for item in items]
    assert browser.get("/search", q="  ")["items"] == []
    assert browser.get("/search", q="(((*")["items"] == []


def test_home_needs_nothing_to_have_run(tmp_path: Path, data_dir: Path) -> None:
    root = copy("good", tmp_path)
    (root / "pipelines/broken").mkdir()
    (root / "pipelines/broken/metadata.yaml").write_text("a: [\n")

    async def ask() -> Any:
        async with studio_of(root) as client:
            return (await client.get("/api/home")).raise_for_status().json()

    home = asyncio.run(ask())
    assert [(each["kind"], each["pipeline"]) for each in home["attention"]] == [("unreadable", "broken")]
    assert home["counts"]["pipelines"] == 3
    assert home["counts"]["errors"] >= 1
    assert home["recent_edits"][0]["path"] == "pipelines/broken/metadata.yaml"
    assert (home["running"], home["recent_runs"]) == ([], [])


@pytest.mark.parametrize("slip", ["project_uuid: [", "- a\n- b\n"])
def test_home_tells_that_the_projects_own_file_cannot_be_read_until_it_is_mended(
    tmp_path: Path, data_dir: Path, slip: str
) -> None:
    root = copy("good", tmp_path)
    file = root / "metadata.yaml"
    good = file.read_bytes()

    async def ask() -> list[Any]:
        seen = []
        async with studio_of(root) as client:
            for content in (good, slip.encode(), good):
                file.write_bytes(content)
                seen.append((await client.get("/api/home")).raise_for_status().json()["attention"])
        return seen

    before, broken, after = asyncio.run(ask())
    assert (before, after) == ([], [])
    (found,) = broken
    assert (found["kind"], found["pipeline"], found["file"]) == ("unreadable", "", "metadata.yaml")
    assert found["message"].startswith("no change in it counts until it can be read: ")


@contextlib.asynccontextmanager
async def studio_of(root: Path) -> AsyncIterator[httpx.AsyncClient]:
    """All of a studio, as a program with a token sees it."""
    studio = make_studio(open_workbench(root))
    app = create_app(studio)
    await studio.start()
    try:
        headers = {"Authorization": f"Bearer {app.access.new_token()}"}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:6789", headers=headers) as client:
            yield client
    finally:
        await studio.close()


@pytest.fixture(params=NAMES)
def golden(request: pytest.FixtureRequest, tmp_path: Path, data_dir: Path) -> Iterator[Browser]:
    yield from make_browser(copy(request.param, tmp_path))


def test_every_odd_project_is_shown(golden: Browser) -> None:
    listed = golden.get("/pipelines")["pipelines"]
    assert listed
    for each in listed:
        url = f"/api/pipelines/{seg(each['uuid'])}"
        detail = golden.client.get(url)
        assert detail.status_code == (422 if each["error"] else 200), detail.text[:500]
        assert golden.client.get(f"{url}/yaml").status_code in {200, 422}
        assert golden.client.get(f"{url}/export").status_code == detail.status_code
    for url in ("/project", "/settings", "/check", "/blocks", "/files", "/git/status"):
        golden.get(url)
    golden.get("/search", q="a")


def test_a_block_file_that_is_not_utf8_or_missing_leaves_the_others_alone(browser: Browser) -> None:
    (browser.root / "transformers/join.py").write_bytes(b"x = '\xe9'\n")
    (browser.root / "transformers/totals.sql").unlink()
    blocks = {block["uuid"]: block for block in browser.get("/pipelines/orders")["blocks"]}
    assert "not UTF-8: byte 0xe9 on line 1" in blocks["join"]["content_error"]
    assert "missing" in blocks["totals"]["content_error"]
    assert blocks["load_orders"]["content"]
    body = {"content": "SELECT 1\n", "revision": "seen before"}
    error = browser.ask("PUT", "/pipelines/orders/blocks/totals/content", body, status=409)["error"]
    assert "its file has been deleted or moved" in error["message"]
    assert error["details"] == {"revision": None, "content": None}
    browser.ask("PUT", "/pipelines/orders/blocks/totals/content", body | {"revision": ""})
    assert browser.block("orders", "totals")["content"] == "SELECT 1\n"
    revision = browser.block("orders", "load_orders")["content_revision"]
    browser.ask("PUT", "/pipelines/orders/blocks/load_orders/content", {"content": "x = 1\n", "revision": revision})


def test_a_file_that_goes_while_its_pipeline_is_read_is_missing(browser: Browser) -> None:
    workspace = browser.workspace
    project = workspace.project()
    reading = project.read("orders")
    (browser.root / "transformers/join.py").unlink()
    block = next(each for each in reading.pipeline.blocks if each.uuid == "join")
    shown = workspace.details.block(project, reading, block)
    assert (shown.content, shown.file, shown.content_revision) == (None, None, "")
    assert "missing" in (shown.content_error or "")


def test_the_list_of_many_pipelines_reads_only_what_has_changed(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from penstock.server.projects import index

    for number in range(200):
        browser.write(f"pipelines/many/p{number}/metadata.yaml", f"name: P {number}\ntype: python\nblocks: []\n")
    assert len(browser.get("/pipelines")["pipelines"]) == 202
    read: list[str] = []
    reading = index._read
    monkeypatch.setattr(
        index, "_read", lambda project, uuid, stamp: (read.append(uuid), reading(project, uuid, stamp))[1]
    )
    browser.get("/pipelines")
    assert read == []
    browser.write("pipelines/many/p7/metadata.yaml", "name: Seven of many\ntype: python\nblocks: []\n")
    (browser.root / "pipelines/many/p8/metadata.yaml").unlink()
    listed = {each["uuid"]: each["name"] for each in browser.get("/pipelines")["pipelines"]}
    assert read == ["many/p7"]
    assert listed["many/p7"] == "Seven of many"
    assert "many/p8" not in listed
    second = index.PipelineIndex(browser.workspace.project, browser.workspace.index._file)
    read.clear()
    assert len(second.entries()) == 201
    assert len(read) <= 1, "what was read before is kept between starts"
