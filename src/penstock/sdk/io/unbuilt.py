"""Clients of systems that Penstock does not reach yet, in one table instead of a file per system.

Their names resolve and take their settings; the first use says in one sentence what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Self

from penstock.model.errors import UnsupportedError
from penstock.sdk.io.base import BaseFile, BaseIO, BaseSQLConnection
from penstock.sdk.io.config import BaseConfigLoader


@dataclass(frozen=True, slots=True)
class _System:
    """A system: its name, the prefixes of its keys, the module of its driver and the command that installs it."""

    name: str
    prefixes: tuple[str, ...]
    driver: str
    command: str
    base: Any = BaseIO


_AWS = ("AWS_",)
_GOOGLE = ("GOOGLE_",)
_SQL, _FILE = BaseSQLConnection, BaseFile
_PIP = "pip install "

SYSTEMS: Mapping[str, _System] = {
    "Airtable": _System("Airtable", ("AIRTABLE_",), "pyairtable", _PIP + "pyairtable"),
    "Algolia": _System("Algolia", ("ALGOLIA_",), "algoliasearch", _PIP + "algoliasearch"),
    "AzureBlobStorage": _System(
        "Azure Blob Storage", ("AZURE_",), "azure.storage.blob", _PIP + "azure-storage-blob azure-identity", _FILE
    ),
    "BackblazeB2": _System("Backblaze B2", ("B2_",), "boto3", _PIP + "boto3", _FILE),
    "BigQuery": _System("BigQuery", _GOOGLE, "google.cloud.bigquery", _PIP + "google-cloud-bigquery", _SQL),
    "Chroma": _System("Chroma", ("CHROMA_",), "chromadb", _PIP + "chromadb"),
    "ClickHouse": _System("ClickHouse", ("CLICKHOUSE_",), "clickhouse_connect", _PIP + "clickhouse-connect", _SQL),
    "Druid": _System("Druid", ("DRUID_",), "pydruid", _PIP + "pydruid", _SQL),
    "GoogleCloudStorage": _System(
        "Google Cloud Storage", _GOOGLE, "google.cloud.storage", _PIP + "google-cloud-storage", _FILE
    ),
    "GoogleSheets": _System("Google Sheets", _GOOGLE, "gspread", _PIP + "gspread"),
    "MongoDB": _System("MongoDB", ("MONGODB_",), "pymongo", _PIP + "pymongo"),
    "MSSQL": _System("SQL Server", ("MSSQL_",), "pyodbc", _PIP + "pyodbc", _SQL),
    "MySQL": _System("MySQL", ("MYSQL_",), "pymysql", _PIP + "pymysql", _SQL),
    "OracleDB": _System("Oracle", ("ORACLEDB_",), "oracledb", _PIP + "oracledb", _SQL),
    "Pinot": _System("Pinot", ("PINOT_",), "pinotdb", _PIP + "pinotdb", _SQL),
    "Qdrant": _System("Qdrant", ("QDRANT_",), "qdrant_client", _PIP + "qdrant-client"),
    "Redshift": _System("Redshift", ("REDSHIFT_", *_AWS), "redshift_connector", _PIP + "redshift-connector", _SQL),
    "S3": _System("S3", _AWS, "boto3", _PIP + "boto3", _FILE),
    "Snowflake": _System(
        "Snowflake", ("SNOWFLAKE_",), "snowflake.connector", _PIP + "snowflake-connector-python", _SQL
    ),
    "Spark": _System("Spark", ("SPARK_",), "pyspark", _PIP + "pyspark", _SQL),
    "Trino": _System("Trino", ("TRINO_",), "trino", _PIP + "trino", _SQL),
    "Weaviate": _System("Weaviate", ("WEAVIATE_",), "weaviate", _PIP + "weaviate-client"),
}
"""The systems by the name of their client's class."""

_USES = (
    "load",
    "export",
    "execute",
    "execute_queries",
    "execute_query",
    "execute_query_raw",
    "sample",
    "exists",
    "open",
    "commit",
    "rollback",
    "create_collection",
    "fetch_sheet",
    "fetch_worksheet",
    "get_column_types",
    "alter_table",
    "table_exists",
    "open_temporary_directory",
    "upload_dataframe_fast",
)


class _Unbuilt:
    """The part that the clients of the table share; `settings` holds what they were made with and is never shown."""

    system: _System

    def __init__(self, *args: Any, verbose: bool = True, **kwargs: Any) -> None:
        self.verbose = verbose
        self.arguments = args
        self.settings: dict[str, Any] = kwargs

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @classmethod
    def with_config(cls, config: BaseConfigLoader, **kwargs: Any) -> Self:
        """A client with the keys of a profile; nothing is checked before the first use."""
        return cls(config=config, **kwargs)

    @classmethod
    def with_credentials_file(cls, path_to_credentials: str, **kwargs: Any) -> Self:
        """A client whose credentials lie in a file."""
        return cls(path_to_credentials=path_to_credentials, **kwargs)

    @classmethod
    def with_credentials_object(cls, credentials: Mapping[str, str], **kwargs: Any) -> Self:
        """A client whose credentials are given."""
        return cls(credentials=credentials, **kwargs)

    @classmethod
    def with_temporary_credentials(cls, *args: Any, **kwargs: Any) -> Self:
        """A client with credentials of a short life."""
        return cls(*args, **kwargs)

    @classmethod
    def with_iam(cls, *args: Any, **kwargs: Any) -> Self:
        """A client with the identity of the machine."""
        return cls(*args, **kwargs)

    @property
    def conn(self) -> Any:
        """The driver's own connection; see `refuse`."""
        return self.refuse()

    def close(self) -> None:
        """Nothing was opened."""

    def refuse(self, *_: Any, **__: Any) -> NoReturn:
        """Say what is missing. Raises UnsupportedError."""
        system = self.system
        raise UnsupportedError(
            f"using {system.name}: this version of Penstock has no client for {system.name}",
            hint=f"Use {system.driver} itself in the block ({system.command}); docs/compatibility.md lists what works.",
        )


def client(name: str) -> Any:
    """The class of that name in `SYSTEMS`."""
    system = SYSTEMS[name]
    members: dict[str, Any] = dict.fromkeys(_USES, _Unbuilt.refuse)
    doc = f"The client of {system.name}; see `penstock.sdk.io.unbuilt`."
    return type(name, (_Unbuilt, system.base), {**members, "system": system, "__doc__": doc})
