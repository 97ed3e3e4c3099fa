import pandas as pd

from penstock import transformer

NAME = "source"


@transformer
def append_frames(*frames, **kwargs):
    """The rows of all upstreams below each other; one more column tells which upstream a row is from."""
    parts = [frame.assign(**{NAME: number}) for number, frame in enumerate(frames, start=1)]
    return pd.concat(parts, ignore_index=True)
