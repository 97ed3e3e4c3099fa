from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from penstock.model.product import Address
from tests.data.conftest import Shelf
from tests.server.projects.conftest import Browser, seg


def test_the_list_and_a_pipeline(browser: Browser) -> None:
    pipelines = {each["uuid"]: each for each in browser.get("/pipelines")["pipelines"]}
    assert list(pipelines) == ["orders", "reports/monthly"]
    assert pipelines["orders"]["tags"] == ["shop", "daily"]
    assert pipelines["orders"]["blocks"] == len(browser.get("/pipelines/orders")["blocks"])
    assert browser.get("/pipelines/reports%2Fmonthly")["uuid"] == "reports/monthly"


def test_one_that_cannot_be_read_is_listed_with_its_error_and_the_others_go_on(browser: Browser) -> None:
    browser.write("pipelines/broken/metadata.yaml", "blocks: [\n")
    pipelines = {each["uuid"]: each for each in browser.get("/pipelines")["pipelines"]}
    assert "pipelines/broken/metadata.yaml" in pipelines["broken"]["error"]
    assert pipelines["orders"]["error"] is None
    error = browser.get("/pipelines/broken", status=422)["error"]
    assert error["location"]["file"] == "pipelines/broken/metadata.yaml"
    text = browser.get("/pipelines/broken/yaml")
    assert (text["content"], text["diagnostics"][0]["code"]) == ("blocks: [\n", "PS001")
    body = {"content": "blocks: []\n", "revision": text["revision"]}
    assert browser.ask("PUT", "/pipelines/broken/yaml", body)["diagnostics"][0]["severity"] != "error"
    assert browser.get("/pipelines")["pipelines"][0]["error"] is None


def test_yaml_that_is_none_is_not_saved_over_yaml(browser: Browser) -> None:
    before = browser.get("/pipelines/orders/yaml")
    error = browser.ask(
        "PUT", "/pipelines/orders/yaml", {"content": "a: b: c", "revision": before["revision"]}, status=422
    )["error"]
    assert error["location"]["line"] == 1
    assert browser.file("pipelines/orders/metadata.yaml") == before["content"]


def test_making_one_and_what_its_file_looks_like(browser: Browser) -> None:
    detail = browser.ask(
        "POST",
        "/pipelines",
        {"name": "Große Läufe 项目", "description": "All: of it", "tags": ["a"], "folder": "Teams/North"},
    )
    assert detail["uuid"] == "teams/north/große_läufe_项目"
    assert (detail["name"], detail["blocks"], detail["diagnostics"]) == ("Große Läufe 项目", [], [])
    assert detail["created_at"]
    browser.ask("POST", "/pipelines", {"name": "große läufe 项目", "folder": "teams/north"}, status=409)


@pytest.mark.parametrize("name", ["", "...", "con", "../x", "a\0b", "x" * 300])
def test_names_that_are_refused(browser: Browser, name: str) -> None:
    before = sorted(browser.root.rglob("*"))
    answer = browser.client.post("/api/pipelines", json={"name": name})
    if answer.status_code == 201:  # cleaned into something harmless
        assert answer.json()["uuid"] in {"x", "ab", "_x", "__x"}
    else:
        assert answer.status_code == 409
        assert sorted(browser.root.rglob("*")) == before


def test_a_pipeline_cannot_hide_others_or_lie_in_one(browser: Browser) -> None:
    assert "a folder" in browser.ask("POST", "/pipelines", {"name": "reports"}, status=409)["error"]["message"]
    error = browser.ask("POST", "/pipelines", {"name": "x", "folder": "orders"}, status=409)["error"]
    assert "orders is a pipeline" in error["message"]
    error = browser.ask("POST", "/pipelines/orders/move", {"folder": "reports/monthly"}, status=409)["error"]
    assert "is a pipeline, not a folder" in error["message"]


def test_changes_keep_comments_and_unknown_keys(browser: Browser) -> None:
    file = browser.root / "pipelines/orders/metadata.yaml"
    file.write_text("# mine\n" + file.read_text() + "state_store_config: {a: 1}  # theirs\n")
    before = file.read_text().splitlines()
    detail = browser.get("/pipelines/orders")
    browser.ask(
        "PATCH",
        "/pipelines/orders",
        {
            "revision": detail["revision"],
            "name": "Bills",
            "tags": ["x"],
            "variables": {"set": {"limit": 7, "fresh": [1, 2]}, "delete": []},
            "settings": {"run_in_one_process": True, "retry_config": {"retries": 4}},
        },
    )
    after = file.read_text().splitlines()
    assert after[0] == "# mine"
    assert "state_store_config: {a: 1}  # theirs" in after
    changed = browser.get("/pipelines/orders")
    assert changed["settings"]["run_in_one_process"] is True
    assert {each["name"]: each["value"] for each in changed["variables"]}["fresh"] == [1, 2]
    assert len(set(before) - set(after)) <= 5


