"""The configuration keys of a SQL block, read once and typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.connect.sql.write import IfExists
from penstock.model.errors import SettingInvalidError, UnsupportedError

DUCKDB, POSTGRES = "duckdb", "postgres"
_PROVIDERS = {DUCKDB: DUCKDB, POSTGRES: POSTGRES, "postgresql": POSTGRES}
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0", "", "none", "null"})


@dataclass(frozen=True, slots=True)
class SqlSettings:
    """How a SQL block runs. An empty `provider` is the embedded DuckDB; `limit` bounds the output.

    That is `limit_in_pipeline_run`. Mage writes the key `limit` into every block, for what its editor shows; to keep it
    would cut the outputs of projects that run in full there.
    """

    provider: str = ""
    profile: str = ""
    schema: str = ""
    table: str = ""
    policy: IfExists = IfExists.APPEND
    raw: bool = False
    verbatim: bool = False
    limit: int | None = None
    unique_upstream: bool = False
    upstream_tables: Mapping[str, str] = field(default_factory=dict)


def read_settings(configuration: Mapping[str, Any], block: str) -> SqlSettings:
    """The settings of a block's `configuration`; keys that mean nothing here are left aside.

    Raises:
        UnsupportedError: the provider is one that this version does not run SQL on.
        SettingInvalidError: a value of the wrong type.
    """
    provider = _text(configuration, "data_provider").lower()
    if provider and provider not in _PROVIDERS:
        raise UnsupportedError(
            f"running SQL block {block}: this version does not run SQL on {provider}",
            hint="Use DuckDB or PostgreSQL, or leave data_provider empty for the embedded DuckDB.",
        )
    chosen = configuration.get("upstream_block_configuration") or {}
    tables = {
        str(uuid): str(entry["table_name"])
        for uuid, entry in (chosen.items() if isinstance(chosen, Mapping) else ())
        if isinstance(entry, Mapping) and entry.get("table_name")
    }
    return SqlSettings(
        provider=_PROVIDERS.get(provider, ""),
        profile=_text(configuration, "data_provider_profile"),
        schema=_text(configuration, "data_provider_schema"),
        table=_text(configuration, "data_provider_table"),
        policy=_policy(configuration, block),
        raw=_flag(configuration, "use_raw_sql", block),
        verbatim=_flag(configuration, "disable_query_preprocessing", block),
        limit=_whole(configuration, "limit_in_pipeline_run", block),
        unique_upstream=_flag(configuration, "unique_upstream_table_name", block),
        upstream_tables=tables,
    )


def _text(configuration: Mapping[str, Any], key: str) -> str:
    value = configuration.get(key)
    return "" if value is None else str(value).strip()


def _policy(configuration: Mapping[str, Any], block: str) -> IfExists:
    value = _text(configuration, "export_write_policy").lower() or IfExists.APPEND
    try:
        return IfExists(value)
    except ValueError:
        raise SettingInvalidError(
            f"reading export_write_policy of block {block}: {value!r} is not a policy",
            hint="Choose append, replace or fail.",
        ) from None


def _flag(configuration: Mapping[str, Any], key: str, block: str) -> bool:
    value = _text(configuration, key).lower()
    if value in _TRUE | _FALSE:
        return value in _TRUE
    raise SettingInvalidError(
        f"reading {key} of block {block}: {value!r} is not true or false", hint="Write true or false."
    )


def _whole(configuration: Mapping[str, Any], key: str, block: str) -> int | None:
    value = _text(configuration, key)
    if not value:
        return None
    try:
        number = int(float(value))
    except (ValueError, OverflowError):
        number = -1
    if number < 0:
        raise SettingInvalidError(
            f"reading {key} of block {block}: {value!r} is not a number of rows", hint="Write a whole number."
        )
    return number
