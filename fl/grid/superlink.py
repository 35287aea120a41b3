"""The other place that touches what Flower keeps private: a SuperLink's clients, from the worker and from a site.

Flower's own commands start a process for every run and for every message, which costs seconds each, and run at a site
whatever code the server sends. Here the worker takes a run over as its ServerApp, and a site's one process stays and
calls the ClientApp that is installed there: the code in a bundle that travels is never run, so the bundle is empty.

Private here: the three HTTP clients with their interceptors, the exchange of messages as trees of objects
(``flwr.supercore.inflatable``) and the identity of the process. tests/fl/test_flower_private_parts.py names the part
that moved when one does.
"""

import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from flwr.app import Array, ArrayRecord, Context, Message, RecordDict
from flwr.cli.build import build_fab_from_files
from flwr.common.constant import ErrorCode, SubStatus
from flwr.common.serde import context_from_proto, fab_to_proto, message_to_proto, run_from_proto
from flwr.proto.control_pb2 import ListNodesRequest, RegisterNodeRequest, StartRunRequest, UnregisterNodeRequest
from flwr.proto.fleet_pb2 import (
    ActivateNodeRequest,
    DeactivateNodeRequest,
    PullMessagesRequest,
    PushMessagesRequest,
)
from flwr.proto.heartbeat_pb2 import SendNodeHeartbeatRequest
from flwr.proto.node_pb2 import Node
from flwr.proto.runtime_pb2 import (
    AcquireTaskRequest,
    PullAppMessagesRequest,
    PullTaskInputRequest,
    PushTaskOutputRequest,
    SendTaskHeartbeatRequest,
)
from flwr.supercore.constant import TaskType
from flwr.supercore.control import ControlHttpClient
from flwr.supercore.fab import Fab
from flwr.supercore.inflatable.inflatable_object import (
    get_all_nested_objects,
    get_object_tree,
    no_object_id_recompute,
)
from flwr.supercore.inflatable.inflatable_protobuf_utils import (
    make_confirm_message_received_fn_protobuf,
    make_pull_object_fn_protobuf,
    make_push_object_fn_protobuf,
)
from flwr.supercore.inflatable.inflatable_utils import (
    ObjectPullError,
    ObjectPushError,
    pull_and_inflate_object_from_tree,
    push_objects,
)
from flwr.supercore.interceptors import RuntimeVersionHttpInterceptor
from flwr.supercore.runtime import RuntimeHttpClient
from flwr.supercore.task_identity import TaskIdentity
from flwr.superlink.grid import HttpGrid
from flwr.supernode.fleet_http_client import FleetHttpClient
from flwr.supernode.node_auth_http_interceptor import NodeAuthHttpInterceptor

from fl.grid.flower import values_of

NODE_SECONDS = 10  # between two signs of life of a site; after twice that the SuperLink takes it for gone
TASK_SECONDS = 10  # the same of the ServerApp
PARTS_SECONDS = 60.0  # how long the parts of a message may still be on their way
SHORTEST_WAIT, LONGEST_WAIT = 0.02, 0.5  # seconds before a part is asked for again; Flower's own commands wait one
_ON_THE_WAY = {ErrorCode.MESSAGE_UNAVAILABLE, ErrorCode.REPLY_MESSAGE_UNAVAILABLE, ErrorCode.NODE_UNAVAILABLE}

_BUNDLE = b"""
[project]
name = "medhive"
version = "1.0.0"
license = "Apache-2.0"
[tool.flwr.app]
publisher = "medhive"
[tool.flwr.app.components]
serverapp = "fl.server_app:app"
clientapp = "fl.client_app:app"
"""


class LinkError(Exception):
    """The SuperLink cannot be reached, or it refuses; the message is a sentence."""


class Unreachable(LinkError):
    """It may be there again in a moment."""


class Refused(LinkError):
    """It answers, and says no."""


@dataclass(frozen=True)
class NodeState:
    """What a SuperLink knows of a site: whether it is there, and since when."""

    online: bool
    activated: str


@contextmanager
def spoken(address: str) -> Iterator[None]:
    """Turn what goes wrong with HTTP into a sentence.

    Raises
    ------
    Unreachable, Refused
        See there.
    """
    try:
        yield
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        if code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unreachable(f"{address} is not ready: HTTP {code}.") from error
        raise Refused(f"{address} refuses: HTTP {code} {_said(error.response)}".strip() + ".") from error
    except httpx.TransportError as error:
        if isinstance(cause := _root(error), ssl.SSLCertVerificationError):
            raise Refused(
                f"{address} shows a certificate that the one in the bundle does not vouch for "
                f"({cause.verify_message}): ask for a new bundle, and do not go on without."
            ) from error
        raise Unreachable(f"{address} cannot be reached: {type(error).__name__}.") from error
    except (ObjectPullError, ObjectPushError) as error:
        raise Refused(f"{address} lost a part of a message.") from error


