"""Base classes of the clients."""

from penstock.sdk.io.base import (
    QUERY_ROW_LIMIT,
    BaseFile,
    BaseIO,
    BaseSQLConnection,
    BaseSQLDatabase,
    DataSource,
    ExportWritePolicy,
    FileFormat,
)

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
