"""Imports of project files in one process: fresh, by every name, and gone afterwards."""

from __future__ import annotations

import hashlib
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.engine.project_code import ProjectCode


@pytest.fixture
def code(tmp_path: Path) -> Iterator[ProjectCode]:
    project = tmp_path / "shop"
    (project / "lib").mkdir(parents=True)
    (project / "lib" / "prices.py").write_text("VALUE = 1\n")
    before = sys.dont_write_bytecode
    code = ProjectCode(str(project))
    code.install()
    yield code
    code.uninstall()
    sys.dont_write_bytecode = before


def test_every_name_and_the_digest_of_what_was_read(code: ProjectCode) -> None:
    file = Path(code.root) / "lib" / "prices.py"
    for name in ("shop.lib.prices", "default_repo.lib.prices", "lib.prices"):
        assert importlib.import_module(name).VALUE == 1
    assert code.digests == {str(file): hashlib.sha256(b"VALUE = 1\n").hexdigest()}


def test_forgetting_reads_again_what_changed(code: ProjectCode) -> None:
    assert importlib.import_module("shop.lib.prices").VALUE == 1
    (Path(code.root) / "lib" / "prices.py").write_text("VALUE = 2\n")
    (Path(code.root) / "lib" / "fresh.py").write_text("VALUE = 3\n")
    code.forget()
    assert importlib.import_module("shop.lib.prices").VALUE == 2
    assert importlib.import_module("shop.lib.fresh").VALUE == 3


def test_forgetting_once_more_reads_again_what_changed(code: ProjectCode) -> None:
    for value in "234":
        (Path(code.root) / "lib" / f"fresh_{value}.py").write_text(f"VALUE = {value}\n")
        assert int(value) == importlib.import_module(f"shop.lib.fresh_{value}").VALUE
        code.forget()
        assert not [path for path in sys.path_importer_cache if path.startswith(code.root)]
        code.forget()


def test_an_installed_package_goes_before_a_folder_of_the_project(code: ProjectCode) -> None:
    (Path(code.root) / "msgspec").mkdir()
    (Path(code.root) / "msgspec" / "__init__.py").write_text("")
    assert not str(importlib.import_module("msgspec").__file__).startswith(code.root)


def test_uninstalling_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    before = (list(sys.path), list(sys.meta_path), list(sys.path_hooks))
    code = ProjectCode(str(tmp_path / "p"))
    code.install()
    (tmp_path / "p" / "only_here.py").write_text("")
    importlib.import_module("only_here")
    code.uninstall()
    assert (list(sys.path), list(sys.meta_path), list(sys.path_hooks)) == before
    assert "only_here" not in sys.modules


def test_uninstalling_takes_back_what_code_has_left_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p").mkdir()
    before = (list(sys.path), list(sys.meta_path), list(sys.path_hooks))
    code = ProjectCode(str(tmp_path / "p"))
    code.install()
    monkeypatch.setattr(sys, "path", before[0])
    sys.meta_path[:], sys.path_hooks[:] = before[1], before[2]
    code.uninstall()
    assert (sys.path, sys.meta_path, sys.path_hooks) == before


def test_an_environment_inside_the_project_is_not_its_code(code: ProjectCode, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Path(code.root) / ".venv" / "lib" / "site-packages"
    site.mkdir(parents=True)
    (site / "bundled.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(site))
    importlib.import_module("bundled")
    code.forget()
    assert "bundled" in sys.modules
    assert not code.digests
    del sys.modules["bundled"]


def test_a_project_that_was_renamed_answers_to_its_former_name(tmp_path: Path) -> None:
    project = tmp_path / "owner+flights"
    (project / "utils").mkdir(parents=True)
    (project / "utils" / "dates.py").write_text("from flights.utils.words import WORD\nDAY = WORD + 'day'\n")
    (project / "utils" / "words.py").write_text("WORD = 'to'\n")
    block = project / "block.py"
    block.write_text(
        "from flights.utils.dates import DAY\nfrom default_repo.flights.utils.dates import DAY as same\n"
        "assert DAY == same == 'today'\n"
    )
    run_fresh(project, block)


def test_a_project_inside_of_a_package_finds_the_package(tmp_path: Path) -> None:
    project = tmp_path / "platform" / "unit_3"
    (project / "blocks").mkdir(parents=True)
    shared = project.parent / "utils"
    shared.mkdir()
    (shared / "words.py").write_text("WORD = 'shared'\n")
    block = project / "blocks" / "block.py"
    block.write_text("from platform_of_units.utils.words import WORD\nassert WORD == 'shared'\n")
    project.parent.rename(tmp_path / "platform_of_units")
    project = tmp_path / "platform_of_units" / "unit_3"
    run_fresh(project, project / "blocks" / "block.py")


def test_a_package_that_is_missing_stays_missing(tmp_path: Path) -> None:
    project = tmp_path / "p"
    (project / "utils").mkdir(parents=True)
    block = project / "block.py"
    block.write_text(
        "import pytest\n"
        "for code in ('import no_such_package', 'from no_such_package import utils_of_it',"
        " 'import no_such_package.core', 'from default_repo.gone import x'):\n"
        "    with pytest.raises(ModuleNotFoundError):\n        exec(code)\n"
        "with pytest.raises(ModuleNotFoundError):\n    import no_such_package.core\n"
    )
    run_fresh(project, block)


def run_fresh(project: Path, block: Path) -> None:
    """Execute the block file in an interpreter of its own, with the project's import path."""
    code = (
        "import sys\nfrom penstock.engine.project_code import ProjectCode\n"
        "ProjectCode(sys.argv[1]).install()\n"
        "exec(compile(open(sys.argv[2]).read(), sys.argv[2], 'exec'), {'__name__': 'block'})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(project), str(block)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
