# ruff: noqa: FBT001, FBT002 - signatures that block code was written for
"""What all clients share: names of systems, formats and policies, and the base classes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from penstock.connect.sql.system import ROW_CAP
from penstock.connect.sql.write import IfExists as ExportWritePolicy

if TYPE_CHECKING:
    import pandas as pd

    from penstock.sdk.io.config import BaseConfigLoader

QUERY_ROW_LIMIT = ROW_CAP
"""No query brings more rows than this."""

__all__ = [
    "QUERY_ROW_LIMIT",
    "BaseFile",
    "BaseIO",
    "BaseSQLConnection",
    "BaseSQLDatabase",
    "DataSource",
    "ExportWritePolicy",
    "FileFormat",
]


class DataSource(StrEnum):
    """The systems, as configuration files spell them."""

    AIRTABLE = "airtable"
    ALGOLIA = "algolia"
    API = "api"
    BIGQUERY = "bigquery"
    CHROMA = "chroma"
    CLICKHOUSE = "clickhouse"
    DRUID = "druid"
    DUCKDB = "duckdb"
    FILE = "file"
    GOOGLE_CLOUD_STORAGE = "google_cloud_storage"
    GOOGLE_SHEETS = "google_sheets"
    KAFKA = "kafka"
    MYSQL = "mysql"
    MSSQL = "sqlserver"
    OPENSEARCH = "opensearch"
    PINOT = "pinot"
    POSTGRES = "postgres"
    QDRANT = "qdrant"
    REDSHIFT = "redshift"
    S3 = "s3"
    SNOWFLAKE = "snowflake"
    SPARK = "spark"
    TRINO = "trino"
    WEAVIATE = "weaviate"


class FileFormat(StrEnum):
    """The formats of files."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    HDF5 = "hdf5"
    XML = "xml"
    EXCEL = "excel"


class BaseIO(ABC):
    """A client that loads and exports frames; `verbose` prints a line about each."""

    def __init__(self, verbose: bool = False) -> None:
        self.verbose = verbose

    @classmethod
    @abstractmethod
    def with_config(cls, config: BaseConfigLoader, **kwargs: Any) -> Self:
        """A client whose settings come from a profile."""

    @abstractmethod
    def load(self, *args: Any, **kwargs: Any) -> pd.DataFrame:
        """Read a frame."""

    @abstractmethod
    def export(self, *args: Any, **kwargs: Any) -> None:
        """Write a frame."""

    def tell(self, message: str) -> None:
        """Print something that the user should know, whatever `verbose` says."""
        print(message, flush=True)  # noqa: T201 - what a block prints is captured as its log

    def told(self, message: str) -> None:
        """Print what is being done, when `verbose`."""
        if self.verbose:
            self.tell(message)


class BaseFile(BaseIO):
    """A client of files."""


class BaseSQLDatabase(BaseIO):
    """A client that runs statements."""

    @abstractmethod
    def execute(self, query_string: str, **kwargs: Any) -> None:
        """Run statements whose rows are not wanted."""

    @abstractmethod
    def sample(self, schema: str, table: str, size: int = QUERY_ROW_LIMIT, **kwargs: Any) -> pd.DataFrame:
        """The first rows of a table."""


class BaseSQLConnection(BaseSQLDatabase):
    """A client with a connection; as a context manager it opens and closes it."""

    @abstractmethod
    def open(self) -> None:
        """Connect."""

    @abstractmethod
    def close(self) -> None:
        """Disconnect; what was not committed is undone."""

    @property
    @abstractmethod
    def conn(self) -> Any:
        """The driver's own connection."""

    @abstractmethod
    def commit(self) -> None:
        """Make what was done durable."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo what was not committed."""

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
