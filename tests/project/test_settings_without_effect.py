"""Settings that ask for what this version does not have are found where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.project import check_project, open_project


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("variables_dir: s3://b/x\n", [("PS007", 2, "variables_dir: it is s3://b/x, and")]),
        ("remote_variables_dir: gs://b/x\n", [("PS007", 2, "remote_variables_dir: it is gs://b/x, and")]),
        ("remote_variables_dir: s3://bucket/path_prefix\n", []),
        (
            "settings_backend:\n  prefix: x\n  backend_type: aws_secrets_manager\n",
            [("PS007", 4, "settings_backend.backend_type: it is aws_secrets_manager, and")],
        ),
        ("settings_backend: {}\nvariables_dir: ~/data\nremote_variables_dir:\n", []),
        (
            "logging_config:\n  level: nonsense\n",
            [("PS005", 3, "logging_config.level: 'nonsense' is not one of DEBUG")],
        ),
        ("logging_config: {level: warning}\n", []),
        (
            "variables_retention_period: 5 days\n",
            [("PS005", 2, "variables_retention_period: reading its value: '5 days' is not a duration")],
        ),
    ],
)
def test_settings_that_have_no_effect_are_told(text: str, told: list[tuple[str, int, str]], tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text(f"project_type: standalone\n{text}")
    found = check_project(open_project(tmp_path))
    assert [(each.code, each.location.line if each.location else 0) for each in found] == [each[:2] for each in told]
    for each, (_, _, message) in zip(found, told, strict=True):
        assert each.message.startswith(f"project {tmp_path.name}: {message}")
        assert each.hint


def test_a_level_of_logs_may_be_written_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("logging_config: {level: warning}\n")
    assert open_project(tmp_path).settings.logging_config.level == "WARNING"
