from penstock import test, transformer

GROUP_BY = ["country", "product"]


@transformer
def group_and_aggregate(frame, *args, **kwargs):
    """One row per group, with its totals."""
    return frame.groupby(GROUP_BY, as_index=False).agg(
        orders=("order_id", "size"),
        customers=("customer", "nunique"),
        quantity=("quantity", "sum"),
        mean_price=("price", "mean"),
    )


@test
def one_row_per_group(groups, *args):
    assert not groups.duplicated(GROUP_BY).any()
