from penstock import transformer

FIRST = ["ordered_at", "order_id"]


@transformer
def reorder_columns(frame, *args, **kwargs):
    """These columns first, the others after them as they were."""
    return frame[[*FIRST, *(name for name in frame.columns if name not in FIRST)]]
