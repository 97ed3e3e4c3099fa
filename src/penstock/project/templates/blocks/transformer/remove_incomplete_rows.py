from penstock import transformer

COLUMNS = ["price"]


@transformer
def remove_incomplete_rows(frame, *args, **kwargs):
    """The rows that have a value in each of these columns. Without COLUMNS: in every column."""
    kept = frame.dropna(subset=COLUMNS or None)
    kwargs["logger"].info(f"{len(frame) - len(kept):,} of {len(frame):,} rows had gaps")
    return kept
