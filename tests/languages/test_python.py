from pathlib import Path

import pandas as pd
import pytest

from penstock.languages.job import Parts
from penstock.languages.python.namespace import free_names
from penstock.languages.registry import runner
from penstock.model.errors import BlockFailedError, SettingInvalidError, UnsupportedError
from penstock.sdk.imports import install
from tests.languages.jobs import Given, make_job, run_block

HEADER = "if '{0}' not in globals():\n    from mage_ai.data_preparation.decorators import {0}\n\n"


def block(body: str, kind: str = "transformer", arguments: str = "*args, **kwargs") -> str:
    return f"from penstock import {kind}, test\n\n\n@{kind}\ndef f({arguments}):\n    {body}\n"


@pytest.mark.parametrize(
    ("body", "outputs"),
    [
        ("return None", []),
        ("return 5", [5]),
        ("return []", []),
        ("return [7]", [7]),
        ("return [1, 'x']", [1, "x"]),
        ("return (1, 'x')", [1, "x"]),
        ("return {'a': 1}", [{"a": 1}]),
        ("return list(range(101))", [list(range(101))]),
        ("return ''", [""]),
    ],
)
def test_what_a_function_returns_becomes_its_outputs(tmp_path, body, outputs):
    assert run_block(tmp_path, block(body)).outputs == outputs


def test_a_named_tuple_is_one_output(tmp_path):
    result = run_block(tmp_path, "import collections\n" + block("return collections.namedtuple('P', 'x y')(1, 2)"))
    assert len(result.outputs) == 1
    assert result.outputs[0].y == 2


def test_a_generator_is_stored_part_by_part(tmp_path):
    result = run_block(tmp_path, block("yield 1\n    yield 2"))
    (parts,) = result.outputs
    assert isinstance(parts, Parts)
    assert list(parts.items) == [1, 2]


def test_upstream_order_is_argument_order(tmp_path):
    result = run_block(tmp_path, block("return f'{b}{a}'", arguments="b, a"), Given("x", 1), Given("y", 2))
    assert result.outputs == ["12"]


def test_decorators_of_mage_and_the_injected_ones_are_the_same(tmp_path):
    install()
    source = HEADER.format("transformer") + HEADER.format("test") + "@transformer\ndef f(x, *args):\n    return x\n"
    assert run_block(tmp_path, source, Given("x", 3)).outputs == [3]
    plain = "from mage_ai.data_preparation.decorators import transformer\n@transformer\ndef f(x):\n    return x\n"
    assert run_block(tmp_path, plain, Given("x", 3)).outputs == [3]


def test_only_the_first_function_of_the_blocks_type_runs(tmp_path):
    source = (
        "from penstock import data_loader, transformer\n"
        "@data_loader\ndef other():\n    return 'loader'\n"
        "@transformer\ndef first():\n    return 'first'\n"
        "@transformer\ndef second():\n    return 'second'\n"
    )
    assert run_block(tmp_path, source).outputs == ["first"]


