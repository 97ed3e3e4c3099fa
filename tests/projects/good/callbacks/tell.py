if "callback" not in globals():
    from mage_ai.data_preparation.decorators import callback


@callback
def tell(*args, **kwargs):
    return None
