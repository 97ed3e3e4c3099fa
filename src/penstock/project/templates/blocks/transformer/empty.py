from penstock import test, transformer


@transformer
def empty(data, *args, **kwargs):
    """What this block makes of its upstream."""
    return data


@test
def there_is_an_output(output, *args):
    assert output is not None
