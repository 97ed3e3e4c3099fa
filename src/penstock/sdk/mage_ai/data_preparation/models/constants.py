"""Mage's names for the words of its model."""

from penstock.sdk.kinds import (
    DATAFRAME_ANALYSIS_MAX_COLUMNS,
    DATAFRAME_ANALYSIS_MAX_ROWS,
    DATAFRAME_SAMPLE_COUNT,
    DATAFRAME_SAMPLE_COUNT_PREVIEW,
    DATAFRAME_SAMPLE_MAX_COLUMNS,
    PIPELINE_CONFIG_FILE,
    PIPELINES_FOLDER,
    REPO_CONFIG_FILE,
    VARIABLE_DIR,
    BlockLanguage,
    BlockStatus,
    BlockType,
    CallbackStatus,
    ExecutorType,
    PipelineStatus,
    PipelineType,
)

__all__ = [
    "DATAFRAME_ANALYSIS_MAX_COLUMNS",
    "DATAFRAME_ANALYSIS_MAX_ROWS",
    "DATAFRAME_SAMPLE_COUNT",
    "DATAFRAME_SAMPLE_COUNT_PREVIEW",
    "DATAFRAME_SAMPLE_MAX_COLUMNS",
    "PIPELINES_FOLDER",
    "PIPELINE_CONFIG_FILE",
    "REPO_CONFIG_FILE",
    "VARIABLE_DIR",
    "BlockLanguage",
    "BlockStatus",
    "BlockType",
    "CallbackStatus",
    "ExecutorType",
    "PipelineStatus",
    "PipelineType",
]
