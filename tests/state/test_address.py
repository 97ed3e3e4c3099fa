"""Where the state is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.model.errors import SettingInvalidError
from penstock.state.address import is_there, parsed, shown, state_url

DATA = Path("/data/my project?#%")


def test_a_file_in_the_data_folder_by_default() -> None:
    assert parsed(state_url(DATA, {})).database == str(DATA / "state.db")
    assert shown(parsed(state_url(DATA, {}))) == str(DATA / "state.db")


def test_ours_wins_over_mages_and_both_over_parts() -> None:
    parts = {"DB_USER": "me", "DB_PASS": "a@b/c", "DB_HOST": "db", "DB_NAME": "state"}
    url = parsed(state_url(DATA, parts))
    assert (url.username, url.password, url.host, url.port, url.database) == ("me", "a@b/c", "db", 5432, "state")
    assert parsed(state_url(DATA, {**parts, "DB_PORT": "6000"})).port == 6000
    mage = {**parts, "MAGE_DATABASE_CONNECTION_URL": "postgresql+psycopg2://u:p@h/mage"}
    assert parsed(state_url(DATA, mage)).drivername == "postgresql+psycopg"
    assert parsed(state_url(DATA, mage)).database == "mage"
    ours = {**mage, "PENSTOCK_DATABASE_URL": "sqlite:////tmp/x.db"}
    assert parsed(state_url(DATA, ours)).database == "/tmp/x.db"
    assert parsed(state_url(DATA, {"DB_USER": "me", "DB_HOST": "db", "DB_NAME": "x"})).get_backend_name() == "sqlite"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+asyncpg"])
def test_every_way_to_write_postgres(scheme: str) -> None:
    assert parsed(f" {scheme}://u:p@h:1/d?sslmode=require ").drivername == "postgresql+psycopg"


def test_a_password_is_never_shown() -> None:
    url = parsed("postgresql://u:secret@h:1/d?password=other")
    assert shown(url) == "postgresql+psycopg://u:***@h:1/d"


def test_a_file_is_named_from_where_the_process_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parsed("sqlite:///here.db").database == str(tmp_path / "here.db")
    assert not is_there("sqlite:///here.db")
    (tmp_path / "here.db").touch()
    assert is_there("sqlite:///here.db")
    assert is_there("postgresql://h/d")


def test_a_wrong_port_is_told() -> None:
    parts = {"DB_USER": "me", "DB_PASS": "x", "DB_HOST": "db", "DB_NAME": "state", "DB_PORT": "many"}
    with pytest.raises(SettingInvalidError, match="DB_PORT"):
        state_url(DATA, parts)
