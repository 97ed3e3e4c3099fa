"""What was deleted is kept until it is back, whatever goes wrong on the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from penstock.model.errors import StorageError
from penstock.server.projects.trash import Trash


@pytest.fixture
def trash(tmp_path: Path) -> Trash:
    made = Trash(tmp_path / "project", tmp_path / "trash")
    (made.root / "folder" / "inside").mkdir(parents=True)
    for name in ("a.txt", "folder/b.txt", "folder/inside/c.txt"):
        (made.root / name).write_text(name)
    return made


def files(trash: Trash) -> dict[str, str]:
    paths = (path for path in trash.root.rglob("*") if path.is_file())
    return {path.relative_to(trash.root).as_posix(): path.read_text() for path in paths}


def test_bringing_back_may_be_repeated_after_it_stopped_halfway(trash: Trash) -> None:
    before = files(trash)
    token = trash.put(["a.txt", "folder/inside"])
    (trash.root / "folder").rename(trash.root / "aside")
    (trash.root / "folder").write_text("in the way")
    with pytest.raises(StorageError, match="bringing back folder/inside"):
        trash.restore(token)
    (trash.root / "folder").unlink()
    (trash.root / "aside").rename(trash.root / "folder")
    assert trash.restore(token) == ["a.txt", "folder/inside"]
    assert files(trash) == before


def test_a_folder_that_was_removed_halfway_is_whole_again(trash: Trash, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(trash)
    move = shutil.move

    def to_another_disk(source: Path, target: Path) -> None:
        """As `shutil.move` does it between disks; the removal stops at a folder that may not be written."""
        if not Path(source).is_dir():
            move(source, target)
            return
        shutil.copytree(source, target)
        (Path(source) / "b.txt").unlink()
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "move", to_another_disk)
    with pytest.raises(StorageError, match="Permission denied"):
        trash.put(["a.txt", "folder"])
    assert files(trash) == before
    assert list(trash.folder.iterdir()) == []
