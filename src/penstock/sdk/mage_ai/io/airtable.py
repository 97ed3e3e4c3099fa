"""The name of the client Airtable."""

from penstock.sdk.io.unbuilt import client

Airtable = client("Airtable")
