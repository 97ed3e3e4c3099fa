"""Sizes in settings."""

import pytest

from penstock.config.settings import read_settings
from penstock.config.sizes import parse_size
from penstock.model.errors import SettingInvalidError


@pytest.mark.parametrize(
    ("text", "size"),
    [("10GB", 10**10), ("1.5 MB", 1_500_000), ("2t", 2 * 10**12), ("7", 7), ("0", 0), (" 3 kb ", 3000), ("5B", 5)],
)
def test_sizes_are_read(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "1 XB", "10 days", "1e9", "2000TB", "nan"])
def test_what_is_no_size_is_told(text):
    with pytest.raises(SettingInvalidError, match="is not a size"):
        parse_size(text)


def test_a_setting_that_is_no_size_is_a_problem():
    settings, problems = read_settings({"logging_config": {"retention_size": "much"}})
    assert settings.logging_config.retention_size is None
    assert problems[0].path == ("logging_config", "retention_size")
    assert read_settings({"logging_config": {"retention_size": "5GB"}})[0].logging_config.retention_size == "5GB"
