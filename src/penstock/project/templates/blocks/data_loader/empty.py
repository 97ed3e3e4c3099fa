from penstock import data_loader, test


@data_loader
def empty(*args, **kwargs):
    """The data that this block brings into the pipeline."""
    return {"message": "replace me"}


@test
def there_is_an_output(output, *args):
    assert output is not None
