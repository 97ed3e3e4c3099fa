from penstock import test, transformer

KEY = "order_id"
REQUIRED = ["customer", "country"]


@transformer
def check_quality(frame, *args, **kwargs):
    """The frame as it is. When a test below fails, so does the block, and nothing after it runs."""
    return frame


@test
def there_are_rows(frame, *args):
    assert len(frame) > 0, "the frame is empty"


@test
def the_key_is_unique(frame, *args):
    repeated = frame[KEY][frame[KEY].duplicated()].unique()
    assert len(repeated) == 0, f"{KEY} repeats: {list(repeated[:5])}"


@test
def required_columns_are_filled(frame, *args):
    gaps = frame[REQUIRED].isna().sum()
    assert gaps.sum() == 0, f"missing values: {gaps[gaps > 0].to_dict()}"


@test
def numbers_are_plausible(frame, *args):
    assert (frame["quantity"] > 0).all()