def _said(response: httpx.Response) -> str:
    with suppress(ValueError, AttributeError):
        document = response.json()
        return str(document.get("message") or document.get("detail") or "")
    return ""


def _root(error: BaseException) -> BaseException:
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error


class Control:
    """Registers sites and starts runs; only reached from the server's own machine.

    Parameters
    ----------
    address : ``host:port`` of the SuperLink.
    certificate : PEM of the authority that its certificate must come from.
    """

    def __init__(self, address: str, certificate: bytes) -> None:
        self._address = address
        version = RuntimeVersionHttpInterceptor(component_name="flwr CLI")
        self._client = ControlHttpClient.from_server_address(address, False, certificate, [version])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def register(self, public_key: str) -> int:
        """Let the holder of this key (PEM) connect; returns the node's number."""
        with spoken(self._address):
            return int(self._client.RegisterNode(RegisterNodeRequest(public_key=public_key.encode())).node_id)

    def unregister(self, node_id: int) -> None:
        """Let it connect no more."""
        with spoken(self._address):
            self._client.UnregisterNode(UnregisterNodeRequest(node_id=node_id))

    def nodes(self) -> dict[int, NodeState]:
        """Return every registered node."""
        with spoken(self._address):
            found = self._client.ListNodes(ListNodesRequest()).nodes_info
        return {node.node_id: NodeState(node.status == "online", node.last_activated_at) for node in found}

    def start_run(self) -> int:
        """Start a run without code of its own; returns its number."""
        bundle = fab_to_proto(Fab("", empty_bundle(), {}))
        with spoken(self._address):
            return int(self._client.StartRun(StartRunRequest(fab=bundle)).run_id)


def empty_bundle() -> bytes:
    """Return a bundle of Flower's that names the apps and brings none."""
    return build_fab_from_files({"pyproject.toml": _BUNDLE})[0]


class RunLink:
    """A run of the SuperLink, taken over by this process as its ServerApp.

    Parameters
    ----------
    address, certificate : as for Control.
    """

    def __init__(self, address: str, certificate: bytes) -> None:
        self._address = address
        with Control(address, certificate) as control, spoken(address):
            token = _take_over(control.start_run(), address, certificate)
            self._grid = HttpGrid(address, root_certificates=certificate, token=token)
            self._grid._retry_invoker = None  # type: ignore[assignment]  # it would wait on and on, deaf to a cancel
            self._client: RuntimeHttpClient = self._grid._runtime_client
            given = self._client.PullTaskInput(PullTaskInputRequest())
        TaskIdentity.run_id, TaskIdentity.task_id = given.run.run_id, given.task_id
        TaskIdentity.node_id = given.context.node_id
        self.run = run_from_proto(given.run)
        self.context: Context = context_from_proto(given.context)
        self._grid.set_run(self.run)
        self._closed = threading.Event()
        threading.Thread(target=self._live, name="sign of life", daemon=True).start()

    def push(self, messages: Sequence[Message]) -> None:
        """Leave messages for their sites."""
        with spoken(self._address):
            self._grid.push_messages(messages)

    def pull(self, message_ids: Sequence[str]) -> dict[str, Message | None]:
        """Return the replies that have come to these messages; None for one that was lost on its way."""
        found: dict[str, Message | None] = {}
        with spoken(self._address):
            answer = self._client.PullMessages(PullAppMessagesRequest(message_ids=message_ids))
        for envelope, tree in zip(answer.messages_list, answer.message_object_trees, strict=True):
            reply = None
            with suppress(Refused), spoken(self._address):
                reply = _inflated(tree, self._client, self._grid.node, self.run.run_id)
            lost = reply is None or (reply.has_error() and reply.error.code in _ON_THE_WAY)
            found[envelope.metadata.reply_to_message_id] = None if lost else reply
        return found

    def online(self) -> dict[int, NodeState]:
        """Return the nodes that are there."""
        with spoken(self._address):
            return {node.node_id: NodeState(True, node.last_activated_at) for node in self._grid.get_nodes()}

    def close(self, *, done: bool) -> None:
        """Tell the SuperLink that the run has ended; best effort, it finds out by itself."""
        self._closed.set()
        status = SubStatus.COMPLETED if done else SubStatus.STOPPED
        with suppress(LinkError), spoken(self._address):
            self._client.PushTaskOutput(PushTaskOutputRequest(sub_status=status, details=""))
        self._grid.close()

    def _live(self) -> None:
        while not self._closed.wait(TASK_SECONDS):
            with suppress(LinkError), spoken(self._address):
                self._client.SendTaskHeartbeat(SendTaskHeartbeatRequest())


