"""The documentation says what is there: reference pages, features and links."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.cli.exits import Exit
from penstock.cli.main import COMMANDS
from penstock.config.environment import VARIABLES
from penstock.config.settings import declared_keys
from penstock.model.errors import every_error
from penstock.server.answers import ROUTER_CODES
from tests.architecture.source_tree import ROOT, dotted, source_files

DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "demo").rglob("*.md")])


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_reference_pages_are_those_of_the_code() -> None:
    done = subprocess.run(
        [sys.executable, "tools/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_error_has_an_entry() -> None:
    text = page("reference/errors.md")
    assert [error.code for error in every_error() if f"| `{error.code}` | `{error.__name__}` |" not in text] == []


def test_every_answer_of_the_server_alone_has_an_entry_and_one_status() -> None:
    answered = set()
    for file in source_files():
        constants = {
            node.targets[0].id: node.value.value
            for node in file.tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Call) and dotted(node.func) == "HttpError":
                status, code = (constants[arg.id] if isinstance(arg, ast.Name) else arg.value for arg in node.args[:2])
                answered.add((code, status))
    assert answered == {(code, status) for code, (status, _) in ROUTER_CODES.items()}
    text = page("reference/errors.md")
    assert [code for code in ROUTER_CODES if f"| `{code}` |" not in text] == []


def test_every_command_and_exit_code_has_an_entry() -> None:
    text = page("reference/commands.md")
    assert [name for name in COMMANDS if f"## `penstock {name}`" not in text] == []
    assert [
        code for code in Exit if not re.search(rf"^\| {int(code)} \| {code.name.lower()} \| .+ \|$", text, re.MULTILINE)
    ] == []


def test_every_environment_variable_and_setting_has_an_entry() -> None:
    text = page("reference/environment.md")
    assert [item.name for item in VARIABLES if f"| `{item.name}` |" not in text] == []
    text = page("reference/settings.md")
    assert [name for name, _ in declared_keys() if f"| `{name}` |" not in text] == []


def test_every_rule_has_an_entry() -> None:
    from penstock.project import check_project  # noqa: F401 - it imports every module of rules
    from penstock.project.rules.base import every_rule

    text = page("reference/check-rules.md")
    assert [rule.code for rule in every_rule() if f"| `{rule.code}` |" not in text] == []


def functions(file: Path) -> set[str]:
    return {
        node.name for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
    }


def test_every_feature_is_proved_by_a_test_that_exists() -> None:
    rows = re.findall(
        r"^\| (?!feature|-)(.+?) \| (works|partly|planned) \| (.*?) \|$", page("features.md"), re.MULTILINE
    )
    assert len(rows) >= 20
    for feature, state, proof in rows:
        tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", proof)
        assert tests or state == "planned", f"{feature}: no test is named"
        for name, function in tests:
            assert (ROOT / name).is_file(), f"{feature}: {name} is not there"
            assert function in functions(ROOT / name), f"{feature}: {name} has no {function}"


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(file: Path) -> None:
    found = re.findall(r"\]\((?!https?://|mailto:|#)([^)#\s]+)", file.read_text(encoding="utf-8"))
    assert [target for target in found if not (file.parent / target).exists()] == []


def anchors(file: Path) -> set[str]:
    """What headings of a page can be linked to by, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_links_into_a_page_lead_to_a_heading(file: Path) -> None:
    found = re.findall(r"\]\((?!https?://|mailto:)([^)#\s]*)#([^)\s]+)\)", file.read_text(encoding="utf-8"))
    pages = [(file.parent / target if target else file, anchor) for target, anchor in found]
    assert [
        f"{page.name}#{anchor}" for page, anchor in pages if page.suffix == ".md" and anchor not in anchors(page)
    ] == []


def test_every_decision_is_listed() -> None:
    records = sorted((DOCS / "adr").glob("0*.md"))
    assert len(records) >= 5
    listed = page("adr/README.md")
    assert [record.name for record in records if record.name not in listed] == []
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert re.search(r"^## (Context|Decision|Consequences)", text, re.MULTILINE), record.name
