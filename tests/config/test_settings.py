from __future__ import annotations

from typing import Any

import pytest

from penstock.config.durations import parse_duration
from penstock.config.settings import ProjectSettings, declared_keys, read_settings
from penstock.model.errors import SettingInvalidError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90d", 7_776_000), ("12h", 43_200), ("3w", 1_814_400), ("30m", 1800), ("45s", 45), (" 1.5 H ", 5400), ("0d", 0)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1y", "1d2h", "9" * 400 + "d", "1e5d", "٣d", "1000000w"])
def test_no_durations(text: str) -> None:
    with pytest.raises(SettingInvalidError, match="not a duration"):
        parse_duration(text, name="x")


def test_an_empty_file_has_the_defaults() -> None:
    settings, problems = read_settings({})
    assert (settings, problems) == (ProjectSettings(), [])
    assert settings.retry_config.max_delay == 60
    assert not settings.save_triggers_in_code


@pytest.mark.parametrize(
    "value", [None, 1, -1, 1.5, "text", "", True, [], [1], {}, {"a": 1}, float("nan"), float("inf"), 10**400, b"x"]
)
def test_any_value_at_any_key_gives_a_default_or_a_value(value: Any) -> None:
    for key, field in declared_keys():
        parts = key.split(".")
        data: Any = value
        for part in reversed(parts):
            data = {part: data}
        settings, problems = read_settings(data)
        assert all(problem.path == tuple(parts) and problem.hint for problem in problems), key
        owner: Any = settings
        for part in parts[:-1]:
            owner = getattr(owner, part)
        found = getattr(owner, parts[-1])
        default = getattr(type(owner)(), parts[-1])
        assert not problems or found == default
        assert (
            found is None or isinstance(found, type(default)) or default is None or field.metadata["kind"] == "number"
        )


def test_texts_are_trimmed_and_spellings_read() -> None:
    settings, problems = read_settings(
        {
            "project_uuid": " x ",
            "retry_config": {"retries": "3", "exponential_backoff": "false"},
            "features": {"a": "true", "b": 0},
        }
    )
    assert problems == []
    assert settings.project_uuid == "x"
    assert (settings.retry_config.retries, settings.retry_config.exponential_backoff) == (3, False)
    assert settings.features == {"a": True, "b": False}


def test_every_key_is_described() -> None:
    keys = dict(declared_keys())
    assert {"project_type", "variables_dir", "retry_config.retries", "logging_config.level"} <= set(keys)
    assert all(field.metadata["description"].endswith(".") for field in keys.values())
