"""The name of the client Snowflake."""

from penstock.sdk.io.unbuilt import client

Snowflake = client("Snowflake")
