from penstock import transformer

ON = ["country"]


@transformer
def rows_without_partner(left, right, *args, **kwargs):
    """The rows of the first upstream whose key the second does not have."""
    keys = right[ON].drop_duplicates()
    marked = left.merge(keys, on=ON, how="left", indicator=True)
    return marked[marked.pop("_merge") == "left_only"]
