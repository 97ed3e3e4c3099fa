import json
import time
import urllib.error
import urllib.request

import pandas as pd

from penstock import data_loader

URL = "https://api.example.org/orders"
TRIES = 5
SECONDS = 30


@data_loader
def http_with_retries(*args, **kwargs):
    """A JSON API that is busy at times: tried again after 1, 2, 4, ... seconds when it answers 429 or 5xx."""
    for attempt in range(TRIES):
        try:
            with urllib.request.urlopen(URL, timeout=SECONDS) as answer:
                return pd.json_normalize(json.load(answer))
        except urllib.error.HTTPError as error:
            if attempt == TRIES - 1 or (error.code != 429 and error.code < 500):
                raise
            wait = float(error.headers.get("Retry-After") or 2**attempt)
            kwargs["logger"].warning(f"{URL} answered {error.code}; again in {wait:g} s")
            time.sleep(wait)
