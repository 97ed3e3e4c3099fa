import pandas as pd
import pytest

from penstock.data import ProductStore
from penstock.model.errors import ProductMissingError, UnsupportedError
from penstock.model.messages import AskKind
from penstock.model.product import Address, Lineage
from penstock.sdk import context, variables
from penstock.sdk.remote import GlobalDataProduct, RemoteBlock


@pytest.fixture
def project(tmp_path):
    found = context.Context(
        project=str(tmp_path), project_name="p", data_root=str(tmp_path / "data"), pipeline="orders", block="here"
    )
    context.activate(found)
    yield found
    context.activate(None)


def publish(project, block, *values, partition="_"):
    store = ProductStore(project.data_root)
    draft = store.draft(Address("orders", block, partition), store.issue_fence("run", block))
    for value in values:
        draft.add(value)
    draft.publish(Lineage(), fingerprint="none")


def test_an_output_by_name(project):
    publish(project, "load", pd.DataFrame({"a": [1, 2]}), {"rows": 2})
    assert variables.get_variable("orders", "load", "output_0")["a"].tolist() == [1, 2]
    assert variables.get_variable("orders", "load", "output_1") == {"rows": 2}
    assert variables.VariableManager(repo_path="x").get_variable("orders", "load", "output_1") == {"rows": 2}


def test_a_model_can_be_read(project):
    from sklearn.linear_model import LinearRegression

    publish(project, "train", LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]))
    assert variables.get_variable("orders", "train", "output_0").coef_.tolist() == pytest.approx([2.0])


def test_the_latest_version_counts(project):
    publish(project, "load", "first")
    publish(project, "load", "second")
    assert variables.get_variable("orders", "load", "output_0") == "second"


def test_outputs_of_a_remote_block(project):
    publish(project, "load", "a", "b")
    assert RemoteBlock.load(block_uuid="load").get_outputs() == ["a", "b"]
    block = RemoteBlock.load({"block_uuid": "load"}, pipeline_uuid="orders")
    assert RemoteBlock.load(block) is block
    assert RemoteBlock.load(**block.to_dict()).get_outputs() == ["a", "b"]


def test_what_has_not_been_published_is_named_with_what_to_do(project):
    with pytest.raises(ProductMissingError, match="orders/load") as caught:
        variables.get_variable("orders", "load", "output_0")
    assert "--block-uuid load" in caught.value.hint
    publish(project, "load", "a")
    with pytest.raises(ProductMissingError, match="output_7"):
        variables.get_variable("orders", "load", "output_7")


def test_variables_of_pipelines_are_asked_for(project):
    asked = []
    project.ask = lambda kind, arguments: asked.append((kind, arguments)) or {"day": 1}
    assert variables.get_global_variables("orders") == {"day": 1}
    variables.get_global_variable("orders", "day")
    variables.set_global_variable("orders", "day", 2, repo_path="/x")
    variables.delete_global_variable("orders", "day")
    assert [kind for kind, _ in asked] == [AskKind.GET_VARIABLE] * 2 + [AskKind.SET_VARIABLE] * 2
    assert asked[2][1] == {"pipeline_uuid": "orders", "key": "day", "value": 2}
    assert asked[3][1] == {"pipeline_uuid": "orders", "key": "day", "delete": True}


def test_what_is_not_supported_says_so(project):
    with pytest.raises(UnsupportedError, match="orders"):
        variables.clean_variables("orders")
    with pytest.raises(UnsupportedError, match="users"):
        GlobalDataProduct.get("users").get_outputs()
