from __future__ import annotations

from pathlib import Path

import pytest

from penstock.engine.failures import failure_of
from penstock.model.errors import QueryFailedError


def test_an_error_of_ours_shows_no_frames_of_the_standard_library(tmp_path: Path) -> None:
    code = compile("raise error", "/usr/lib/contextlib.py", "exec")
    with pytest.raises(QueryFailedError) as raised:
        exec(code, {"error": QueryFailedError("running it")})
    error = raised.value.with_traceback(raised.tb.tb_next)
    assert failure_of(error, str(tmp_path)).frames == ()
    assert failure_of(error, "/usr/lib").frames


def test_a_group_of_exceptions_says_what_is_in_it(tmp_path: Path) -> None:
    inner = ExceptionGroup("two", [KeyError("b"), ValueError("c")])
    found = failure_of(ExceptionGroup("g", [ValueError("a"), inner]), str(tmp_path))
    assert (
        found.message
        == "g (2 sub-exceptions): ValueError: a; ExceptionGroup: two (2 sub-exceptions): KeyError: 'b'; ValueError: c"
    )
    assert "    ValueError: a\n" in found.traceback
    assert "        KeyError: 'b'\n" in found.traceback
    deep: Exception = ValueError("x")
    for _ in range(2000):
        deep = ExceptionGroup("deep", [deep])
    assert len(failure_of(deep, str(tmp_path)).message) < 500


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("no_such_library", "Install the package that provides no_such_library, or correct the import."),
        ("no_such_library.core", "Install the package that provides no_such_library, or correct the import."),
        ("default_repo.utils.wrap", "There is no default_repo/utils/wrap in the project: correct the import, or add"),
        ("utils.wrap", "There is no utils/wrap in the project: correct the import, or add the file."),
        ("dbt.cli", "Install the package that provides dbt, or correct the import."),
    ],
)
def test_a_module_that_is_missing_says_where_it_should_be(name: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "utils").mkdir()
    (tmp_path / "dbt").mkdir()
    found = failure_of(ModuleNotFoundError(f"No module named '{name}'", name=name), str(tmp_path))
    assert found.hint.startswith(hint)