def _take_over(run_id: int, address: str, certificate: bytes) -> str:
    """Return the token of the run's ServerApp; those that a process left behind which died are thrown away."""
    version = RuntimeVersionHttpInterceptor(component_name="SuperExec")
    with RuntimeHttpClient.from_server_address(address, False, certificate, [version]) as client:
        while True:
            task = client.AcquireTask(AcquireTaskRequest(supported_task_types=[TaskType.SERVER_APP]))
            if not task.token:
                raise Unreachable(f"{address} has given run {run_id} to another process.")
            if task.task.run_id == run_id:
                return str(task.token)


class NodeLink:
    """A site's connection to the SuperLink.

    Parameters
    ----------
    address, certificate : as for Control.
    key : the site's own; it proves to the SuperLink who asks.
    """

    def __init__(self, address: str, certificate: bytes, key: EllipticCurvePrivateKey) -> None:
        self._address = address
        self._public_key = _public_pem(key)
        self._client = FleetHttpClient.from_server_address(
            address,
            False,
            certificate,
            [
                RuntimeVersionHttpInterceptor(component_name="SuperNode"),
                NodeAuthHttpInterceptor(key, key.public_key()),
            ],
        )
        self._node = Node()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._node.node_id:
            with suppress(LinkError), spoken(self._address):
                self._client.DeactivateNode(DeactivateNodeRequest(node_id=self._node.node_id))
        self._client.close()

    def activate(self, earlier: int) -> int:
        """Say that this site is there; returns its number.

        Parameters
        ----------
        earlier : the number it had when it was last there; a process that was killed could not say that it goes.
        """
        with suppress(LinkError), spoken(self._address):
            self._client.DeactivateNode(DeactivateNodeRequest(node_id=earlier))
        asked = ActivateNodeRequest(public_key=self._public_key, heartbeat_interval=NODE_SECONDS)
        with spoken(self._address):
            self._node = Node(node_id=self._client.ActivateNode(asked).node_id)
        return int(self._node.node_id)

    def heartbeat(self) -> None:
        """Say that this site is still there."""
        asked = SendNodeHeartbeatRequest(node=self._node, heartbeat_interval=NODE_SECONDS)
        with spoken(self._address):
            self._client.SendNodeHeartbeat(asked)

    def receive(self) -> Message | None:
        """Return the next message to this site, if there is one."""
        with spoken(self._address):
            answer = self._client.PullMessages(PullMessagesRequest(node=self._node))
            if not answer.messages_list:
                return None
            run_id = answer.messages_list[0].metadata.run_id
            return _inflated(answer.message_object_trees[0], self._client, self._node, run_id)

    def reply(self, message: Message, seconds: float) -> None:
        """Send a reply that took ``seconds`` to compute."""
        set_message_id(message, message.object_id)
        with spoken(self._address), no_object_id_recompute():
            answer = self._client.PushMessages(
                PushMessagesRequest(
                    node=self._node,
                    messages_list=[message_to_proto(_without_content(message))],
                    message_object_trees=[get_object_tree(message)],
                    clientapp_runtime_list=[seconds],
                )
            )
            run_id, session = message.metadata.run_id, answer.session_id
            push = make_push_object_fn_protobuf(self._client.PushObject, self._node, run_id, session)
            push_objects(get_all_nested_objects(message), push, object_ids_to_push=set(answer.objects_to_push))


def _inflated(tree: Any, client: FleetHttpClient | RuntimeHttpClient, node: Node, run_id: int) -> Message:
    """Return the message whose parts ``tree`` names; they may still be on their way here, for a moment."""
    message: Message = pull_and_inflate_object_from_tree(
        tree,
        make_pull_object_fn_protobuf(client.PullObject, node, run_id),
        make_confirm_message_received_fn_protobuf(client.ConfirmMessageReceived, node, run_id),
        return_type=Message,
        max_time=PARTS_SECONDS,
        initial_backoff=SHORTEST_WAIT,
        backoff_cap=LONGEST_WAIT,
    )
    set_message_id(message, tree.object_id)
    return message


def set_message_id(message: Message, message_id: str) -> None:
    """Give a message the number that Flower gives it when it travels."""
    message.metadata.__dict__["_message_id"] = message_id


def plain(content: RecordDict) -> RecordDict:
    """Return ``content`` with arrays as bytes, which is how Flower sends them."""
    records: Mapping[str, Any] = dict(content)
    return RecordDict({name: _plain(record) for name, record in records.items()})


def _plain(record: Any) -> Any:
    if not isinstance(record, ArrayRecord):
        return record
    return ArrayRecord({name: Array(values_of(array)) for name, array in record.items()})


def _without_content(message: Message) -> Message:
    from flwr.app.message import remove_content_from_message

    return remove_content_from_message(message)


def _public_pem(key: EllipticCurvePrivateKey) -> bytes:
    from flwr.supercore.primitives.asymmetric import public_key_to_bytes

    return public_key_to_bytes(key.public_key())
