"""Templates for systems that Penstock has no connector for yet.

They are listed, so that a person who looks for a system finds it and reads what is missing; their code is what runs
once the connector is there. The names are those of the clients in `penstock.sdk.io`.
"""

from __future__ import annotations

from penstock.project.templates.template import Entry, Listed, Need

_SQL = {
    "BigQuery": ("BigQuery", Need("google.cloud.bigquery", "pip install google-cloud-bigquery")),
    "Snowflake": ("Snowflake", Need("snowflake.connector", "pip install snowflake-connector-python")),
    "Redshift": ("Redshift", Need("redshift_connector", "pip install redshift-connector")),
    "MySQL": ("MySQL", Need("pymysql", "pip install pymysql")),
    "MSSQL": ("SQL Server", Need("pyodbc", "pip install pyodbc")),
    "OracleDB": ("Oracle", Need("oracledb", "pip install oracledb")),
    "ClickHouse": ("ClickHouse", Need("clickhouse_connect", "pip install clickhouse-connect")),
    "Trino": ("Trino", Need("trino", "pip install trino")),
    "Druid": ("Druid", Need("pydruid", "pip install pydruid")),
    "Pinot": ("Pinot", Need("pinotdb", "pip install pinotdb")),
}
_READ_ONLY = frozenset({"Druid", "Pinot"})
_STORES = {
    "S3": ("S3", Need("boto3", "pip install boto3")),
    "GoogleCloudStorage": ("Google Cloud Storage", Need("google.cloud.storage", "pip install google-cloud-storage")),
    "BackblazeB2": ("Backblaze B2", Need("boto3", "pip install boto3")),
}
_OTHERS = {
    "AzureBlobStorage": (
        "azure_blob",
        "Azure Blob Storage",
        Need("azure.storage.blob", "pip install azure-storage-blob azure-identity"),
    ),
    "GoogleSheets": ("google_sheet", "Google Sheets", Need("gspread", "pip install gspread")),
    "MongoDB": ("mongodb_collection", "MongoDB", Need("pymongo", "pip install pymongo")),
}


def _later(system: str) -> str:
    return f"This version has no connector for {system} yet."


def _entries(*, exporting: bool) -> tuple[Entry, ...]:
    word = "Table of" if exporting else "Query on"
    found = [
        Entry(
            "system_sql.py",
            f"{word} {name}",
            id=client.lower(),
            description=f"A table of {name}, written from a frame." if exporting else f"The rows of a query on {name}.",
            needs=(need,),
            later=_later(name),
            client=client,
        )
        for client, (name, need) in _SQL.items()
        if not (exporting and client in _READ_ONLY)
    ]
    found += [
        Entry(
            "system_object.py",
            f"File in {name}",
            id=client.lower(),
            description=f"One file in {name}.",
            needs=(need,),
            later=_later(name),
            client=client,
        )
        for client, (name, need) in _STORES.items()
    ]
    found += [Entry(f"{file}.py", name, needs=(need,), later=_later(name)) for file, name, need in _OTHERS.values()]
    return tuple(found)


SYSTEM_LOADERS: Listed = {"Other systems": _entries(exporting=False)}
SYSTEM_EXPORTERS: Listed = {"Other systems": _entries(exporting=True)}
CLIENTS = (*_SQL, *_STORES, *_OTHERS)
"""The clients that these templates use."""
