from penstock import test, transformer

ON = ["country"]
HOW = "left"


@transformer
def join(left, right, *args, **kwargs):
    """The rows of the first upstream with the columns of the second. A key that repeats on the right is an error."""
    joined = left.merge(right, on=ON, how=HOW, validate="many_to_one", suffixes=("", "_right"), indicator=True)
    unmatched = int((joined.pop("_merge") == "left_only").sum())
    kwargs["logger"].info(f"{unmatched:,} of {len(left):,} rows found no partner")
    return joined


@test
def there_are_rows(joined, *args):
    assert len(joined) > 0
