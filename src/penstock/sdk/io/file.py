# ruff: noqa: A002, FBT001, FBT002 - signatures that block code was written for
"""The client of files on this machine, or of any address that pandas reads."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from penstock.model.errors import (
    DriverMissingError,
    FileInvalidError,
    FileMissingError,
    QueryFailedError,
    StorageError,
    ValueRefusedError,
)
from penstock.sdk.io.base import BaseFile, FileFormat

if TYPE_CHECKING:
    import pandas as pd

    from penstock.sdk.io.config import BaseConfigLoader

_EXTENSIONS: Mapping[str, FileFormat] = {
    "csv": FileFormat.CSV,
    "tsv": FileFormat.CSV,
    "json": FileFormat.JSON,
    "parquet": FileFormat.PARQUET,
    "pq": FileFormat.PARQUET,
    "hdf5": FileFormat.HDF5,
    "hdf": FileFormat.HDF5,
    "h5": FileFormat.HDF5,
    "xml": FileFormat.XML,
    "xls": FileFormat.EXCEL,
    "xlsx": FileFormat.EXCEL,
}
_COMPRESSIONS = ("gz", "bz2", "zip", "xz", "zst")
_NEEDS: Mapping[FileFormat, tuple[str, str]] = {
    FileFormat.HDF5: ("tables", "pip install tables"),
    FileFormat.EXCEL: ("openpyxl", "pip install openpyxl"),
}
_HDF_KEY = "data"


class FileIO(BaseFile):
    """Reads and writes CSV, JSON, Parquet, HDF5, XML and Excel; relative paths start from the working directory."""

    def __init__(self, verbose: bool = False, **_: Any) -> None:
        super().__init__(verbose=verbose)

    @classmethod
    def with_config(cls, config: BaseConfigLoader, **kwargs: Any) -> Self:
        """A client; files need no settings."""
        del config
        return cls(**kwargs)

    def load(
        self,
        filepath: str | os.PathLike[str] | None = None,
        format: FileFormat | str | None = None,
        file_directories: Sequence[str | os.PathLike[str]] | None = None,
        limit: int | None = None,
        **kwargs: Any,
    ) -> pd.DataFrame:
        """A file as a pandas frame, or all files of some folders, one below the other.

        Args:
            filepath: path or address of the file.
            format: its format; by default that of its extension.
            file_directories: folders whose files to read, in order of their names, when no `filepath` is given.
            limit: the most rows to give.
            kwargs: go to pandas.

        Raises:
            FileInvalidError: the format is unknown, or the file does not exist or does not parse.
            DriverMissingError: the format needs a package that is not installed.
        """
        if filepath is None:
            frame = self._all_of(file_directories, format, kwargs)
        else:
            self.told(f"Loading data from {filepath}")
            frame = _read(filepath, format, kwargs)
        return frame if limit is None else frame.head(limit)

    def export(
        self,
        df: Any,
        filepath: str | os.PathLike[str],
        format: FileFormat | str | None = None,
        **kwargs: Any,
    ) -> None:
        """Write a frame to a file; a file that is there is replaced whole, or stays as it was when writing fails.

        Args:
            df: a pandas or polars frame or an Arrow table; a list or dict too when the format is JSON.
            filepath: path of the file; its folder must exist.
            format: its format; by default that of its extension.
            kwargs: go to pandas.

        Raises:
            FileInvalidError: the format is unknown.
            StorageError: the folder does not exist, or the file system refuses.
            DriverMissingError: the format needs a package that is not installed.
        """
        self.told(f"Exporting data to {filepath}")
        kind = _format_of(filepath, format)
        write = _writer(_frame_of(df, kind, filepath), kind, filepath)
        if _is_address(filepath):
            write(str(filepath), **kwargs)
            return
        place = Path(filepath)
        aside = place.with_name(f".{os.getpid()}.{place.name}")
        try:
            write(str(aside), **kwargs)
            aside.replace(place)
        except OSError as error:
            reason = error.strerror or str(error)
            raise StorageError(
                f"exporting to {place}: {reason}", hint="Check that the folder exists and is writable."
            ) from error
        except ImportError as error:
            raise _missing(kind, f"exporting to {place}", error) from None
        finally:
            aside.unlink(missing_ok=True)

    def exists(self, filepath: str | os.PathLike[str]) -> bool:
        """Whether there is a file or folder at that path."""
        return Path(filepath).exists()

    def _all_of(
        self, folders: Sequence[str | os.PathLike[str]] | None, kind: FileFormat | str | None, options: dict[str, Any]
    ) -> pd.DataFrame:
        if not folders:
            raise FileInvalidError("loading files: neither filepath nor file_directories is given")
        import pandas as pd

        frames = []
        for folder in folders:
            if not Path(folder).is_dir():
                raise FileInvalidError(f"loading the files of {folder}: the folder does not exist")
            names = sorted(
                entry for entry in Path(folder).iterdir() if entry.is_file() and not entry.name.startswith(".")
            )
            frames += [_read(name, kind, options) for name in names if kind or _known(name)]
        if not frames:
            raise FileInvalidError(f"loading the files of {', '.join(map(str, folders))}: no file of a known format")
        return pd.concat(frames, ignore_index=True)


def _caught_as(kind: type[Exception]) -> type[FileInvalidError]:
    """Our error; one of pandas' own, such as an `EmptyDataError`, is caught as that as well."""
    if not kind.__module__.startswith("pandas."):
        return FileInvalidError
    return cast("type[FileInvalidError]", type(FileInvalidError.__name__, (FileInvalidError, kind), {}))


