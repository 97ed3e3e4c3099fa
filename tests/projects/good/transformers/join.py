if "transformer" not in globals():
    from mage_ai.data_preparation.decorators import transformer


@transformer
def join(orders, customers, limit=10, **kwargs):
    return orders
