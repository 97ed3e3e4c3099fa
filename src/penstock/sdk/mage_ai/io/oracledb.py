"""The name of the client OracleDB."""

from penstock.sdk.io.unbuilt import client

OracleDB = client("OracleDB")
