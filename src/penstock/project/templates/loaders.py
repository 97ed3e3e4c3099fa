"""The built-in templates of data loaders."""

from __future__ import annotations

from penstock.project.templates.template import EXCEL, POSTGRES, Entry, Listed

_ON_POSTGRES = {"data_provider": "postgres", "data_provider_profile": "default", "export_write_policy": "replace"}
_ON_DUCKDB = {"data_provider": "duckdb", "data_provider_profile": "default", "export_write_policy": "replace"}

LOADERS: Listed = {
    "Start": (
        Entry("empty.py", "Empty block"),
        Entry("sample_orders.py", "Sample orders"),
        Entry("rows_in_code.py", "Table written in code"),
        Entry("calendar.py", "Calendar of days"),
        Entry("random_numbers.py", "Random numbers"),
        Entry("pipeline_variables.py", "Variables of the run"),
        Entry("other_pipeline_output.py", "Output of another pipeline"),
    ),
    "Files": (
        Entry("csv_file.py", "CSV file"),
        Entry("csv_in_chunks.py", "Large CSV file in parts"),
        Entry("parquet_file.py", "Parquet file"),
        Entry("parquet_columns.py", "Parquet file: some columns and rows"),
        Entry("json_file.py", "JSON file"),
        Entry("json_lines.py", "JSON lines file"),
        Entry("excel_file.py", "Excel file", needs=(EXCEL,)),
        Entry("xml_file.py", "XML file"),
        Entry("text_lines.py", "Text or log file"),
        Entry("fixed_width_file.py", "Fixed-width file"),
        Entry("arrow_file.py", "Arrow (Feather) file"),
        Entry("zip_archive.py", "ZIP archive of CSV files"),
        Entry("folder_of_files.py", "Folder of files"),
        Entry("newest_file.py", "Newest file of a folder"),
        Entry("partitioned_dataset.py", "Partitioned Parquet folder"),
        Entry("geo_file.py", "Map data (GeoJSON, GeoPackage)"),
        Entry("polars_scan.py", "Parquet file with Polars"),
        Entry("sql_csv_file.sql", "CSV file with SQL"),
        Entry("sql_parquet_file.sql", "Parquet file with SQL"),
        Entry("sql_json_file.sql", "JSON file with SQL"),
        Entry("sql_generated_rows.sql", "Generated rows with SQL"),
    ),
    "Web": (
        Entry("http_csv.py", "CSV file on the web"),
        Entry("http_json.py", "JSON API"),
        Entry("http_with_token.py", "JSON API with a token"),
        Entry("http_pages.py", "JSON API page by page"),
        Entry("http_with_retries.py", "JSON API with retries"),
        Entry("graphql_query.py", "GraphQL query"),
        Entry("web_feed.py", "RSS feed"),
    ),
    "Databases": (
        Entry("postgres_query.py", "PostgreSQL query", needs=(POSTGRES,)),
        Entry("postgres_in_chunks.py", "PostgreSQL table in parts", needs=(POSTGRES,)),
        Entry("postgres_new_rows.py", "PostgreSQL: new rows since last time", needs=(POSTGRES,)),
        Entry("sql_postgres_query.sql", "SQL on PostgreSQL", needs=(POSTGRES,), configuration=_ON_POSTGRES),
        Entry("duckdb_query.py", "DuckDB file"),
        Entry("sql_duckdb_query.sql", "SQL on a DuckDB file", configuration=_ON_DUCKDB),
        Entry("sqlite_query.py", "SQLite file"),
    ),
}
