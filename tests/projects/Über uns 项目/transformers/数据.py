if "transformer" not in globals():
    from mage_ai.data_preparation.decorators import transformer


@transformer
def f(data, **kwargs):
    return data
