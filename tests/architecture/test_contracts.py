"""The import contracts of pyproject.toml cover every package, and nothing is excepted from them."""

from __future__ import annotations

import re
import tomllib

from tests.architecture.source_tree import PACKAGE, ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def test_nothing_is_ignored() -> None:
    forbidden = {"ignore_imports", "skip_descendants", "allow_indirect_imports"}
    assert [contract["name"] for contract in CONTRACTS if forbidden & set(contract)] == []


def test_every_package_has_its_layer() -> None:
    layers = next(contract for contract in CONTRACTS if contract["type"] == "layers")
    named = set(re.findall(r"\w+", " ".join(layers["layers"])))
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages <= named
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert modules <= set(layers["exhaustive_ignores"])


def test_the_layers_are_those_of_the_architecture_page() -> None:
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    arrows = re.search(r"^cli > .*$", page, re.MULTILINE)
    assert arrows
    layers = next(contract for contract in CONTRACTS if contract["type"] == "layers")["layers"]
    plain = [re.sub(r"[()\s]", "", layer) for layer in layers]
    assert [re.sub(r"[()\s]", "", part) for part in arrows.group().split(">")] == plain


def test_the_architecture_page_says_which_packages_are_there() -> None:
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^    (\w+)/ +(\(to come\))?", page, re.MULTILINE))
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {name for name, to_come in listed.items() if not to_come} == packages
