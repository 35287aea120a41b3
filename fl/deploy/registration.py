"""Letting a site's machine in, and shutting it out: at the SuperLink and in the database, in this order."""

from data.database import transaction
from data.sites import ensure_site
from fl.deploy import nodes
from fl.deploy.hub import Hub, HubError
from fl.deploy.nodes import NodeError, NodeView


def register(node_id: int, *, site: str, by: int | None) -> NodeView:
    """Let the machine connect, as that of ``site``.

    Parameters
    ----------
    node_id : number in the list of machines.
    site : name of the organisation, made when it is new.
    by : who decided; None for the command line.

    Raises
    ------
    NodeError
        With a sentence when it does not wait, the site has another machine, or the SuperLink is not there.
    """
    from fl.grid.superlink import Control, LinkError

    node = _one(node_id)
    if node.state != "waiting":
        raise NodeError(f"machine {node_id} is {node.state}: only one that waits can be registered.")
    with transaction() as session:
        try:
            nodes.check_free(session, ensure_site(session, site).id, node_id)
        except NodeError:
            raise
        except ValueError as error:
            raise NodeError(str(error)) from None
    try:
        hub = Hub.read()
        with Control(hub.superlink, hub.certificate) as control:
            number = control.register(nodes.public_key_of(node_id))
    except (HubError, LinkError) as error:
        raise NodeError(str(error)) from None
    return nodes.mark_registered(node_id, number, site, by=by)


def revoke(node_id: int, *, by: int | None) -> NodeView:
    """Shut the machine out, now and for good; to come back, its site makes a new key.

    Raises
    ------
    NodeError
        With a sentence when the SuperLink is not there: until it is told, the machine is not shut out.
    """
    from fl.grid.superlink import Control, LinkError

    node = _one(node_id)
    if node.state == "revoked":
        raise NodeError(f"machine {node_id} is revoked already.")
    if node.state == "registered":
        try:
            hub = Hub.read()
            with Control(hub.superlink, hub.certificate) as control:
                if node.number in control.nodes():
                    control.unregister(node.number)
        except (HubError, LinkError) as error:
            raise NodeError(str(error)) from None
    return nodes.mark_revoked(node_id, by=by)


def _one(node_id: int) -> NodeView:
    return nodes.find(str(node_id))
