"""The name of the client BigQuery."""

from penstock.sdk.io.unbuilt import client

BigQuery = client("BigQuery")
