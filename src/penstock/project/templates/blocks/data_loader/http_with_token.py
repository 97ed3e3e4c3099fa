import json
import os
import urllib.request

import pandas as pd

from penstock import data_loader

URL = "https://api.example.org/private/orders"
TOKEN_VARIABLE = "API_TOKEN"
SECONDS = 30


@data_loader
def http_with_token(*args, **kwargs):
    """A JSON API that wants a token. The token comes from an environment variable, never from this file."""
    headers = {"Accept": "application/json", "Authorization": f"Bearer {os.environ[TOKEN_VARIABLE]}"}
    request = urllib.request.Request(URL, headers=headers)
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return pd.json_normalize(json.load(answer))
