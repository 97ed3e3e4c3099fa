from __future__ import annotations

import ast
import os
import pickle
import re
from pathlib import Path

import pytest

import penstock
from penstock.model.errors import ProductCorruptError, ValueRefusedError
from penstock.model.product import Kind


class Thing:
    def __init__(self, value: int) -> None:
        self.value = value


class Hostile:
    def __reduce__(self):
        return (os.mkdir, (os.environ["HOSTILE_MARK"],))


def test_one_module_alone_reads_pickles():
    reading = re.compile(
        r"pickle\.(load|loads|Unpickler)|\bUnpickler\b|joblib|cloudpickle|dill|shelve|read_pickle|marshal"
    )
    found = {
        str(path.relative_to(Path(penstock.__file__).parent))
        for path in Path(penstock.__file__).parent.rglob("*.py")
        if reading.search(_code(path)) or "allow_pickle=True" in path.read_text()
    }
    names_it_alone = {"languages/python/by_value.py"}  # what a user's cloudpickle is told; it reads nothing
    assert found - names_it_alone == {"data/codecs/pickled.py"}


def _code(path: Path) -> str:
    """The module without docstrings and comments."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = ""
    return ast.unparse(tree)


def test_models_are_stored_unasked_and_read_in_workers_only(shelf, make_shelf):
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
    manifest = shelf.put(model)
    summary = manifest.summaries()[0]
    assert (summary.kind, summary.codec) == (Kind.MODEL, "model")
    assert shelf.store.load(manifest.ref).predict([[2.0]])[0] == pytest.approx(5.0)
    with pytest.raises(ValueRefusedError, match="workers only") as refusal:
        make_shelf(worker=False).store.load(manifest.ref)
    assert refusal.value.hint
    assert make_shelf(worker=False).store.manifest(manifest.ref) == manifest
    found = shelf.back({"model": model, "score": 0.5})
    assert found["model"].coef_ == model.coef_


def test_other_objects_only_where_allowed(shelf, make_shelf):
    with pytest.raises(ValueRefusedError, match="Thing"):
        shelf.put(Thing(1))
    allowed = make_shelf(allow_pickle=True)
    manifest = allowed.put(Thing(5))
    assert manifest.summaries()[0].kind is Kind.OBJECT
    assert allowed.store.load(manifest.ref).value == 5
    assert allowed.back({"a": [Thing(6)]})["a"][0].value == 6
    for options in ({"worker": True}, {"worker": False}, {"worker": False, "allow_pickle": True}):
        with pytest.raises(ValueRefusedError):
            make_shelf(**options).store.load(manifest.ref)


def test_what_has_no_exact_form_falls_back_to_pickle_where_allowed(make_shelf):
    import pandas as pd

    shelf = make_shelf(allow_pickle=True)
    manifest = shelf.put(pd.DataFrame({"a": [Thing(1), 2]}), pd.DataFrame({"a": [1]}))
    assert [summary.codec for summary in manifest.summaries()] == ["pickle", "pandas.frame"]
    assert shelf.store.load(manifest.ref)[0]["a"][0].value == 1


def test_what_cannot_be_pickled_is_refused(make_shelf):
    with pytest.raises(ValueRefusedError, match="cannot be pickled") as refusal:
        make_shelf(allow_pickle=True).put(lambda: 1)
    assert refusal.value.hint


class Stubborn:
    def __reduce__(self):
        raise LookupError("never")


def test_whatever_pickling_raises_is_a_refusal_that_names_the_type(make_shelf):
    with pytest.raises(ValueRefusedError, match=r"Stubborn: it cannot be pickled: never"):
        make_shelf(allow_pickle=True).put(Stubborn())


def test_what_has_no_exact_form_and_cannot_be_pickled_is_refused_as_it_was(make_shelf):
    import polars as pl

    with pytest.raises(ValueRefusedError, match=r"column 'o' \(Object\).*; nor can it be pickled: \w+: ") as refusal:
        make_shelf(allow_pickle=True).put(pl.DataFrame({"o": pl.Series([{1}], dtype=pl.Object)}))
    assert "Make text" in refusal.value.hint


@pytest.mark.parametrize("codec", ["model", "pickle"])
def test_a_crafted_pickle_does_not_run_outside_of_a_worker(make_shelf, tmp_path, monkeypatch, codec):
    monkeypatch.setenv("HOSTILE_MARK", str(tmp_path / "mark"))
    shelf = make_shelf(allow_pickle=True)
    manifest = shelf.put(Thing(1), block="b")
    file = Path(shelf.store.root) / manifest.files[0].key
    content = pickle.dumps(Hostile())
    file.write_bytes(content)
    document = Path(shelf.store.root) / "products/p/b/_/m/00000001.json"
    text = document.read_text().replace(f'"size":{manifest.files[0].size}', f'"size":{len(content)}')
    document.write_text(text.replace('"codec":"pickle"', f'"codec":"{codec}"'))
    for options in ({"worker": False}, {"worker": False, "allow_pickle": True}):
        with pytest.raises(ValueRefusedError):
            make_shelf(**options).store.load(manifest.ref)
    assert not (tmp_path / "mark").exists()


def test_a_class_that_is_gone_is_a_failure_in_words(make_shelf, monkeypatch):
    shelf = make_shelf(allow_pickle=True)
    manifest = shelf.put(Thing(1))
    monkeypatch.delattr("tests.data.test_pickled.Thing")
    with pytest.raises(ProductCorruptError, match="Thing"):
        shelf.store.load(manifest.ref)
