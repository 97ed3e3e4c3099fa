import pandas as pd

from penstock.sdk.decorators import columns


@columns
def most_frequent(frame):
    """The most frequent value of each column and how often it stands there, as a table."""
    rows = {"column": [], "value": [], "rows": []}
    for name in frame.columns:
        counts = frame[name].astype("string").value_counts()
        rows["column"].append(str(name))
        rows["value"].append(None if counts.empty else counts.index[0])
        rows["rows"].append(0 if counts.empty else int(counts.iloc[0]))
    return pd.DataFrame(rows)
