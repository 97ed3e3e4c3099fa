import json
import urllib.request

import pandas as pd

from penstock import data_loader

URL = "https://api.example.org/graphql"
QUERY = "query Orders($first: Int!) { orders(first: $first) { id country price } }"
SECONDS = 30


@data_loader
def graphql_query(*args, **kwargs):
    """The records of a GraphQL query."""
    body = json.dumps({"query": QUERY, "variables": {"first": 100}}).encode()
    request = urllib.request.Request(URL, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        document = json.load(answer)
    if document.get("errors"):
        raise ValueError(f"the API answered with errors: {document['errors']}")
    return pd.json_normalize(document["data"]["orders"])
