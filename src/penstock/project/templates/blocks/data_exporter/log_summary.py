from penstock import data_exporter


@data_exporter
def log_summary(frame, *args, **kwargs):
    """Rows, columns and the first rows in the log: nothing is written anywhere."""
    kwargs["logger"].info(f"{len(frame):,} rows, columns {', '.join(map(str, frame.columns))}")
    print(frame.head(10).to_string())
