"""The built-in templates of the other types of blocks."""

from __future__ import annotations

from penstock.project.templates.template import POSTGRES, Entry, Listed

SENSORS: Listed = {
    "Files": (
        Entry("file_exists.py", "File exists"),
        Entry("file_is_fresh.py", "File is fresh"),
        Entry("folder_has_files.py", "Folder has files"),
    ),
    "Web": (
        Entry("http_answers.py", "Address answers"),
        Entry("http_value.py", "Field of a JSON API"),
        Entry("port_is_open.py", "Server accepts connections"),
    ),
    "Databases": (
        Entry("postgres_rows.py", "PostgreSQL query is true", needs=(POSTGRES,)),
        Entry("duckdb_rows.py", "DuckDB query is true"),
    ),
    "Pipelines and time": (
        Entry("pipeline_completed.py", "Another pipeline has completed"),
        Entry("block_completed.py", "A block of another pipeline has completed"),
        Entry("upstream_has_rows.py", "Upstream has rows"),
        Entry("time_of_day.py", "Time of day"),
    ),
}
CALLBACKS: Listed = {
    "Add-ons": (
        Entry("log_outcome.py", "Log success and failure"),
        Entry("tell_webhook.py", "Tell a webhook of a failure"),
    ),
}
CONDITIONALS: Listed = {
    "Add-ons": (
        Entry("upstream_has_rows.py", "Only when there are rows"),
        Entry("variable_is_set.py", "Only when a variable is set"),
    ),
}
CUSTOM: Listed = {
    "Start": (
        Entry("empty.py", "Empty block"),
        Entry("several_outputs.py", "Several outputs"),
        Entry("sql_statements.sql", "SQL statements"),
    ),
    "Do something": (
        Entry("run_pipeline.py", "Run another pipeline"),
        Entry("run_command.py", "Run a program"),
        Entry("download_file.py", "Download a file"),
        Entry("postgres_statements.py", "Statements on PostgreSQL", needs=(POSTGRES,)),
    ),
    "Pictures": (
        Entry("matplotlib_figure.py", "Figure with matplotlib"),
        Entry("plotly_figure.py", "Figure with plotly"),
    ),
}
SCRATCHPADS: Listed = {
    "Scratchpad": (
        Entry("empty.py", "Empty scratchpad", description="Tries things out; never part of a run."),
        Entry("look_at_output.py", "Look at an output"),
        Entry("query_output.py", "SQL over an output"),
        Entry("query_file.py", "SQL over a file"),
    ),
}
MARKDOWNS: Listed = {
    "Notes": (
        Entry("notes.md", "Notes", description="A heading and a sentence."),
        Entry("pipeline_description.md", "Description of the pipeline", description="A table of purpose and owner."),
        Entry("checklist.md", "Checklist", description="What to do before a pipeline goes live."),
    ),
}
CHARTS: Listed = {
    "About the data": (
        Entry("missing_values.py", "Missing values", configuration={"chart_type": "bar chart"}),
        Entry("distinct_values.py", "Distinct values", configuration={"chart_type": "bar chart"}),
        Entry("column_types.py", "Column types", configuration={"chart_type": "pie chart"}),
        Entry("most_frequent.py", "Most frequent values", configuration={"chart_type": "table"}),
    ),
    "Drawn by code": (
        Entry(
            "over_time.py",
            "Values over time",
            configuration={"chart_type": "time series line chart", "time_interval": "day"},
        ),
        Entry("picture.py", "Picture with matplotlib", configuration={"chart_type": "custom"}),
        Entry("correlations.py", "Correlations", configuration={"chart_type": "custom"}),
        Entry("markup.py", "Markup", configuration={"chart_type": "custom"}),
    ),
}
