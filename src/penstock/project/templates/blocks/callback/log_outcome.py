from penstock import callback


@callback("success")
def log_success(parent_block_data, **kwargs):
    """Runs after the block has completed."""
    kwargs["logger"].info(f"{kwargs['pipeline_uuid']}: completed")


@callback("failure")
def log_failure(parent_block_data, **kwargs):
    """Runs after the block has failed; `__error` says why."""
    kwargs["logger"].error(f"{kwargs['pipeline_uuid']}: {kwargs.get('__error')}")
