"""The words of Mage's model that block code imports as enums and constants."""

from __future__ import annotations

from enum import StrEnum


class BlockType(StrEnum):
    """What a block is for."""

    CALLBACK = "callback"
    CHART = "chart"
    CONDITIONAL = "conditional"
    CUSTOM = "custom"
    DATA_EXPORTER = "data_exporter"
    DATA_LOADER = "data_loader"
    DBT = "dbt"
    DYNAMIC_CHILD = "dynamic_child"
    EXTENSION = "extension"
    GLOBAL_DATA_PRODUCT = "global_data_product"
    GROUP = "group"
    HOOK = "hook"
    MARKDOWN = "markdown"
    PIPELINE = "pipeline"
    SCRATCHPAD = "scratchpad"
    SENSOR = "sensor"
    TRANSFORMER = "transformer"


class BlockLanguage(StrEnum):
    """What a block is written in."""

    MARKDOWN = "markdown"
    PYTHON = "python"
    R = "r"
    SQL = "sql"
    YAML = "yaml"


class BlockStatus(StrEnum):
    """What the editor remembers of a block."""

    EXECUTED = "executed"
    FAILED = "failed"
    NOT_EXECUTED = "not_executed"
    UPDATED = "updated"


class CallbackStatus(StrEnum):
    """When a callback runs."""

    CANCELLED = "cancelled"
    FAILURE = "failure"
    SUCCESS = "success"


class ExecutorType(StrEnum):
    """Where a block runs."""

    AZURE_CONTAINER_INSTANCE = "azure_container_instance"
    ECS = "ecs"
    GCP_CLOUD_RUN = "gcp_cloud_run"
    K8S = "k8s"
    LOCAL_PYTHON = "local_python"
    LOCAL_PYTHON_FORCE = "local_python_force"
    PYSPARK = "pyspark"


class PipelineType(StrEnum):
    """What kind of pipeline it is."""

    DATABRICKS = "databricks"
    EXECUTION_FRAMEWORK = "execution_framework"
    INTEGRATION = "integration"
    PYSPARK = "pyspark"
    PYTHON = "python"
    STREAMING = "streaming"


class PipelineStatus(StrEnum):
    """Whether a pipeline has active triggers."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    NO_SCHEDULES = "no_schedules"


class ProjectType(StrEnum):
    """What a project is."""

    MAIN = "main"
    STANDALONE = "standalone"
    SUB = "sub"


DATAFRAME_ANALYSIS_MAX_COLUMNS = 100
DATAFRAME_ANALYSIS_MAX_ROWS = 100_000
DATAFRAME_SAMPLE_COUNT = 1000
DATAFRAME_SAMPLE_COUNT_PREVIEW = 10
DATAFRAME_SAMPLE_MAX_COLUMNS = 1000
PIPELINE_CONFIG_FILE = "metadata.yaml"
PIPELINES_FOLDER = "pipelines"
REPO_CONFIG_FILE = "metadata.yaml"
VARIABLE_DIR = ".variables"
