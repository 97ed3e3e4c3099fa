"""Where clients read their settings: a profile of io_config.yaml, the environment, or AWS Secrets Manager."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.config import environment
from penstock.config.templates import aws_secret_var
from penstock.connect.profiles import DEFAULT, FILE_NAME, Profile, read_profile
from penstock.model.errors import ProjectNotFoundError, SecretMissingError
from penstock.sdk.context import current
from penstock.sdk.io.keys import ConfigKey, VerboseConfigKey
from penstock.sdk.rendering import renderer

__all__ = [
    "AWSSecretLoader",
    "BaseConfigLoader",
    "ConfigFileLoader",
    "ConfigKey",
    "EnvironmentVariableLoader",
    "VerboseConfigKey",
]


class BaseConfigLoader(ABC):
    """Settings by key: `get`, `contains`, `in` and `[]`."""

    file: str = ""
    """The file that the settings came from; empty for any other place."""

    @abstractmethod
    def contains(self, key: ConfigKey | str, **kwargs: Any) -> bool:
        """Whether there is a value under that key."""

    @abstractmethod
    def get(self, key: ConfigKey | str, **kwargs: Any) -> Any:
        """The value under that key, or None."""

    def __contains__(self, key: ConfigKey | str) -> bool:
        return self.contains(key)

    def __getitem__(self, key: ConfigKey | str) -> Any:
        return self.get(key)


class ConfigFileLoader(BaseConfigLoader):
    """One profile of an io_config.yaml.

    Args:
        filepath: the file; by default the project's.
        profile: the profile's name.
        config: settings given directly, which win over the file.

    Raises:
        ProfileInvalidError: the file or the profile does not exist.
        FileInvalidError: the file is not YAML.
    """

    def __init__(
        self,
        filepath: str | Path | None = None,
        profile: ConfigKey | str = DEFAULT,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.profile = str(profile)
        if config is not None:
            values = {str(key): value for key, value in config.items()}
            self._profile = Profile(self.profile, values, renderer(""), version=values.get("version"))
            return
        self.file = str(filepath) if filepath else _project_file()
        self._profile = read_profile(self.file, self.profile, renderer(self.file))

    def __repr__(self) -> str:
        return f"ConfigFileLoader({self.file!r}, {self.profile!r})"

    @property
    def config(self) -> Mapping[str, Any]:
        """All settings of the profile; a value is rendered when it is read."""
        return self._profile

    @property
    def version(self) -> Any:
        """The `version` of the file, such as 0.1.1; None when it names none."""
        return self._profile.version

    @property
    def use_verbose_format(self) -> bool:
        """Whether the profile has a section per system instead of flat keys."""
        return self._profile.nested

    def contains(self, key: ConfigKey | str, **_: Any) -> bool:
        """See the base class."""
        return str(key) in self._profile

    def get(self, key: ConfigKey | str, **_: Any) -> Any:
        """See the base class."""
        return self._profile.get(str(key))


class EnvironmentVariableLoader(BaseConfigLoader):
    """Settings from environment variables of the same names."""

    def contains(self, key: ConfigKey | str, **_: Any) -> bool:
        """See the base class."""
        return environment.lookup(str(key)) is not None

    def get(self, key: ConfigKey | str, **_: Any) -> Any:
        """See the base class."""
        return environment.lookup(str(key))


class AWSSecretLoader(BaseConfigLoader):
    """Settings from AWS Secrets Manager, one secret per key; needs the package boto3."""

    def __init__(self, **kwargs: Any) -> None:
        self._options = kwargs

    def contains(self, key: ConfigKey | str, **_: Any) -> bool:
        """See the base class."""
        try:
            aws_secret_var(str(key))
        except SecretMissingError:
            return False
        return True

    def get(self, key: ConfigKey | str, **_: Any) -> Any:
        """See the base class."""
        try:
            return aws_secret_var(str(key))
        except SecretMissingError:
            return None


def _project_file() -> str:
    try:
        return str(Path(current().project) / FILE_NAME)
    except ProjectNotFoundError:
        return FILE_NAME
