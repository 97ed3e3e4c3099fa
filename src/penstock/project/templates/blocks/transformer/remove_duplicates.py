from penstock import test, transformer

KEY = ["customer", "product"]
ORDER = "ordered_at"


@transformer
def remove_duplicates(frame, *args, **kwargs):
    """One row per key: the last one in the order of ORDER."""
    return frame.sort_values(ORDER, kind="stable").drop_duplicates(subset=KEY, keep="last")


@test
def the_key_is_unique(rows, *args):
    assert not rows.duplicated(KEY).any()
