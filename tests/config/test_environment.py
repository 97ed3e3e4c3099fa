from __future__ import annotations

from pathlib import Path

import pytest

from penstock.config import environment
from penstock.config.environment import VARIABLES, parse_flag, read
from penstock.config.secrets import EnvironmentSecrets, default_provider, variable_of
from penstock.model.errors import SettingInvalidError


def test_names_win_over_aliases_and_empty_counts_as_not_set() -> None:
    assert read("PENSTOCK_DATA_DIR", {}) == ""
    assert read("PENSTOCK_DATA_DIR", {"MAGE_DATA_DIR": "/mage"}) == "/mage"
    assert read("PENSTOCK_DATA_DIR", {"MAGE_DATA_DIR": "/mage", "PENSTOCK_DATA_DIR": "/ours"}) == "/ours"
    assert read("PENSTOCK_DATA_DIR", {"MAGE_DATA_DIR": "/mage", "PENSTOCK_DATA_DIR": " "}) == "/mage"
    assert read("INITIAL_METADATA", {"INITIAL_METADATA": '{"a": 1}'}) == {"a": 1}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INITIAL_METADATA", "{"),
        ("INITIAL_METADATA", "[" * 100_000),
        ("INITIAL_METADATA", "3"),
        ("PROJECT_TYPE", "other"),
        ("DYNAMIC_BLOCKS_MAX_CHILD_BLOCKS", "-1"),
        ("DYNAMIC_BLOCKS_MAX_CONCURRENT_CHILD_BLOCKS", "-2"),
    ],
)
def test_values_of_the_wrong_kind_are_one_sentence(name: str, value: str) -> None:
    with pytest.raises(SettingInvalidError) as caught:
        read(name, {name: value})
    assert name in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("TRUE", True), ("t", True), ("0", False), ("False", False), ("no", False)]
)
def test_flags(text: str, value: bool) -> None:  # noqa: FBT001
    assert parse_flag(text, name="x") is value


def test_a_flag_that_says_nothing_is_refused() -> None:
    with pytest.raises(SettingInvalidError):
        parse_flag("perhaps", name="x")


def test_names_are_declared_once_and_described() -> None:
    names = [name for variable in VARIABLES for name in (variable.name, *variable.aliases)]
    assert len(names) == len(set(names))
    assert all(variable.description.endswith(".") for variable in VARIABLES)
    with pytest.raises(KeyError):
        read("NOT_DECLARED", {})


def test_secrets_come_from_the_environment() -> None:
    values = {"PENSTOCK_SECRET_API_KEY": "a", "api_key": "b", "other": "c", "PENSTOCK_SECRET_WITH_DASH": "d"}
    secrets = EnvironmentSecrets(values.get)
    assert [secrets.get(name) for name in ("api_key", "other", "with-dash", "none", "", "a=b", "a\0b")] == [
        "a",
        "c",
        "d",
        None,
        None,
        None,
        None,
    ]


def test_the_variable_of_a_secret_is_one_that_a_shell_takes_and_that_is_read() -> None:
    assert variable_of("password-iris.2") == "PENSTOCK_SECRET_PASSWORD_IRIS_2"
    assert EnvironmentSecrets({variable_of("password-iris.2"): "x"}.get).get("password-iris.2") == "x"


def test_the_default_provider_asks_the_first_ones_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_SECRET_X", "environment")
    assert default_provider().get("x") == "environment"
    assert default_provider(EnvironmentSecrets({"x": "first"}.get)).get("x") == "first"
    assert environment.snapshot()["PENSTOCK_SECRET_X"] == "environment"


def test_every_declared_variable_is_read_somewhere() -> None:
    package = Path(environment.__file__).parents[1]
    files = [file for file in package.rglob("*.py") if file != Path(environment.__file__)]
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    # The folder of the installation has a function of its own, since its text is a path.
    read = {variable.name: f'("{variable.name}"' for variable in VARIABLES} | {"PENSTOCK_HOME": "environment.home()"}
    assert [name for name, call in read.items() if call not in source] == []
