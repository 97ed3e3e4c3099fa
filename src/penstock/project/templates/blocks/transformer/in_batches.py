import pandas as pd

from penstock import transformer

ROWS = 100


@transformer
def in_batches(frame, *args, **kwargs):
    """A slow computation a batch at a time; each part is stored as it comes, so memory stays at one batch."""
    for start in range(0, len(frame), ROWS):
        batch = frame.iloc[start : start + ROWS].copy()
        batch["amount"] = batch["quantity"] * batch["price"]
        kwargs["logger"].info(f"{min(start + ROWS, len(frame)):,} of {len(frame):,} rows")
        yield pd.DataFrame(batch)
