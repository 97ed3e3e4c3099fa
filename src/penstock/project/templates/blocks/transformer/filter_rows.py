from penstock import transformer

CONDITION = "quantity >= 2 and country == 'NO'"


@transformer
def filter_rows(frame, *args, **kwargs):
    """The rows that meet a condition, written as pandas' query() reads it."""
    kept = frame.query(CONDITION)
    kwargs["logger"].info(f"{len(kept):,} of {len(frame):,} rows meet {CONDITION}")
    return kept
