"""Records of Python's logging, and warnings, in a block's log."""

from __future__ import annotations

import pytest

from penstock.model.messages import Log
from tests.engine.conftest import Bench, Seen, body


def told(seen: Seen) -> list[tuple[str, str]]:
    assert seen.ended.failure is None
    return [(record.level, record.text) for record in seen.of(Log)]


def test_records_without_a_handler_arrive_with_their_level_and_logger(bench: Bench) -> None:
    seen = bench.run(
        body("""
        import logging
        print("before")
        library = logging.getLogger("some.library")
        library.warning("%s rows", 3)
        library.info("not said, as the root's level is WARNING")
        try:
            raise ValueError("why")
        except ValueError:
            library.exception("bad")
        library.log(logging.CRITICAL + 5, "worse")
        return [logging.root.level, len(logging.root.handlers)]
        """)
    )
    warning, error, critical = told(seen)
    assert warning == ("WARNING", "some.library: 3 rows")
    assert error[0] == "ERROR"
    assert error[1].startswith("some.library: bad\nTraceback")
    assert error[1].endswith("ValueError: why")
    assert critical == ("CRITICAL", "some.library: worse")
    assert seen.text("stderr") == ""
    assert bench.value(seen) == [30, 0]


def test_the_functions_of_logging_itself(bench: Bench) -> None:
    seen = bench.run(body("import logging\nlogging.warning('x')\nlogging.getLogger('y').error('z')"))
    assert told(seen) == [("WARNING", "x"), ("ERROR", "y: z")]
    assert seen.text("stderr") == ""


def test_a_block_has_its_own_format_and_level(bench: Bench) -> None:
    seen = bench.run(
        body("""
        import logging, sys
        logging.basicConfig(level="DEBUG", format="<%(name)s %(message)s>")
        logging.debug("one")
        own = logging.getLogger("own")
        own.propagate = False
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        own.addHandler(handler)
        own.warning("two")
        """)
    )
    assert told(seen) == [("DEBUG", "<root one>"), ("WARNING", "WARNING two")]
    assert (seen.text("stdout"), seen.text("stderr")) == ("", "")


def test_what_a_block_sends_elsewhere_goes_there(bench: Bench) -> None:
    seen = bench.run(
        body("""
        import contextlib, io, logging, warnings
        found = io.StringIO()
        logging.getLogger("own").addHandler(logging.StreamHandler(found))
        logging.getLogger("own").error("one")
        with contextlib.redirect_stderr(found):
            logging.getLogger("other").error("two")
            warnings.warn("three")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.warn("four")
        return [found.getvalue().splitlines()[:2], "three" in found.getvalue(), len(caught)]
        """)
    )
    assert bench.value(seen) == [["one", "two"], True, 1]
    assert told(seen) == []


def test_what_a_forked_child_logs_is_its_output(bench: Bench) -> None:
    seen = bench.run(
        body("""
        import logging, os
        if (child := os.fork()) == 0:
            logging.getLogger("child").error("from the child")
            os._exit(0)
        os.waitpid(child, 0)
        """)
    )
    assert told(seen) == []
    assert seen.text("stderr") == "from the child\n"


def test_a_warning_is_a_warning(bench: Bench) -> None:
    seen = bench.run(body("import warnings\nwarnings.warn('careful', stacklevel=1)"))
    ((level, text),) = told(seen)
    assert level == "WARNING"
    assert "UserWarning: careful" in text
    assert seen.text("stderr") == ""


def test_a_record_that_cannot_be_made_fails_no_block(bench: Bench) -> None:
    seen = bench.run(body("import logging\nlogging.getLogger('own').error('%d', 'not a number')"))
    assert told(seen) == []
    assert "--- Logging error ---" in seen.text("stderr")


@pytest.mark.parametrize("made", ["None", "open('/dev/null', 'w'); sys.stdout.close()"])
def test_a_block_without_stdout_can_log(bench: Bench, made: str) -> None:
    lines = f"import logging, sys\nsys.stdout = {made}\n"
    seen = bench.run(body(lines + "kwargs['logger'].info('a')\nlogging.getLogger('l').error('b')"))
    assert told(seen) == [("INFO", "a"), ("ERROR", "l: b")]


def test_children_that_share_a_process_each_have_their_own(bench: Bench) -> None:
    crew = bench.supervisor.crew()
    code = body("import logging, warnings\nlogging.getLogger('l').error(kwargs['n'])\nwarnings.warn('once')")
    asked = [
        bench.launch(bench.order(code, block=f"b{number}", variables={"n": number}), crew=crew) for number in range(4)
    ]
    for number, seen in enumerate(asked):
        bench.finish(seen)
        assert ("ERROR", f"l: {number}") in told(seen)
    crew.close()


def test_names_of_files_that_are_no_text_are_written_out_in_records(bench: Bench) -> None:
    seen = bench.run(
        body("""
        import logging, os
        name = os.fsdecode(b"caf\\xe9.csv")
        kwargs["logger"].info(f"reading {name}")
        logging.getLogger().warning(name)
        return 1
        """)
    )
    assert told(seen) == [("INFO", "reading caf\\udce9.csv"), ("WARNING", "caf\\udce9.csv")]
