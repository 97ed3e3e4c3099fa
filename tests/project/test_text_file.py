from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.model.errors import EditRefusedError, FileInvalidError, StorageError
from penstock.project.text_file import create_text, read_text, write_text


def test_a_file_is_replaced_at_once_with_its_mode_and_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    path.chmod(0o640)
    file = read_text(path)
    assert (file.text, file.bom, file.newline) == ("a: 1\r\n", True, "\r\n")
    after = write_text(file, "a: 2\r\n")
    assert path.read_bytes() == b"\xef\xbb\xbfa: 2\r\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert read_text(path) == after
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.yaml"]


def test_writing_the_same_text_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\n")
    path.chmod(0o400)
    before = path.stat().st_ino
    file = read_text(path)
    assert write_text(file, file.text) is file
    assert path.stat().st_ino == before


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.yaml").write_text("a: 1\n")
    link = tmp_path / "a.yaml"
    link.symlink_to("real/a.yaml")
    write_text(read_text(link), "a: 2\n")
    assert link.is_symlink()
    assert (tmp_path / "real/a.yaml").read_text() == "a: 2\n"


def test_somebody_elses_change_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\n")
    file = read_text(path)
    path.write_text("a: theirs\n")
    with pytest.raises(EditRefusedError, match="changed"):
        write_text(file, "a: ours\n")
    assert path.read_text() == "a: theirs\n"
    path.unlink()
    with pytest.raises(FileInvalidError):
        write_text(file, "a: ours\n")
    assert not path.exists()


def test_a_new_file_takes_no_ones_place(tmp_path: Path) -> None:
    create_text(tmp_path / "x/y/a.yaml", "a: 1\n")
    with pytest.raises(EditRefusedError):
        create_text(tmp_path / "x/y/a.yaml", "a: 2\n")
    with pytest.raises(StorageError):
        create_text(tmp_path / "x/y/a.yaml/b", "a: 2\n")
    assert (tmp_path / "x/y/a.yaml").read_text() == "a: 1\n"


@pytest.mark.parametrize("make", ["missing", "folder", "loop", "fifo", "latin", "huge"])
def test_what_is_no_text_file_is_refused(make: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    match make:
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path)
        case "fifo":
            os.mkfifo(path)
        case "latin":
            path.write_bytes(b"a: 1\nb: caf\xe9\n")
        case "huge":
            with path.open("wb") as file:
                file.truncate(1 << 40)
    with pytest.raises(FileInvalidError) as caught:
        read_text(path)
    assert make != "latin" or str(caught.value.location) == f"{path}:2"
    told = {
        "missing": ("No such file or directory", "Check that the file exists and may be read."),
        "folder": ("it is a folder", "Move or remove that folder; a file of this name has to be in its place."),
        "fifo": ("it is not a regular file", "Remove what is there; a regular file has to be in its place."),
    }
    if make in told:
        assert (caught.value.message.rpartition(": ")[2], caught.value.hint) == told[make]


def test_a_full_disk_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\n")
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from penstock.project.text_file import read_text, write_text\n"
        "from penstock.model.errors import StorageError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "file = read_text(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n    write_text(file, 'x: ' + 'y' * 5000)\n"
        "except StorageError as error:\n    print(error.message)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert "File too large" in done.stdout, done.stderr
    assert path.read_text() == "a: 1\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.yaml"]


def test_writers_at_once_never_lose_an_edit(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("count: 0\n")
    code = (
        "import sys; from pathlib import Path\n"
        "from penstock.project.text_file import read_text, write_text\n"
        "from penstock.model.errors import EditRefusedError\n"
        "for _ in range(40):\n"
        "    while True:\n"
        "        file = read_text(Path(sys.argv[1]))\n"
        "        count = int(file.text.split(': ')[1])\n"
        "        try:\n            write_text(file, f'count: {count + 1}\\n')\n"
        "        except EditRefusedError:\n            continue\n"
        "        break\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert path.read_text() == "count: 120\n"
