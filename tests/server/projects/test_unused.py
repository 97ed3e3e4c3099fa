from __future__ import annotations

import os

import pytest

from penstock.project.text_file import read_bytes
from penstock.server.projects import unused
from tests.server.projects.conftest import Browser

LOADER = "@data_loader\ndef load():\n    return 1\n"


def _listed(browser: Browser) -> list[str]:
    return [file["path"] for file in browser.get("/files/unused")["files"]]


def test_files_of_blocks_that_no_pipeline_uses_are_listed(browser: Browser) -> None:
    assert _listed(browser) == []
    browser.write("data_loaders/old.py", LOADER)
    browser.write("data_loaders/deep/older.sql", "select 1\n")
    browser.write("scratchpads/ideas.py", "1 + 1\n")
    browser.write("charts/curve.py", "x = 1\n")
    answer = browser.get("/files/unused")
    assert (answer["unread"], answer["withheld"]) == ([], 0)
    assert [file["path"] for file in answer["files"]] == sorted(file["path"] for file in answer["files"])
    browser.write("custom/last.py", "x = 1\n")
    assert _listed(browser)[1] == "custom/last.py"
    assert {file["path"]: (file["type"], file["language"]) for file in answer["files"]} == {
        "charts/curve.py": ("chart", "python"),
        "data_loaders/deep/older.sql": ("data_loader", "sql"),
        "data_loaders/old.py": ("data_loader", "python"),
        "scratchpads/ideas.py": ("scratchpad", "python"),
    }
    old = next(file for file in answer["files"] if file["path"] == "data_loaders/old.py")
    assert old["size"] == len(LOADER)
    assert old["modified"] == pytest.approx((browser.root / "data_loaders/old.py").stat().st_mtime)


def test_what_is_no_block_file_is_not_listed(browser: Browser) -> None:
    for path in (
        *("utils/old.py", "interactions/old.yaml", "dbt/models/old.sql", "extensions/old.py", "notes/old.py"),
        *("transformers/__init__.py", "transformers/_shared.py", "transformers/old.csv", "transformers/.old.py"),
    ):
        browser.write(path, "x = 1\n")
    assert _listed(browser) == []


def test_a_block_that_leaves_its_pipeline_leaves_its_file_unused_and_comes_back(browser: Browser) -> None:
    gone = browser.ask("DELETE", "/pipelines/orders/blocks/tell", keep_file=True)
    assert _listed(browser) == ["callbacks/tell.py"]
    browser.ask("POST", f"/undo/{gone['undo']}")
    assert _listed(browser) == []


def test_a_module_that_another_file_imports_or_names_is_used(browser: Browser) -> None:
    browser.write("transformers/shared.py", "def clean(x):\n    return x\n")
    browser.write("transformers/cities.sql", "select 1\n")
    browser.write("transformers/lonely.py", "from transformers.lonely import x\n")
    assert _listed(browser) == ["transformers/cities.sql", "transformers/lonely.py", "transformers/shared.py"]
    browser.write("utils/money.py", "from good.transformers.shared import clean\nopen('transformers/cities.sql')\n")
    assert _listed(browser) == ["transformers/lonely.py"]
    browser.write("utils/money.py", "# nothing of it any more\n")
    assert _listed(browser) == ["transformers/cities.sql", "transformers/lonely.py", "transformers/shared.py"]


def test_what_a_broken_pipeline_may_use_is_not_called_unused(browser: Browser) -> None:
    browser.write("transformers/spare.py", "x = 1\n")
    file = browser.root / "pipelines/orders/metadata.yaml"
    file.write_text("{[ broken\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    answer = browser.get("/files/unused")
    assert [one["path"] for one in answer["files"]] == ["transformers/spare.py"]
    assert answer["unread"] == ["pipelines/orders/metadata.yaml"]
    assert answer["withheld"] > 3


def test_a_pipeline_without_a_text_may_use_everything(browser: Browser) -> None:
    browser.write("transformers/spare.py", "x = 1\n")
    file = browser.root / "pipelines/orders/metadata.yaml"
    file.unlink()
    file.symlink_to(file)
    answer = browser.get("/files/unused")
    assert (answer["files"], answer["unread"]) == ([], ["pipelines/orders/metadata.yaml"])
    assert answer["withheld"] > 3


def test_the_file_of_a_block_whose_type_is_not_known_is_not_called_unused(browser: Browser) -> None:
    browser.write("custom/of_tomorrow.py", "x = 1\n")
    assert _listed(browser) == ["custom/of_tomorrow.py"]
    blocks = "blocks:\n- uuid: of_tomorrow\n  type: prophecy\n"
    browser.write("pipelines/later/metadata.yaml", f"name: later\nuuid: later\ntype: python\n{blocks}")
    answer = browser.get("/files/unused")
    assert (answer["files"], answer["unread"], answer["withheld"]) == ([], [], 1)


def test_code_that_cannot_be_read_may_use_everything(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.write("transformers/spare.py", "x = 1\n")
    largest = max(path.stat().st_size for path in browser.root.rglob("*") if path.is_file())
    browser.write("utils/long.py", "#" * (largest + 1))
    monkeypatch.setattr(unused, "LARGEST", largest)
    answer = browser.get("/files/unused")
    assert (answer["files"], answer["unread"], answer["withheld"]) == ([], ["utils/long.py"], 1)


def test_what_is_no_regular_file_is_not_waited_for(browser: Browser) -> None:
    browser.write("transformers/spare.py", "x = 1\n")
    os.mkfifo(browser.root / "utils" / "pipe.py")
    os.mkfifo(browser.root / "pipelines" / "triggers.yaml")
    answer = browser.get("/files/unused")
    assert (answer["files"], answer["unread"]) == ([], ["pipelines/triggers.yaml", "utils/pipe.py"])


def test_of_a_project_that_is_too_large_nothing_is_called_unused(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.write("transformers/spare.py", "x = 1\n")
    monkeypatch.setattr(unused, "MOST_FILES", 3)
    assert browser.get("/files/unused") == {"files": [], "unread": [], "withheld": 1}


def test_a_text_is_read_again_when_it_has_changed_only(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.get("/files/unused")
    read: list[str] = []
    monkeypatch.setattr(unused, "read_bytes", lambda path: (read.append(path.name), read_bytes(path))[1])
    browser.get("/files/unused")
    assert read == []
    browser.write("utils/money.py", "# new\n")
    browser.get("/files/unused")
    assert read == ["money.py"]


def test_several_are_deleted_and_come_back(browser: Browser) -> None:
    browser.write("data_loaders/old.py", LOADER)
    os.utime(browser.root / "data_loaders/old.py", (0, 0))
    gone = browser.ask("DELETE", "/files", path="data_loaders/old.py")
    assert _listed(browser) == []
    browser.ask("POST", f"/undo/{gone['undo']}")
    assert browser.get("/files/unused")["files"][0]["modified"] == 0
