"""The name of the client MSSQL."""

from penstock.sdk.io.unbuilt import client

MSSQL = client("MSSQL")
