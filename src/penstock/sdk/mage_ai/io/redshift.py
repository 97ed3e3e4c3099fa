"""The name of the client Redshift."""

from penstock.sdk.io.unbuilt import client

Redshift = client("Redshift")
