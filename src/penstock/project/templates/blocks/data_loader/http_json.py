import json
import urllib.request

import pandas as pd

from penstock import data_loader

URL = "https://api.example.org/orders"
SECONDS = 30


@data_loader
def http_json(*args, **kwargs):
    """The answer of a JSON API as a frame."""
    request = urllib.request.Request(URL, headers={"Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return pd.json_normalize(json.load(answer))
