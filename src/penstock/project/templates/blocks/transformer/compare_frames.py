import pandas as pd

from penstock import transformer

KEY = "order_id"


@transformer
def compare_frames(before, after, *args, **kwargs):
    """What changed between two frames with the same columns: one row per added, removed or changed key."""
    old, new = before.set_index(KEY), after.set_index(KEY)
    both = old.index.intersection(new.index)
    same = (old.loc[both].eq(new.loc[both]) | (old.loc[both].isna() & new.loc[both].isna())).all(axis="columns")
    changes = {
        "added": new.index.difference(old.index),
        "removed": old.index.difference(new.index),
        "changed": both[~same],
    }
    parts = [pd.DataFrame({KEY: keys, "change": word}) for word, keys in changes.items()]
    return pd.concat(parts, ignore_index=True)
