"""The reader's loop: takes questions from the pipe, answers each in a thread of its own, several at once."""

from __future__ import annotations

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

from penstock.config.decoding import from_msgpack, msgpack_decoder
from penstock.data import ProductStore
from penstock.model.errors import PenstockError
from penstock.server.outputs.reader.handlers import handler, load_all
from penstock.server.outputs.reader.questions import (
    ChartQuestion,
    DiffQuestion,
    DownloadQuestion,
    ProfileQuestion,
    Question,
    RawQuestion,
)
from penstock.server.outputs.reader.shelf import Shelf
from penstock.server.outputs.reader.wire import HEADER, Failed, Sort, frame
from penstock.server.outputs.reader.work import CancelledError, Database, Work

log = logging.getLogger("penstock.reader")

QUICK, LONG, STREAMS = 4, 2, 8
"""Questions at once: pages and their like, those that read everything, downloads."""

REST = 1.0
"""Seconds after the first word of questions at which everything is imported, when none has come."""

_LANES: dict[type, str] = {
    ProfileQuestion: "long",
    DiffQuestion: "long",
    ChartQuestion: "long",
    DownloadQuestion: "stream",
    RawQuestion: "stream",
}


class Service:
    """Answers questions about one store.

    Args:
        root: the store's folder.
        memory: bytes that the process may allocate.
        aside: folder for what does not fit.
        answers: where frames go.
    """

    def __init__(self, root: str, memory: int, aside: str, answers: BinaryIO) -> None:
        self._answers = answers
        self._sending = threading.Lock()
        self._works: dict[int, Work] = {}
        self._wanted = threading.Event()
        self._first = threading.Event()
        self._guard = threading.Lock()
        self._database = Database(memory // 2, aside)
        self._shelf = Shelf(ProductStore(root), memory // 8)
        self._decoder = msgpack_decoder(Question)
        self._lanes = {
            "quick": ThreadPoolExecutor(QUICK, "quick"),
            "long": ThreadPoolExecutor(LONG, "long"),
            "stream": ThreadPoolExecutor(STREAMS, "stream"),
        }

    def run(self, questions: BinaryIO) -> None:
        """Read frames until the pipe ends, then end the process with whatever is under way."""
        threading.Thread(target=self._warm, daemon=True).start()
        while len(header := questions.read(HEADER.size)) == HEADER.size:
            length, kind, number = HEADER.unpack(header)
            body = questions.read(length)
            if len(body) < length:
                break
            self._take(kind, number, body)
        os._exit(0)

    def _warm(self) -> None:
        """Import what questions need, what later ones need not while the first one is under way.

        What takes long to import and little memory is there before anybody asks; the rest waits for who looks.
        """
        import numpy as np

        self._wanted.wait()
        import pyarrow as pa

        del np, pa
        self._first.wait(REST)
        load_all()

    def _take(self, kind: int, number: int, body: bytes) -> None:
        self._wanted.set()
        with self._guard:
            work = self._works.get(number)
        if kind == Sort.CANCEL and work is not None:
            work.cancel()
        elif kind == Sort.CREDIT and work is not None:
            work.grant(from_msgpack(body, int))
        elif kind == Sort.ASK:
            question: Question = self._decoder.decode(body)
            work = Work(number, self._send, self._database)
            with self._guard:
                self._works[number] = work
            self._lanes[_LANES.get(type(question), "quick")].submit(self._answer, work, question)

    def _send(self, kind: Sort, number: int, body: Any = b"") -> None:
        content = frame(kind, number, body)
        with self._sending:
            view = memoryview(content)
            while view:
                view = view[self._answers.write(view) or 0 :]

    def _answer(self, work: Work, question: Question) -> None:
        try:
            work.check()
            handler(question)(work, self._shelf, question)
            self._send(Sort.DONE, work.number)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            self._send(Sort.FAILED, work.number, told(error))
        finally:
            self._first.set()
            with self._guard:
                self._works.pop(work.number, None)


def told(error: Exception) -> Failed:
    """An error as it crosses the pipe."""
    import duckdb

    if isinstance(error, PenstockError):
        return Failed(error.code, error.message, error.hint)
    if isinstance(error, CancelledError | duckdb.InterruptException):
        return Failed("X104", "reading a stored output: it was cancelled", cancelled=True)
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return Failed(
            "D106",
            "reading a stored output: it needs more memory than the reader may use",
            "Choose fewer columns or rows, or raise PENSTOCK_READER_MEMORY.",
        )
    log.error("answering a question", exc_info=error)
    name = type(error).__name__
    return Failed("D102", f"reading a stored output: {name}: {str(error).splitlines()[0] if str(error) else ''}")