def test_a_date_stays_a_date_when_it_comes_back_as_text(browser: Browser) -> None:
    before = browser.file("pipelines/orders/metadata.yaml")
    since = next(each for each in browser.get("/pipelines/orders")["variables"] if each["name"] == "since")
    assert since["type"] == "date"
    browser.ask("PATCH", "/pipelines/orders", {"variables": {"set": {"since": since["value"]}}})
    assert browser.file("pipelines/orders/metadata.yaml") == before


def test_a_change_on_a_file_that_was_not_seen_is_refused(browser: Browser) -> None:
    detail = browser.get("/pipelines/orders")
    browser.write("pipelines/orders/metadata.yaml", browser.file("pipelines/orders/metadata.yaml") + "# more\n")
    error = browser.ask("PATCH", "/pipelines/orders", {"revision": detail["revision"], "name": "x"}, status=409)[
        "error"
    ]
    assert error["details"]["content"].endswith("# more\n")
    # Without a revision the change is by meaning, and goes into the file as it is.
    browser.ask("PATCH", "/pipelines/orders", {"name": "x"})
    assert browser.file("pipelines/orders/metadata.yaml").endswith("# more\n")


def test_unknown_settings_types_and_fields_are_refused(browser: Browser) -> None:
    browser.ask("PATCH", "/pipelines/orders", {"settings": {"repo_path": "/"}}, status=409)
    browser.ask("PATCH", "/pipelines/orders", {"type": "nonsense"}, status=409)
    browser.ask("PATCH", "/pipelines/orders", {"uuid": "nonsense"}, status=422)


def test_a_copy_shares_files_or_has_its_own(browser: Browser) -> None:
    shared = browser.ask("POST", "/pipelines", {"name": "copy", "clone_of": "orders"})
    assert {block["file"] for block in shared["blocks"]} == {
        block["file"] for block in browser.get("/pipelines/orders")["blocks"]
    }
    assert shared["notes"] == ["Its triggers were not copied."]
    assert browser.block("orders", "join")["shared_with"] == ["copy"]
    own = browser.ask("POST", "/pipelines", {"name": "own", "clone_of": "orders", "own_files": True})
    files = {block["uuid"]: block["file"] for block in own["blocks"]}
    assert files["join"] == "transformers/join_own.py"
    assert files["save"] == files["save_again"] == "data_exporters/save_own.py"
    assert [block["content_error"] for block in own["blocks"]] == [None] * len(files)
    assert [block["upstream"] for block in own["blocks"]] == [block["upstream"] for block in shared["blocks"]]


def test_renaming_takes_outputs_logs_and_triggers_along(browser: Browser, data_dir: Path) -> None:
    shelf = Shelf(browser.workspace.project().store_root())
    store, ref = shelf.store, shelf.put([1, 2, 3], block="join", pipeline="orders").ref
    log = browser.workspace.project().logs_root() / "pipelines/orders/.logs/r1/run.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text("{}\n")
    browser.write("global_data_products.yaml", "gold:\n  object_type: pipeline\n  object_uuid: orders  # here\n")
    browser.write("custom/starts.py", "trigger_pipeline('orders')\n")
    detail = browser.ask("POST", "/pipelines/orders/rename", {"name": "All Orders"})
    assert (detail["uuid"], detail["name"]) == ("all_orders", "All Orders")
    assert not (browser.root / "pipelines/orders").exists()
    manifest = store.latest(Address("all_orders", "join"))
    assert manifest is not None
    assert manifest.ref.version == ref.version
    assert store.load(manifest.ref) == [1, 2, 3]
    assert store.latest(Address("orders", "join")) is None
    assert (log.parents[3] / "all_orders/.logs/r1/run.jsonl").is_file()
    assert browser.file("global_data_products.yaml").splitlines()[-1] == "  object_uuid: all_orders  # here"
    assert "custom/starts.py" in detail["notes"][0]
    assert browser.get("/pipelines")["pipelines"][0]["uuid"] == "all_orders"


def test_a_running_pipeline_is_not_renamed(browser: Browser) -> None:
    browser.workspace.running = lambda: ["orders"]
    error = browser.ask("POST", "/pipelines/orders/rename", {"name": "x"}, status=409)["error"]
    assert "it is running" in error["message"]
    assert (browser.root / "pipelines/orders").is_dir()


def test_moving_into_folders_and_back(browser: Browser) -> None:
    assert browser.ask("POST", "/pipelines/orders/move", {"folder": "Sales/EU"})["uuid"] == "sales/eu/orders"
    assert browser.ask("POST", "/pipelines/sales%2Feu%2Forders/move", {"folder": ""})["uuid"] == "orders"
    for bad in ("../..", "/etc", "..", "a/../../b"):
        detail = browser.client.post("/api/pipelines/orders/move", json={"folder": bad}).json()
        uuid = detail.get("uuid", "orders")
        assert (browser.root / "pipelines" / uuid).resolve().is_relative_to(browser.root / "pipelines")
        if uuid != "orders":
            browser.ask("POST", f"/pipelines/{seg(uuid)}/move", {"folder": ""})


