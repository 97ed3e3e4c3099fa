"""The texts of a new project's files."""

from __future__ import annotations

FOLDERS = (
    "callbacks",
    "charts",
    "conditionals",
    "custom",
    "data_exporters",
    "data_loaders",
    "dbt",
    "extensions",
    "interactions",
    "markdowns",
    "pipelines",
    "scratchpads",
    "sensors",
    "transformers",
    "utils",
)
"""Folders of a new project, each a package so that blocks can import from it."""

METADATA = """\
# Settings of this project. Templates work here: "{{ env_var('NAME') }}".
project_type: standalone

# Data products, logs and caches lie in <variables_dir>/<project name>. The environment variable
# PENSTOCK_DATA_DIR wins over this.
# variables_dir: ~/.penstock

# Older outputs are removed by `penstock clean`.
variables_retention_period: '90d'

# Failed blocks are tried again: so many times, after so many seconds.
retry_config:
  retries: 0
  delay: 5
  max_delay: 60
  exponential_backoff: true

# Whom to tell about runs.
notification_config:
  alert_on:
  - trigger_failure
  # slack_config:
  #   webhook_url: "{{ mage_secret_var('slack_webhook') }}"

logging_config:
  # retention_period: '30d'
  level: INFO
"""

IO_CONFIG = """\
# Connections, as named profiles. Blocks choose one by its name.
# Keep passwords out of this file: "{{ env_var('NAME') }}" reads the environment,
# "{{ mage_secret_var('name') }}" a secret.
version: 0.1.1
default:
  # DuckDB needs nothing: SQL blocks run on an embedded one. Name a file to keep tables between runs.
  # DUCKDB_DATABASE: warehouse.duckdb
  # DUCKDB_SCHEMA: main

  # PostgreSQL
  # POSTGRES_HOST: localhost
  # POSTGRES_PORT: 5432
  # POSTGRES_DBNAME: postgres
  # POSTGRES_SCHEMA: public
  # POSTGRES_USER: "{{ env_var('POSTGRES_USER') }}"
  # POSTGRES_PASSWORD: "{{ env_var('POSTGRES_PASSWORD') }}"

  # Amazon S3 and what speaks like it
  # AWS_ACCESS_KEY_ID: "{{ env_var('AWS_ACCESS_KEY_ID') }}"
  # AWS_SECRET_ACCESS_KEY: "{{ env_var('AWS_SECRET_ACCESS_KEY') }}"
  # AWS_REGION: eu-central-1
  # AWS_ENDPOINT: http://localhost:9000

  # Google Cloud
  # GOOGLE_SERVICE_ACC_KEY_FILEPATH: "{{ env_var('GOOGLE_APPLICATION_CREDENTIALS') }}"
"""

REQUIREMENTS = "# Packages that the blocks of this project import, one a line.\n"

GITIGNORE = """\
__pycache__/
*.py[cod]
.venv/
.env
.DS_Store
.file_versions/
.variables/
.logs/
.mage_temp_profiles*
*.duckdb
*.duckdb.wal
output/
"""

PROFILES = """\
# Connections of dbt projects in this folder. Templates work here: "{{ env_var('NAME') }}".
example:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: dev.duckdb
"""

EXAMPLE = "example_pipeline"

PIPELINE = """\
name: example_pipeline
uuid: example_pipeline
description: The rain of one week, read, summed up and written to a file. Needs no network.
type: python
tags:
- example
blocks:
- uuid: load_rain
  name: load_rain
  type: data_loader
  language: python
  upstream_blocks: []
  downstream_blocks:
  - rain_by_city
- uuid: rain_by_city
  name: rain_by_city
  type: transformer
  language: python
  upstream_blocks:
  - load_rain
  downstream_blocks:
  - save_rain
- uuid: save_rain
  name: save_rain
  type: data_exporter
  language: python
  upstream_blocks:
  - rain_by_city
  downstream_blocks: []
variables:
  wet_from: 1.0   # millimetres a day
"""

LOADER = '''\
import io

import pandas as pd

from penstock import data_loader, test

WEEK = """\\
day,city,rain
2024-04-01,Bergen,12.4
2024-04-01,Sevilla,0.0
2024-04-02,Bergen,7.1
2024-04-02,Sevilla,0.2
2024-04-03,Bergen,0.0
2024-04-03,Sevilla,0.0
2024-04-04,Bergen,21.9
2024-04-04,Sevilla,3.3
"""


@data_loader
def load_rain(**kwargs):
    """Rain in millimetres, one row a day and city."""
    return pd.read_csv(io.StringIO(WEEK), parse_dates=["day"])


@test
def every_day_has_rain_that_is_not_negative(rain):
    assert (rain["rain"] >= 0).all()
'''

TRANSFORMER = '''\
from penstock import test, transformer


@transformer
def rain_by_city(rain, wet_from=1.0, **kwargs):
    """Millimetres and wet days of each city. `wet_from` is a variable of the pipeline."""
    rain["wet"] = rain["rain"] >= wet_from
    return rain.groupby("city", as_index=False).agg(rain=("rain", "sum"), wet_days=("wet", "sum"))


@test
def no_city_stands_twice(cities):
    assert cities["city"].is_unique
'''

EXPORTER = '''\
from pathlib import Path

from penstock import data_exporter


@data_exporter
def save_rain(cities, **kwargs):
    """Write the result to output/rain.csv in the project."""
    folder = Path(kwargs["repo_path"]) / "output"
    folder.mkdir(exist_ok=True)
    cities.to_csv(folder / "rain.csv", index=False)
'''

FILES = {
    "io_config.yaml": IO_CONFIG,
    "requirements.txt": REQUIREMENTS,
    ".gitignore": GITIGNORE,
    "dbt/profiles.yml": PROFILES,
    f"pipelines/{EXAMPLE}/__init__.py": "",
    f"pipelines/{EXAMPLE}/metadata.yaml": PIPELINE,
    "data_loaders/load_rain.py": LOADER,
    "transformers/rain_by_city.py": TRANSFORMER,
    "data_exporters/save_rain.py": EXPORTER,
}
"""File -> text, for a project that holds pipelines; metadata.yaml comes on top."""
