"""The older form of a profile: settings nested under the name of a system instead of flat keys."""

from __future__ import annotations

from collections.abc import Mapping

_AWS = "AWS"

# flat key prefix -> path of section names
_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "AIRTABLE_": ("Airtable",),
    "ALGOLIA_": ("Algolia",),
    "AWS_": (_AWS,),
    "B2_": ("Backblaze B2",),
    "CHROMA_": ("Chroma",),
    "CLICKHOUSE_": ("ClickHouse",),
    "DRUID_": ("Druid",),
    "DUCKDB_": ("Duck DB",),
    "MOTHERDUCK_": ("Duck DB",),
    "PINOT_": ("Pinot",),
    "POSTGRES_": ("PostgreSQL",),
    "QDRANT_": ("Qdrant",),
    "REDSHIFT_": (_AWS, "Redshift"),
    "SNOWFLAKE_": ("Snowflake",),
    "SPARK_": ("Spark",),
    "TRINO_": ("trino",),
    "WEAVIATE_": ("Weaviate",),
}

# names inside a section that differ from the lower-case rest of the flat key
_NAMES: Mapping[str, tuple[str, ...]] = {
    "POSTGRES_DBNAME": ("database", "dbname"),
    "REDSHIFT_DBNAME": ("database", "dbname"),
    "REDSHIFT_DBUSER": ("db_user", "dbuser"),
    "REDSHIFT_CLUSTER_ID": ("cluster_id", "identifier"),
    "REDSHIFT_IAM_PROFILE": ("profile", "iam_profile"),
    "REDSHIFT_TEMP_CRED_USER": ("user", "temp_cred_user"),
    "REDSHIFT_TEMP_CRED_PASSWORD": ("password", "temp_cred_password"),
    "MOTHERDUCK_TOKEN": ("motherduck_token", "token"),
}

_GOOGLE: Mapping[str, str] = {
    "GOOGLE_SERVICE_ACC_KEY": "credentials_mapping",
    "GOOGLE_SERVICE_ACC_KEY_FILEPATH": "path_to_credentials",
    "GOOGLE_LOCATION": "location",
}

SECTIONS = frozenset({path[0] for path in _PREFIXES.values()} | {"BigQuery", "Redshift"})
"""Names that stand for a system when they are keys of a profile."""


def places(key: str) -> list[tuple[str, ...]]:
    """Where the nested form may hold a flat key: paths of names from the profile down, in order of preference."""
    if key in _GOOGLE:
        return [("BigQuery", _GOOGLE[key])]
    for prefix, path in _PREFIXES.items():
        if key.startswith(prefix):
            names = _NAMES.get(key, (key.removeprefix(prefix).lower(),))
            paths = [(*path, name) for name in names]
            if len(path) > 1:
                paths += [(path[-1], name) for name in names]
            return paths
    return []
