"""The built-in templates of data exporters."""

from __future__ import annotations

from penstock.project.templates.template import EXCEL, POSTGRES, Entry, Listed

_POSTGRES_TABLE = {
    "data_provider": "postgres",
    "data_provider_profile": "default",
    "data_provider_schema": "public",
    "data_provider_table": "orders_from_sql",
    "export_write_policy": "replace",
}
_DUCKDB_TABLE = {
    "data_provider": "duckdb",
    "data_provider_profile": "default",
    "data_provider_table": "orders_from_sql",
    "export_write_policy": "replace",
}

EXPORTERS: Listed = {
    "Start": (
        Entry("empty.py", "Empty block"),
        Entry("log_summary.py", "Summary in the log"),
    ),
    "Files": (
        Entry("csv_file.py", "CSV file"),
        Entry("csv_compressed.py", "Compressed CSV file"),
        Entry("append_to_csv.py", "Append to a CSV file"),
        Entry("parquet_file.py", "Parquet file"),
        Entry("partitioned_parquet.py", "Partitioned Parquet folder"),
        Entry("json_file.py", "JSON file"),
        Entry("json_lines.py", "JSON lines file"),
        Entry("excel_file.py", "Excel file", needs=(EXCEL,)),
        Entry("xml_file.py", "XML file"),
        Entry("arrow_file.py", "Arrow (Feather) file"),
        Entry("file_per_group.py", "One file per group"),
        Entry("dated_file.py", "One file per day"),
        Entry("zip_of_all.py", "ZIP archive of all upstreams"),
        Entry("polars_parquet.py", "Parquet file with Polars"),
        Entry("sql_parquet_file.sql", "Parquet file with SQL"),
        Entry("sql_csv_file.sql", "CSV file with SQL"),
        Entry("html_report.py", "HTML report"),
        Entry("picture.py", "Chart as a picture"),
    ),
    "Web": (
        Entry("http_post.py", "Send rows to an API"),
        Entry("chat_message.py", "Message to a chat"),
        Entry("email_report.py", "E-mail with a table"),
    ),
    "Databases": (
        Entry("postgres_table.py", "PostgreSQL table", needs=(POSTGRES,)),
        Entry("postgres_append.py", "PostgreSQL: append rows", needs=(POSTGRES,)),
        Entry("postgres_upsert.py", "PostgreSQL: insert or update", needs=(POSTGRES,)),
        Entry("sql_postgres_table.sql", "PostgreSQL table with SQL", needs=(POSTGRES,), configuration=_POSTGRES_TABLE),
        Entry("duckdb_table.py", "DuckDB table"),
        Entry("sql_duckdb_table.sql", "DuckDB table with SQL", configuration=_DUCKDB_TABLE),
        Entry("sqlite_table.py", "SQLite table"),
    ),
}