def test_deleting_can_be_undone(browser: Browser) -> None:
    before = browser.file("pipelines/orders/metadata.yaml")
    gone = browser.ask("DELETE", "/pipelines/orders", delete_files=True)
    assert "transformers/join.py" in gone["paths"]
    browser.get("/pipelines/orders", status=404)
    assert [each["uuid"] for each in browser.get("/pipelines")["pipelines"]] == ["reports/monthly"]
    browser.ask("POST", f"/undo/{gone['undo']}")
    assert browser.file("pipelines/orders/metadata.yaml") == before
    assert browser.block("orders", "join")["content"]


def test_undo_does_not_overwrite_what_came_since(browser: Browser) -> None:
    gone = browser.ask("DELETE", "/pipelines/orders")
    browser.ask("POST", "/pipelines", {"name": "orders"})
    error = browser.ask("POST", f"/undo/{gone['undo']}", status=409)["error"]
    assert "pipelines/orders is there again" in error["message"]
    assert browser.get("/pipelines/orders")["blocks"] == []
    browser.ask("POST", "/undo/..%2F..%2Fx", status=404)


@pytest.mark.parametrize("keep", [True, False])
def test_export_and_import_make_the_same_pipeline(browser: Browser, *, keep: bool) -> None:
    answer = browser.client.get("/api/pipelines/orders/export", params={"keep_folders": keep})
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert ("transformers/join.py" if keep else "join.py") in names
    original = browser.get("/pipelines/orders")
    browser.ask("DELETE", "/pipelines/orders", delete_files=True)
    made = browser.client.post("/api/pipelines/import", content=answer.content)
    assert made.status_code == 201, made.text
    detail = made.json()
    assert detail["uuid"] == "orders"
    assert [block["content"] for block in detail["blocks"]] == [block["content"] for block in original["blocks"]]
    assert [block["upstream"] for block in detail["blocks"]] == [block["upstream"] for block in original["blocks"]]


def test_import_shares_equal_files_and_never_overwrites_others(browser: Browser) -> None:
    content = browser.client.get("/api/pipelines/orders/export").content
    browser.write("transformers/join.py", "# another one\n")
    made = browser.client.post("/api/pipelines/import", params={"name": "second"}, content=content).json()
    files = {block["uuid"]: block["file"] for block in made["blocks"]}
    assert files["join"] == "transformers/join_second.py"
    assert files["load_orders"] == "data_loaders/load_orders.py"
    assert browser.file("transformers/join.py") == "# another one\n"
    assert "another file here" in made["notes"][0]


def _zip(entries: dict[str, bytes], *, link: str = "") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if name == link:
                info.external_attr = 0o120777 << 16
            archive.writestr(info, data)
    return target.getvalue()


def _damaged() -> bytes:
    """A zip whose second file cannot be unpacked: its bytes are none that deflate gives."""
    data = bytearray(_zip({"metadata.yaml": b"name: x\nblocks: []\n", "custom/a.py": bytes(range(256)) * 4}))
    begin = data.index(b"custom/a.py") + len(b"custom/a.py")
    data[begin : begin + 20] = b"\xff" * 20
    return bytes(data)


def _otherwise_packed() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("metadata.yaml", "name: x\nblocks: []\n")
    return target.getvalue()


HOSTILE = {
    "damaged": _damaged(),
    "bzip2": _otherwise_packed(),
    "path out after a good one": _zip(
        {
            "metadata.yaml": b"name: x\nblocks:\n- {uuid: fine, type: custom, language: python}\n"
            b"- {uuid: ../../../evil, type: custom, language: python}\n",
            "fine.py": b"x",
            "evil.py": b"x",
        }
    ),
    "slip": _zip({"metadata.yaml": b"name: x\nblocks: []\n", "../../evil.py": b"x"}),
    "absolute": _zip({"metadata.yaml": b"name: x\nblocks: []\n", "/etc/evil": b"x"}),
    "backslash": _zip({"metadata.yaml": b"name: x\nblocks: []\n", "..\\evil.py": b"x"}),
    "link": _zip({"metadata.yaml": b"name: x\nblocks: []\n", "l": b"/etc/passwd"}, link="l"),
    "bomb": _zip({"metadata.yaml": b"name: x\nblocks: []\n", "a.py": b"\0" * (21 << 20)}),
    "no pipeline": _zip({"a.py": b"x"}),
    "no zip": b"hello",
    "empty": b"",
    "yaml tag": _zip({"metadata.yaml": b"!!python/object/apply:os.system [id]\n"}),
    "list": _zip({"metadata.yaml": b"- 1\n"}),
    "path out": _zip(
        {
            "metadata.yaml": b"name: x\nblocks:\n- {uuid: ../../../evil, type: custom, language: python}\n",
            "evil.py": b"x",
        }
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_leave_nothing(browser: Browser, name: str) -> None:
    before = sorted(browser.root.parent.rglob("*.py"))
    answer = browser.client.post("/api/pipelines/import", content=HOSTILE[name])
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["error"]["message"]
    assert sorted(browser.root.parent.rglob("*.py")) == before
    assert not (browser.root / "pipelines/x").exists()


def test_many_entries_are_refused(browser: Browser) -> None:
    data = _zip({f"{number}.txt": b"" for number in range(5001)})
    assert browser.client.post("/api/pipelines/import", content=data).status_code == 422
