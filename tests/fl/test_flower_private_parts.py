"""Names what moved when a new Flower breaks fl/grid/flower.py or superlink.py, which alone use its private parts."""

import importlib
from typing import Any

import pytest


def part(module: str, name: str, needed_by: str = "flower") -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        pytest.fail(
            f"Flower moved {module}.{name}, which fl/grid/{needed_by}.py needs: find its new place and adapt that file."
        )


def test_flowers_private_parts_are_where_we_use_them() -> None:
    identity = part("flwr.supercore.task_identity", "TaskIdentity")
    for name in ("run_id", "node_id", "task_id"):
        assert hasattr(type(identity), name), f"Flower's TaskIdentity lost {name}: a Message cannot be made any more."
    assert part("flwr.supercore.run", "Run").create_empty(1).run_id == 1, "Run.create_empty no longer takes a run id."


def test_a_reply_says_which_node_it_comes_from() -> None:
    from flwr.app import Message, RecordDict

    from fl.course import Course
    from fl.grid.flower import FIRST_SITE, server_context, site_context
    from fl.grid.in_process import InProcessGrid
    from fl.request import RunRequest
    from fl.watcher import Silent, SiteInfo, Stop
    from tests.fl.faults import slow_client

    course = Course(RunRequest("breast_cancer"), [SiteInfo(position, "") for position in range(3)], Silent(), Stop())
    InProcessGrid(slow_client(""), course)  # sets Flower's identity
    asked = Message(RecordDict(), dst_node_id=FIRST_SITE + 2, message_type="train")
    reply = Message(RecordDict(), reply_to=asked)
    assert reply.metadata.src_node_id == FIRST_SITE + 2, "Flower's replies no longer name their node as src_node_id."
    assert site_context(2, 3).node_config["partition-id"] == 2
    assert server_context().run_id == asked.metadata.run_id


def test_records_keep_their_entries_where_we_put_them() -> None:
    import numpy as np
    from flwr.app import MetricRecord, RecordDict

    from fl.grid.flower import LiveArray, LiveContent

    for record in (MetricRecord({"a": 1}), RecordDict({"b": MetricRecord()})):
        assert "_data" in record.__dict__, "Flower's records no longer keep entries in _data: adapt flower._entries."
    values = np.array([1.0, 2.0], dtype=np.float32)
    content = LiveContent({"weights": LiveArray(values)}, {"num-examples": 3})
    plain = RecordDict({"arrays": content["arrays"], "metrics": content["metrics"]})
    assert content == plain
    assert dict(content.array_records) == dict(plain.array_records)
    assert dict(content.metric_records) == dict(plain.metric_records) == {"metrics": MetricRecord({"num-examples": 3})}
    content["metrics"] = MetricRecord({"num-examples": 4})
    assert content.metric_records["metrics"]["num-examples"] == 4, "what a wrapper of a strategy puts in is not read."


def test_the_simulation_keeps_its_nodes_in_the_order_of_their_partition() -> None:
    register = part("flwr.server.superlink.fleet.vce.vce_api", "_register_nodes")
    state_factory = part("flwr.server.superlink.linkstate", "LinkStateFactory")(
        part("flwr.supercore.constant", "FLWR_IN_MEMORY_DB_NAME"),
        part("flwr.superlink.federation", "NoOpFederationManager")(),
        part("flwr.supercore.object_store", "ObjectStoreFactory")(),
    )
    mapping = register(num_nodes=20, state_factory=state_factory)
    nodes = [node.node_id for node in state_factory.state().get_node_info()]
    assert [mapping[node] for node in nodes] == list(range(20)), (
        "Flower's simulation no longer lists nodes in the order of partition-id: adapt fl.grid.flower.positions."
    )


CALLS = {
    ("flwr.supercore.control", "ControlHttpClient"): ("RegisterNode", "UnregisterNode", "ListNodes", "StartRun"),
    ("flwr.supercore.runtime", "RuntimeHttpClient"): (
        *("AcquireTask", "PullTaskInput", "PushTaskOutput", "SendTaskHeartbeat"),
        *("PullMessages", "PullObject", "ConfirmMessageReceived"),
    ),
    ("flwr.supernode.fleet_http_client", "FleetHttpClient"): (
        *("ActivateNode", "DeactivateNode", "SendNodeHeartbeat"),
        *("PullMessages", "PullObject", "ConfirmMessageReceived", "PushMessages", "PushObject"),
    ),
    ("flwr.superlink.grid", "HttpGrid"): ("push_messages", "get_nodes", "set_run", "close", "_runtime_client"),
}


@pytest.mark.parametrize(("module", "name"), CALLS)
def test_the_clients_of_a_superlink_offer_the_calls_we_make(module: str, name: str) -> None:
    client = part(module, name, "superlink")
    missing = [call for call in CALLS[module, name] if not hasattr(client, call)]
    assert not missing, f"Flower's {name} lost {', '.join(missing)}: adapt fl/grid/superlink.py."


def test_what_else_a_superlink_needs_is_where_we_use_it() -> None:
    for module, names in {
        "flwr.common.serde": ("context_from_proto", "fab_to_proto", "message_to_proto", "run_from_proto"),
        "flwr.supercore.inflatable.inflatable_utils": ("pull_and_inflate_object_from_tree", "push_objects"),
        "flwr.supernode.node_auth_http_interceptor": ("NodeAuthHttpInterceptor",),
        "flwr.supercore.interceptors": ("RuntimeVersionHttpInterceptor",),
        "flwr.app.message": ("remove_content_from_message",),
    }.items():
        for name in names:
            part(module, name, "superlink")


def test_flower_takes_a_bundle_without_code() -> None:
    from fl.grid.superlink import empty_bundle

    config = part("flwr.cli.config_utils", "get_fab_metadata", "superlink")(empty_bundle())
    assert config[0] == "medhive/medhive", "Flower reads its bundles otherwise: adapt empty_bundle in superlink.py."
