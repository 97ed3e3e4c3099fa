"""Profiles of io_config.yaml: both formats, templates, and everything odd that real files hold."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from penstock.config.templates import project_functions, render
from penstock.connect.profiles import Profile, parse_profiles, read_profile
from penstock.model.errors import (
    FileInvalidError,
    PenstockError,
    ProfileInvalidError,
    SecretMissingError,
    TemplateError,
)


class Secrets:
    """One secret."""

    def get(self, name: str) -> str | None:
        if name == "refused":
            raise SecretMissingError("reading the secret refused: no provider has it")
        return {"password": "p\"a: \\s's#{x}"}.get(name)


def read(text: str, environment: Mapping[str, str] | None = None) -> dict[str, Profile]:
    functions = project_functions(Secrets(), lookup=(environment or {}).get)
    return parse_profiles(text, lambda template: render(template, {}, functions=functions, strict=False), "io.yaml")


def test_flat_keys_and_keys_of_the_user() -> None:
    profiles = read("version: 0.1.1\ndefault:\n  POSTGRES_PORT: 5432\n  MINE: [1, {a: b}]\nother: {}\n")
    assert list(profiles) == ["default", "other"]
    default = profiles["default"]
    assert (default["POSTGRES_PORT"], default["MINE"], "X" in default, default.get("X")) == (
        5432,
        [1, {"a": "b"}],
        False,
        None,
    )
    with pytest.raises(KeyError):
        default["X"]


def test_the_last_of_two_keys_counts() -> None:
    profiles = read("default:\n  A: 1\n  A: 2\ndefault:\n  A: 3\n  B: 1\n")
    assert dict(profiles["default"]) == {"A": 3, "B": 1}


def test_templates_are_rendered_when_they_are_asked_for() -> None:
    text = (
        'default:\n  A: "{{ env_var(\'A\') }}"\n  BAD: "{{ mage_secret_var(\'refused\') }}"\n  WORSE: "{{ 1 / 0 }}"\n'
    )
    default = read(text, {"A": "x"})["default"]
    assert default["A"] == "x"
    assert "BAD" in default
    with pytest.raises(SecretMissingError, match=r"reading BAD of profile default of io.yaml: reading the secret"):
        default["BAD"]
    with pytest.raises(TemplateError, match="reading WORSE of profile default"):
        default["WORSE"]


def test_a_plain_value_takes_the_type_of_its_text_and_a_quoted_one_is_text() -> None:
    text = "default:\n  PORT: {{ env_var('P') }}\n  QUOTED: '{{ env_var(\"P\") }}'\n  MIX: db-{{ env_var('P') }}.x\n  KEY: {{ env_var('J') }}\n"
    default = read(text, {"P": "5432", "J": '{"type": "x"}'})["default"]
    assert dict(default) == {"PORT": 5432, "QUOTED": "5432", "MIX": "db-5432.x", "KEY": {"type": "x"}}


def test_a_secret_of_any_characters_arrives_whole() -> None:
    default = read(
        "default:\n  P: \"{{ mage_secret_var('password') }}\"\n  Q:   \"x{{mage_secret_var('password')}}\"\n"
    )["default"]
    assert (default["P"], default["Q"]) == ("p\"a: \\s's#{x}", "xp\"a: \\s's#{x}")


def test_what_is_not_set_is_no_value() -> None:
    default = read(
        "default:\n  A: \"{{ env_var('NOPE') }}\"\n  B: {{ env_var('NOPE') }}\n  C: \"{{ env_var('NOPE', 'd') }}\"\n"
    )["default"]
    assert (default["A"], default["B"], default["C"]) == (None, None, "d")
    with pytest.raises(ProfileInvalidError, match="A is missing or empty"):
        default.need("A")


def test_templates_inside_comments_maps_and_lists() -> None:
    text = "default: # {{ nope( }} {# x #}\n  M:\n    k: [\"{{ env_var('A') }}\", 2]\n"
    assert read(text, {"A": "x"})["default"]["M"] == {"k": ["x", 2]}


def test_conditions_shape_the_file() -> None:
    text = "default:\n{% if env_var('A') == 'x' %}\n  K: 1\n{% else %}\n  K: 2\n{% endif %}\n"
    assert dict(read(text, {"A": "x"})["default"]) == {"K": 1}


def test_the_format_with_sections() -> None:
    text = """
    v:
      PostgreSQL: {database: d, host: h, port: 5, user: u, password: "{{ mage_secret_var('password') }}", schema: s}
      Duck DB: {database: dd}
      Snowflake: {account: a, default_wh: w}
      AWS: {access_key_id: k, Redshift: {database: rd, user: ru, cluster_id: ci}}
      BigQuery: {credentials_mapping: {a: 1}, path_to_credentials: p}
      Backblaze B2: {application_key: b}
      trino: {host: th}
      MINE: 3
    """
    profile = read(text)["v"]
    expected = {
        "POSTGRES_DBNAME": "d",
        "POSTGRES_HOST": "h",
        "POSTGRES_PORT": 5,
        "POSTGRES_PASSWORD": "p\"a: \\s's#{x}",
        "DUCKDB_DATABASE": "dd",
        "SNOWFLAKE_DEFAULT_WH": "w",
        "AWS_ACCESS_KEY_ID": "k",
        "REDSHIFT_DBNAME": "rd",
        "REDSHIFT_TEMP_CRED_USER": "ru",
        "REDSHIFT_CLUSTER_ID": "ci",
        "GOOGLE_SERVICE_ACC_KEY": {"a": 1},
        "GOOGLE_SERVICE_ACC_KEY_FILEPATH": "p",
        "B2_APPLICATION_KEY": "b",
        "TRINO_HOST": "th",
        "MINE": 3,
    }
    assert {key: profile[key] for key in expected} == expected
    assert profile.nested
    assert "POSTGRES_CONNECT_TIMEOUT" not in profile


def test_a_missing_profile_names_those_that_exist(tmp_path: Path) -> None:
    file = tmp_path / "io_config.yaml"
    file.write_text("version: 0.1.1\ndefault:\nprod:\n  A: 1\ntext: not a profile\n", encoding="utf-8")
    assert dict(read_profile(str(file), "default", str)) == {}
    with pytest.raises(
        ProfileInvalidError, match=r"reading profile dev of .*: no such profile; the file has: default, prod"
    ):
        read_profile(str(file), "dev", str)
    with pytest.raises(ProfileInvalidError, match="the file does not exist"):
        read_profile(str(tmp_path / "nope.yaml"), "default", str)
    with pytest.raises(ProfileInvalidError):
        read_profile(str(tmp_path), "default", str)


@pytest.mark.parametrize(
    "text", ["a: [", "- 1", "default: !!python/object/apply:os.system ['x']", "\tx: 1", "a: 2024-99-99"]
)
def test_what_is_no_map_of_profiles_is_an_error_with_a_place(text: str) -> None:
    with pytest.raises(FileInvalidError, match=r"io.yaml"):
        read(text)


def test_other_encodings_and_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "io_config.yaml"
    file.write_bytes("\ufeffdefault:\r\n  K: żółw\r\n".encode())
    assert read_profile(str(file), "default", str)["K"] == "żółw"
    file.write_bytes(b"default: \xff\xfe")
    with pytest.raises(ProfileInvalidError, match="not UTF-8"):
        read_profile(str(file), "default", str)
    file.write_bytes(b"")
    with pytest.raises(ProfileInvalidError, match="the file has: none"):
        read_profile(str(file), "default", str)


def test_a_pipe_in_the_place_of_the_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "io_config.yaml"
    os.mkfifo(file)
    with pytest.raises(ProfileInvalidError, match=r"reading the profiles of .*: it is not a regular file") as caught:
        read_profile(str(file), "default", str)
    assert caught.value.hint


def test_values_are_in_no_repr_and_no_error() -> None:
    text = "default:\n  PASSWORD: hunter2\n  OTHER: \"{{ 'hunter2'.nope.nope }}\"\n"
    default = read(text)["default"]
    told = [repr(default), str(default), repr(read(text)), f"{default.values()!r}"[:0]]
    with pytest.raises(PenstockError) as caught:
        default["OTHER"]
    told.append(str(caught.value))
    assert not any("hunter2" in one for one in told)


def test_a_map_of_references_to_itself_many_times_over_is_read() -> None:
    lines = ["default:", "  a0: &a0 [x, x]", *(f"  a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40))]
    assert read("\n".join(lines))["default"]["a39"][1][1] is not None
