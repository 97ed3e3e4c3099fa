"""What a version was made from: files, inputs, variables and the packages that the text names."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata

from penstock.engine.lineage import lineage_of
from penstock.model.messages import InputOrder, Output
from penstock.model.product import Address, ProductRef
from tests.engine.conftest import Bench, body


def test_files_are_named_relative_to_the_project(forked: Bench) -> None:
    helper = forked.write("lib/tool.py", "import yaml\n")
    outside = forked.project.parent / "outside.py"
    outside.write_text("x = 1\n")
    file = forked.write("custom/b.py", "import pandas\n")
    ref = ProductRef(Address("p", "up"), "v1")
    order = forked.order(None, file=file, inputs=(InputOrder("up", ref), InputOrder("none", None)), variables={"n": 1})
    found = lineage_of(order, file.read_bytes(), [str(helper), str(outside), str(file)], {str(helper): "digest"})
    assert found.code == {
        "custom/b.py": hashlib.sha256(b"import pandas\n").hexdigest(),
        "lib/tool.py": "digest",
        str(outside): hashlib.sha256(b"x = 1\n").hexdigest(),
    }
    assert found.inputs == (ref,)
    assert found.variables == {"n": 1}
    assert found.environment == {
        "python": platform.python_version(),
        "pandas": metadata.version("pandas"),
        "pyyaml": metadata.version("pyyaml"),
    }


def test_the_lineage_of_a_run_does_not_depend_on_what_was_preloaded(forked: Bench) -> None:
    forked.write("lib/tool.py", "VALUE = 1\n")
    file = forked.write("custom/b.py", body("from lib.tool import VALUE\nreturn VALUE"))
    (first,) = forked.run(None, file=file).of(Output)
    forked.run("import yaml, pandas\n" + body("return 1"), block="other")
    (second,) = forked.run(None, file=file).of(Output)
    one, two = (forked.store.manifest(output.ref) for output in (first, second))
    assert one.lineage.code.keys() == {"custom/b.py", "lib/tool.py"}
    assert one.fingerprint == two.fingerprint
    assert one.ref != two.ref