def test_a_helper_that_decorates_does_not_add_to_the_block(tmp_path, monkeypatch):
    (tmp_path / "helper_that_decorates.py").write_text(
        "from penstock import transformer\n@transformer\ndef wrong():\n    return 'wrong'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert run_block(tmp_path, "import helper_that_decorates\n" + block("return 'right'")).outputs == ["right"]


def test_a_function_wrapped_by_another_decorator_is_found(tmp_path):
    source = (
        "from penstock import transformer\n"
        "def again(f):\n    return lambda *args, **kwargs: f(*args, **kwargs) * 2\n"
        "@transformer\n@again\ndef f(x, **kwargs):\n    return x\n"
    )
    assert run_block(tmp_path, source, Given("x", 4)).outputs == [8]


def test_no_decorated_function_is_an_error_that_names_what_was_found(tmp_path):
    with pytest.raises(BlockFailedError, match=r"no function is decorated with @transformer .*found: @data_loader"):
        run_block(tmp_path, block("return 1", kind="data_loader"))


@pytest.mark.parametrize(
    ("arguments", "upstreams", "problem"),
    [
        ("a", 2, "it takes 1 upstream block, but the block has 2"),
        ("", 1, "it takes no upstream blocks, but the block has 1"),
        ("a, b", 1, "no upstream block and no variable for its 1 parameter b"),
        ("a, *args", 0, "no upstream block and no variable for its 1 parameter a"),
    ],
)
def test_arguments_must_fit_the_upstreams(tmp_path, arguments, upstreams, problem):
    given = [Given(f"u{index}", index) for index in range(upstreams)]
    with pytest.raises(BlockFailedError) as error:
        run_block(tmp_path, block("return 1", arguments=arguments), *given)
    assert problem in error.value.message
    assert error.value.hint


def test_an_async_function_is_refused_in_words(tmp_path):
    source = "from penstock import transformer\n@transformer\nasync def f(*args, **kwargs):\n    return 1\n"
    with pytest.raises(BlockFailedError, match="async function, which nobody awaits") as error:
        run_block(tmp_path, source)
    assert "asyncio.run" in error.value.hint


def test_a_test_that_takes_more_than_there_are_outputs_is_told_so(tmp_path):
    source = block("return 1") + "@test\ndef t(one, other):\n    pass\n"
    with pytest.raises(BlockFailedError, match="no output and no variable for its 1 parameter other"):
        list(run_block(tmp_path, source).check([1]))


def test_variables_come_by_keyword(tmp_path):
    source = block("return [day, city, kwargs['env'], 'x' in kwargs]", arguments="x, day, *, city='?', **kwargs")
    outputs = run_block(tmp_path, source, Given("u", 1), variables={"day": 3, "x": 9}).outputs
    assert outputs == [3, "?", "dev", False]


def test_variables_are_not_pushed_on_a_function_without_kwargs(tmp_path):
    assert run_block(
        tmp_path, block("return args", arguments="*args"), Given("u", 1), variables={"day": 3}
    ).outputs == [1]


def test_configuration_context_and_logger_are_there(tmp_path):
    logs: list[tuple[str, str]] = []
    source = block(
        "kwargs['logger'].info('n=%s', 3, tag='t'); kwargs['logger'].warning('50% done')\n"
        "    kwargs['context']['seen'] = True\n    return kwargs['configuration']['limit']"
    )
    assert run_block(tmp_path, source, configuration={"limit": 7}, logs=logs).outputs == [7]
    assert logs == [("INFO", "n=3 tag=t"), ("WARNING", "50% done")]


def test_upstreams_are_globals_only_where_the_code_reads_them(tmp_path):
    used, unused = Given("flights", 5), Given("weather", 6)
    source = block("return flights + df_1", arguments="*args")
    assert run_block(tmp_path, source, used, unused).outputs == [10]
    names = free_names("import pandas\ndf_1 = 3\ndef f(df_2):\n    return df_1 + df_2 + df_3 + pandas\n", "x.py")
    assert "df_3" in names
    assert not names & {"df_1", "df_2", "pandas"}


def test_preprocessors_run_first_with_the_same_inputs(tmp_path):
    source = (
        "seen = []\n@preprocesser\ndef p(x, **kwargs):\n    seen.append(x)\n"
        "@transformer\ndef f(x, **kwargs):\n    return [x, list(seen)]\n"
    )
    assert run_block(tmp_path, source, Given("u", 1)).outputs == [1, [1]]


def test_tests_see_the_outputs_and_all_are_run(tmp_path):
    source = block("return [1, 2]") + (
        "\n@test\ndef good(a, b, **kwargs):\n    assert a + b == 3\n"
        "@test\ndef bad(a, *args):\n    assert a == 5, 'a is not five'\n"
        "@test\ndef silent(*args):\n    assert len(args) == 99\n"
    )
    result = run_block(tmp_path, source)
    outcomes = list(result.check(result.outputs))
    assert [(entry.name, entry.passed) for entry in outcomes] == [("good", True), ("bad", False), ("silent", False)]
    assert outcomes[1].error.startswith("a is not five (my_block.py:")
    assert outcomes[2].error.startswith("assert len(args) == 99 (my_block.py:")


def test_tests_of_a_block_that_returned_nothing_get_none(tmp_path):
    source = block("return None") + "\n@test\ndef there(output, *args):\n    assert output is not None, 'undefined'\n"
    (outcome,) = run_block(tmp_path, source).check([])
    assert not outcome.passed
    assert outcome.error.startswith("undefined")


def test_a_test_that_takes_fewer_outputs_says_what_a_list_is(tmp_path):
    result = run_block(tmp_path, block("return [1, 2, 3]") + "\n@test\ndef good(output):\n    pass\n")
    with pytest.raises(BlockFailedError) as caught:
        list(result.check(result.outputs))
    assert "good(): it takes 1 output, but the block has 3: output_0, output_1, output_2" in caught.value.message
    assert "A list" in caught.value.hint


def test_another_error_in_a_test_goes_up(tmp_path):
    result = run_block(tmp_path, block("return 1") + "\n@test\ndef broken(output):\n    raise KeyError('k')\n")
    with pytest.raises(KeyError):
        list(result.check(result.outputs))


def test_a_scratchpad_runs_and_has_no_output(tmp_path):
    result = run_block(tmp_path, "answer = 42\n", block_type="scratchpad")
    assert result.outputs == []


@pytest.mark.parametrize(("answer", "waiting"), [("True", False), ("False", True), ("None", True)])
def test_a_sensor_says_whether_to_wait(tmp_path, answer, waiting):
    source = f"from penstock import sensor\n@sensor\ndef f():\n    return {answer}\n"
    assert run_block(tmp_path, source, Given("u", 1), block_type="sensor").waiting is waiting


def test_files_that_took_part_are_told(tmp_path, monkeypatch):
    package = tmp_path / "helpers_of_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "maths.py").write_text("def double(x):\n    return x * 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    source = "from helpers_of_test.maths import double\n" + block("return double(2)")
    files = {Path(file).name for file in run_block(tmp_path, source).files}
    assert {"my_block.py", "maths.py"} <= files


def test_a_traceback_shows_the_lines_that_ran(tmp_path):
    job = make_job(tmp_path, block("return 1 / 0"))
    with pytest.raises(ZeroDivisionError) as error:
        runner("python").run(job)
    assert str(error.traceback[-1].path) == job.order.block.file
    assert error.traceback[-1].lineno + 1 == 6


def test_code_that_does_not_parse_is_a_syntax_error_of_the_file(tmp_path):
    for code in ("def f(:\n", "x = 1\0\n"):  # for the second, Python itself names no file
        with pytest.raises(SyntaxError) as error:
            run_block(tmp_path, code)
        assert Path(error.value.filename).name == "my_block.py"


def test_a_language_without_a_runner_says_what_runs():
    with pytest.raises(UnsupportedError, match="runs python, sql, markdown blocks"):
        runner("cobol")


def test_an_upstream_comes_in_batches_where_the_block_asks_for_it(tmp_path):
    frame = pd.DataFrame({"a": range(25)})
    settings = {"input_data_types": ["generator"], "batch_settings": {"items": {"maximum": 10}}}
    source = block("return [len(part) for part in args[0]] + [sum(part['a'].sum() for part in args[1])]")
    result = run_block(
        tmp_path,
        source,
        Given("u", frame),
        Given("w", frame),
        configuration={"variables": {"upstream": {"u": settings}, "read": {"input_data_types": "batch"}}},
    )
    assert result.outputs == [10, 10, 5, 300]


@pytest.mark.parametrize("asked", [[{"batch": 1}], {"batch": 1}, 3, ["stream"], None])
def test_an_upstream_comes_whole_where_what_the_block_asks_for_is_no_kind(tmp_path, asked):
    settings = {"variables": {"read": {"input_data_types": asked}}}
    result = run_block(tmp_path, block("return [type(args[0]).__name__]"), Given("u", [1, 2]), configuration=settings)
    assert result.outputs == ["list"]


@pytest.mark.parametrize("maximum", ["many", 0, -1])
def test_a_batch_size_must_be_a_positive_number(tmp_path, maximum):
    settings = {"input_data_types": ["batch"], "batch_settings": {"items": {"maximum": maximum}}}
    with pytest.raises(SettingInvalidError, match="not a positive number"):
        run_block(
            tmp_path,
            block("return 1"),
            Given("u", [1, 2]),
            configuration={"variables": {"upstream": {"u": settings}}},
        )


def test_arguments_follow_each_function_though_one_text_makes_it_anew(tmp_path):
    """As children do that share a process: the text is the same, the defaults need not be."""
    head = "from penstock import transformer\nimport builtins\n\n"
    function = "@transformer\ndef f(a, *args, b{0}, **kwargs):\n    return [a, b, 'given' in kwargs]\n"
    code = head + function.format("=5")
    one, two = Given("one", 1), Given("two", 2)
    assert run_block(tmp_path, code, one).outputs == [1, 5, False]
    assert run_block(tmp_path, code, two, variables={"b": 7, "given": 1}).outputs == [2, 7, True]
    with pytest.raises(BlockFailedError, match="no variable for its 1 parameter"):
        run_block(tmp_path, head + function.format(""), one)
