"""The client of files: six formats, folders, and what goes wrong."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from penstock.model.errors import DriverMissingError, FileInvalidError, PenstockError, StorageError, ValueRefusedError
from penstock.sdk.io.base import FileFormat
from penstock.sdk.io.file import FileIO

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", None], "żółw": [1.5, 2.25]})


def back(frame: Any) -> list[list[Any]]:
    return pd.DataFrame(frame).astype(object).where(frame.notna(), None).values.tolist()


@pytest.mark.parametrize("name", ["f.csv", "f.json", "f.parquet", "f.xml", "f.csv.gz", "F.CSV", "f.tsv", "f.pq"])
def test_frames_come_back(tmp_path: Path, name: str) -> None:
    options = {} if "json" in name or "p" in name.split(".")[1] else {"index": False}
    FileIO().export(FRAME, tmp_path / name, **options)
    assert back(FileIO().load(tmp_path / name)) == back(FRAME)
    assert FileIO().exists(tmp_path / name)


@pytest.mark.parametrize(("name", "module"), [("f.hdf5", "tables"), ("f.h5", "tables"), ("f.xlsx", "openpyxl")])
def test_formats_whose_package_is_optional(tmp_path: Path, name: str, module: str) -> None:
    file = tmp_path / name
    if importlib.util.find_spec(module):
        FileIO().export(FRAME, file)
        assert FileIO().load(file).shape[0] == 2
        return
    with pytest.raises(DriverMissingError, match=module) as caught:
        FileIO().export(FRAME, file)
    assert caught.value.hint == f"pip install {module}"
    assert list(tmp_path.iterdir()) == []


def test_the_index_is_written_as_pandas_writes_it(tmp_path: Path) -> None:
    FileIO().export(FRAME, tmp_path / "f.csv")
    assert list(FileIO().load(tmp_path / "f.csv").columns) == ["Unnamed: 0", *FRAME.columns]


def test_a_format_can_be_named_and_options_go_to_pandas(tmp_path: Path) -> None:
    for kind in ("csv", FileFormat.CSV, "CSV"):
        FileIO().export(FRAME, tmp_path / "f.txt", format=kind, sep="|", index=False)
    assert back(FileIO().load(tmp_path / "f.txt", format="csv", sep="|", nrows=1)) == back(FRAME.head(1))
    assert len(FileIO().load(tmp_path / "f.txt", "csv", sep="|", limit=1)) == 1


def test_relative_paths_start_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    FileIO().export(FRAME, "f.csv", index=False)
    assert (tmp_path / "f.csv").exists()
    assert back(FileIO().load("f.csv")) == back(FRAME)


def test_folders_are_read_in_order_and_other_files_left(tmp_path: Path) -> None:
    for folder, value in (("two", 2), ("one", 1)):
        (tmp_path / folder).mkdir()
        for number in (2, 1):
            FileIO().export(
                pd.DataFrame({"x": [value * 10 + number]}), tmp_path / folder / f"{number}.csv", index=False
            )
        (tmp_path / folder / "README").write_text("no table", encoding="utf-8")
    frame = FileIO().load(file_directories=[tmp_path / "two", str(tmp_path / "one")])
    assert list(frame.index) == list(range(len(frame)))
    assert frame["x"].tolist() == [21, 22, 11, 12]


def test_other_kinds_of_data(tmp_path: Path) -> None:
    FileIO().export(pl.from_pandas(FRAME), tmp_path / "p.parquet")
    FileIO().export(pa.Table.from_pandas(FRAME), tmp_path / "a.parquet")
    FileIO().export(FRAME["a"], tmp_path / "s.parquet")
    FileIO().export({"k": [1, {"deep": None}]}, tmp_path / "d.json")
    assert back(FileIO().load(tmp_path / "p.parquet")) == back(FileIO().load(tmp_path / "a.parquet")) == back(FRAME)
    assert FileIO().load(tmp_path / "s.parquet")["a"].tolist() == [1, 2]
    assert json.loads((tmp_path / "d.json").read_text(encoding="utf-8")) == {"k": [1, {"deep": None}]}
    with pytest.raises(ValueRefusedError, match="a int is not a frame"):
        FileIO().export(5, tmp_path / "n.csv")


def test_a_file_is_replaced_whole_or_stays(tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text("old", encoding="utf-8")
    with pytest.raises(TypeError):
        FileIO().export(FRAME, file, colour="red")
    assert file.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["f.csv"]


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda: FileIO().load("nope.csv"), "nope.csv: No such file"),
        (lambda: FileIO().load("nope.parquet"), "nope.parquet"),
        (lambda: FileIO().load("f.txt"), "its extension is none of"),
        (lambda: FileIO().load("f"), "its extension is none of"),
        (lambda: FileIO().load("f.csv", format="avro"), "no format 'avro'"),
        (lambda: FileIO().load(), "neither filepath nor file_directories"),
        (lambda: FileIO().load(file_directories=["nope"]), "the folder does not exist"),
    ],
)
def test_what_cannot_be_read_says_why(use: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileInvalidError, match=words):
        use()


@pytest.mark.parametrize("name", ["f.csv", "f.json", "f.parquet", "f.xml"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00broken", b"<<<{]"])
def test_broken_files_are_errors_of_ours_or_a_frame(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with contextlib.suppress(PenstockError):
        FileIO().load(tmp_path / name)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"exporting to .*nope"):
        FileIO().export(FRAME, tmp_path / "nope" / "f.csv")


def test_code_that_expects_a_file_not_found_error_catches_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        FileIO().load(str(tmp_path / "nope.csv"))


def test_an_empty_file_is_caught_as_in_any_code_for_pandas(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    with pytest.raises(pd.errors.EmptyDataError) as caught:
        FileIO().load(tmp_path / "empty.csv")
    assert isinstance(caught.value, FileInvalidError)
    assert "empty.csv" in caught.value.message
