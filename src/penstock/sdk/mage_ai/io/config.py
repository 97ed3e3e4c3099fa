"""Settings of the clients."""

from penstock.sdk.io.config import (
    AWSSecretLoader,
    BaseConfigLoader,
    ConfigFileLoader,
    ConfigKey,
    EnvironmentVariableLoader,
    VerboseConfigKey,
)

__all__ = [
    "AWSSecretLoader",
    "BaseConfigLoader",
    "ConfigFileLoader",
    "ConfigKey",
    "EnvironmentVariableLoader",
    "VerboseConfigKey",
]
