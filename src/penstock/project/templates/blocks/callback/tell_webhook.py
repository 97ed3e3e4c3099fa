import json
import os
import urllib.request

from penstock import callback

ADDRESS_VARIABLE = "CHAT_WEBHOOK"


def tell(text):
    """Post a message to the webhook whose address is in the environment."""
    request = urllib.request.Request(
        os.environ[ADDRESS_VARIABLE],
        data=json.dumps({"text": text}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30):
        pass


@callback("failure")
def tell_failure(parent_block_data, **kwargs):
    """Runs after the block has failed."""
    tell(f"{kwargs['pipeline_uuid']} failed: {kwargs.get('__error')}")
