"""The built-in templates of transformers."""

from __future__ import annotations

from penstock.project.templates.template import POSTGRES, Entry, Listed

_ON_POSTGRES = {"data_provider": "postgres", "data_provider_profile": "default", "export_write_policy": "replace"}
_ON_DUCKDB = {"data_provider": "duckdb", "data_provider_profile": "default", "export_write_policy": "replace"}


def _group_value(word: str, function: str, name: str, column: str = "price") -> Entry:
    """An entry of the aggregates that become a column."""
    return Entry(
        "add_group_value.py",
        f"Add each group's {word}",
        id=f"add_group_{name}",
        description=f"Every row gets the {word} of its group as one more column; the rows stay as many as they were.",
        values={"FUNCTION": function, "COLUMN": column, "NAME": f"country_{name}"},
    )


TRANSFORMERS: Listed = {
    "Start": (Entry("empty.py", "Empty block"),),
    "Columns": (
        Entry("clean_column_names.py", "Clean column names"),
        Entry("keep_columns.py", "Keep columns"),
        Entry("remove_columns.py", "Remove columns"),
        Entry("rename_columns.py", "Rename columns"),
        Entry("reorder_columns.py", "Reorder columns"),
        Entry("change_column_types.py", "Change column types"),
        Entry("add_column.py", "Add a computed column"),
        Entry("add_condition_column.py", "Add a column by conditions"),
        Entry("normalize_columns.py", "Normalize numbers to 0-1"),
        Entry("standardize_columns.py", "Standardize numbers"),
        Entry("date_parts.py", "Split dates into parts"),
    ),
    "Rows": (
        Entry("filter_rows.py", "Filter rows"),
        Entry("remove_incomplete_rows.py", "Remove rows with gaps"),
        Entry("remove_duplicates.py", "Remove duplicates"),
        Entry("remove_outliers.py", "Remove outliers"),
        Entry("sort_rows.py", "Sort rows"),
        Entry("top_rows.py", "Top rows"),
        Entry("sample_rows.py", "Random sample"),
        Entry("number_rows.py", "Number rows within groups"),
        Entry("split_text_into_rows.py", "Split text into rows"),
        Entry("in_batches.py", "Work in batches"),
        Entry("split_into_outputs.py", "Split into two outputs"),
    ),
    "Clean": (
        Entry("fill_missing.py", "Fill gaps with the average"),
        Entry(
            "fill_missing.py",
            "Fill gaps with the median",
            id="fill_with_median",
            description="Missing values filled with the median of their column.",
            values={"STRATEGY": "median"},
        ),
        Entry(
            "fill_missing.py",
            "Fill gaps with the most frequent value",
            id="fill_with_mode",
            description="Missing values filled with the most frequent value of their column.",
            values={"STRATEGY": "mode"},
        ),
        Entry(
            "fill_missing.py",
            "Fill gaps with random values",
            id="fill_with_random",
            description="Missing values filled with values drawn from those that the column has.",
            values={"STRATEGY": "random"},
        ),
        Entry("fill_with_constants.py", "Fill gaps with constants"),
        Entry("fill_from_previous_row.py", "Fill gaps from the row before"),
        Entry("fill_time_gaps.py", "Fill gaps in time"),
        Entry("mark_wrong_values.py", "Mark values that look wrong"),
        Entry("tidy_text.py", "Tidy text"),
        Entry("change_case.py", "Change upper and lower case"),
        Entry("replace_values.py", "Replace values"),
        Entry("extract_from_text.py", "Extract parts of text"),
        Entry("parse_currency.py", "Parse amounts of money"),
        Entry("parse_dates.py", "Parse dates"),
        Entry("hide_personal_data.py", "Hide personal data"),
        Entry("flatten_json.py", "Flatten a column of JSON"),
        Entry("records_to_frame.py", "List of records to table"),
    ),
    "Aggregate": (
        Entry("group_and_aggregate.py", "Group and aggregate"),
        _group_value("average", "mean", "average"),
        _group_value("sum", "sum", "sum"),
        _group_value("number of values", "count", "count"),
        _group_value("number of distinct values", "nunique", "distinct", "customer"),
        _group_value("minimum", "min", "minimum"),
        _group_value("maximum", "max", "maximum"),
        _group_value("median", "median", "median"),
        _group_value("first value", "first", "first"),
        _group_value("last value", "last", "last"),
        Entry("shift_column.py", "Value of the row before"),
        Entry(
            "shift_column.py",
            "Value of the row after",
            id="shift_up",
            description="One more column with the value of the next row of the same group.",
            values={"PERIODS": -1, "NAME": "next_price"},
        ),
        Entry("difference.py", "Difference to the row before"),
        Entry("running_total.py", "Running total"),
        Entry("rolling_average.py", "Rolling average"),
        Entry("totals_by_time.py", "Totals by week or month"),
        Entry("describe_columns.py", "Describe columns"),
        Entry("check_quality.py", "Check data quality"),
    ),
    "Combine and reshape": (
        Entry("join.py", "Join two blocks"),
        Entry("append_frames.py", "Append blocks below each other"),
        Entry("rows_without_partner.py", "Rows without a partner"),
        Entry("compare_frames.py", "Compare two blocks"),
        Entry("look_up_nearest.py", "Look up the value that held then"),
        Entry("pivot.py", "Pivot"),
        Entry("unpivot.py", "Unpivot"),
        Entry("transpose.py", "Summary, turned on its side"),
    ),
    "SQL": (
        Entry("sql_query.sql", "SQL query"),
        Entry("sql_join.sql", "SQL: join"),
        Entry("sql_group.sql", "SQL: group"),
        Entry("sql_window.sql", "SQL: window functions"),
        Entry("sql_remove_duplicates.sql", "SQL: remove duplicates"),
        Entry("sql_clean.sql", "SQL: clean"),
        Entry("sql_by_time.sql", "SQL: totals by week"),
        Entry("sql_pivot.sql", "SQL: pivot"),
        Entry("sql_unpivot.sql", "SQL: unpivot"),
        Entry("sql_postgres.sql", "SQL on PostgreSQL", needs=(POSTGRES,), configuration=_ON_POSTGRES),
        Entry("sql_duckdb_file.sql", "SQL in a DuckDB file", configuration=_ON_DUCKDB),
        Entry("duckdb_in_python.py", "SQL inside Python"),
    ),
    "Polars, Arrow and models": (
        Entry("polars_expressions.py", "Polars expressions"),
        Entry("polars_group.py", "Polars: group"),
        Entry("arrow_compute.py", "Arrow compute"),
        Entry("train_model.py", "Train a model"),
    ),
}