def _is_address(filepath: object) -> bool:
    return "://" in str(filepath)


def _known(filepath: object) -> FileFormat | None:
    parts = str(filepath).lower().split("/")[-1].split(".")[1:]
    if parts and parts[-1] in _COMPRESSIONS:
        parts.pop()
    return _EXTENSIONS.get(parts[-1]) if parts else None


def _format_of(filepath: object, given: FileFormat | str | None) -> FileFormat:
    if given is None:
        kind = _known(filepath)
        if kind is None:
            raise FileInvalidError(
                f"finding the format of {filepath}: its extension is none of {', '.join(_EXTENSIONS)}",
                hint="Pass format='csv' or another of " + ", ".join(FileFormat) + ".",
            )
        return kind
    try:
        return FileFormat(str(given).lower())
    except ValueError:
        raise FileInvalidError(
            f"opening {filepath}: there is no format {str(given)!r}", hint=f"Choose one of {', '.join(FileFormat)}."
        ) from None


def _read(filepath: str | os.PathLike[str], given: FileFormat | str | None, options: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    kind = _format_of(filepath, given)
    readers: Mapping[FileFormat, Callable[..., Any]] = {
        FileFormat.CSV: pd.read_csv,
        FileFormat.JSON: pd.read_json,
        FileFormat.PARQUET: pd.read_parquet,
        FileFormat.HDF5: pd.read_hdf,
        FileFormat.XML: pd.read_xml,
        FileFormat.EXCEL: pd.read_excel,
    }
    options = {**_defaults(kind, filepath), **options}
    try:
        frame: pd.DataFrame = readers[kind](filepath, **options)
    except ImportError as error:
        raise _missing(kind, f"loading {filepath}", error) from None
    except FileNotFoundError as error:
        raise FileMissingError(f"loading {filepath}: {error.strerror or error}", hint="Check the path.") from error
    except OSError as error:
        raise FileInvalidError(f"loading {filepath}: {error.strerror or error}", hint="Check the path.") from error
    except (ValueError, SyntaxError) as error:
        # pandas raises subclasses of ValueError for what it cannot parse, the XML parser SyntaxErrors
        raise _caught_as(type(error))(f"loading {filepath} as {kind}: {error}") from error
    else:
        return frame


def _defaults(kind: FileFormat, filepath: object) -> dict[str, Any]:
    if kind is FileFormat.XML and importlib.util.find_spec("lxml") is None:
        return {"parser": "etree"}
    if kind is FileFormat.CSV and ".tsv" in str(filepath).lower():
        return {"sep": "\t"}
    return {}


def _frame_of(data: Any, kind: FileFormat, filepath: object) -> Any:
    """The data as something with pandas' writing methods."""
    import pandas as pd

    if isinstance(data, (pd.DataFrame, pd.Series)):
        return data
    if isinstance(data, (list, dict)) and kind is FileFormat.JSON:
        return _Json(data)
    if hasattr(data, "collect"):
        data = data.collect()
    if hasattr(data, "to_pandas"):
        return data.to_pandas()
    if isinstance(data, (list, dict)):
        return pd.DataFrame(data)
    raise ValueRefusedError(
        f"exporting to {filepath}: a {type(data).__name__} is not a frame", hint="Give a DataFrame or an Arrow table."
    )


class _Json:
    """A list or dict with the one writing method that JSON needs."""

    def __init__(self, data: object) -> None:
        self._data = data

    def to_json(self, filepath: str, **options: Any) -> None:
        from penstock.connect.sql.frames import json_text

        if options:
            raise QueryFailedError(f"exporting to {filepath}: options {', '.join(options)} apply to frames")
        Path(filepath).write_text(json_text(self._data), encoding="utf-8")


def _writer(frame: Any, kind: FileFormat, filepath: object) -> Callable[..., None]:
    method: str = {
        FileFormat.CSV: "to_csv",
        FileFormat.JSON: "to_json",
        FileFormat.PARQUET: "to_parquet",
        FileFormat.HDF5: "to_hdf",
        FileFormat.XML: "to_xml",
        FileFormat.EXCEL: "to_excel",
    }[kind]
    found: Any = getattr(frame, method, None)
    if found is None:
        found = getattr(frame.to_frame(), method)

    def write(place: str, **options: Any) -> None:
        more: dict[str, Any] = {"key": _HDF_KEY} if kind is FileFormat.HDF5 else _defaults(kind, filepath)
        found(place, **{**more, **options})

    return write


def _missing(kind: FileFormat, doing: str, error: ImportError) -> DriverMissingError:
    package, command = _NEEDS.get(kind, (error.name or "a package", f"pip install {error.name or 'it'}"))
    return DriverMissingError(f"{doing}: the package {package}, which {kind} needs, is not installed", hint=command)
