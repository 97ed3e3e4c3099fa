"""The entry of the reader process: the store, the bytes that it may allocate, a folder to put things aside."""

from __future__ import annotations

import signal
import sys

from penstock.server.outputs.reader.process import limit_memory, refuse_libraries, take_pipes


def main(root: str, memory: int, aside: str) -> None:
    """Answer questions until the server closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C in the terminal is for the server, which ends this process
    questions, answers = take_pipes()
    refuse_libraries()
    limit_memory(memory)
    from penstock.server.outputs.reader.service import Service

    Service(root, memory, aside, answers).run(questions)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
