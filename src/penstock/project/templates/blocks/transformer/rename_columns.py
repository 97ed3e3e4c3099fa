from penstock import test, transformer

NAMES = {"ordered_at": "time", "price": "unit_price"}


@transformer
def rename_columns(frame, *args, **kwargs):
    """The same frame with other names for some columns: old name -> new name."""
    missing = NAMES.keys() - set(frame.columns)
    if missing:
        raise ValueError(f"there is no column {', '.join(sorted(missing))}; there are {', '.join(frame.columns)}")
    return frame.rename(columns=NAMES)


@test
def names_are_unique(renamed, *args):
    assert renamed.columns.is_unique
