"""Who may do what: one table, read by pages and API alike. What is not in it is refused."""

from enum import StrEnum


class Role(StrEnum):
    """What a person is here. A visitor is nobody signed in."""

    VISITOR = "visitor"
    USER = "user"
    CONTRIBUTOR = "contributor"
    PROVIDER = "data provider"
    ADMIN = "admin"


class Action(StrEnum):
    """Everything that can be allowed or refused."""

    VIEW_HOME = "view home"
    ASK_COMPANION = "ask the companion"
    VIEW_HIVE = "view model hive"
    PREDICT = "use a model"
    KEEP_CONVERSATIONS = "keep conversations"
    CONTRIBUTE = "contribute data or computing"
    CONTRIBUTE_DATA = "contribute data"
    VIEW_OWN_BENEFIT = "see the benefit of the own site"
    WATCH_RUNS = "watch runs"
    START_RUN = "start a run"
    CANCEL_RUN = "cancel a run"
    PROMOTE = "promote or roll back a model"
    VIEW_AUDIT = "read the audit log"
    MANAGE_SITES = "let sites' machines in and out"
    MANAGE_SOURCES = "manage the companion's sources"
    MANAGE_PEOPLE = "manage people"
    SET_UP_COMPANION = "set up the companion"


_EVERYONE = frozenset({Action.VIEW_HOME, Action.ASK_COMPANION, Action.VIEW_HIVE, Action.PREDICT})
_SIGNED_IN = _EVERYONE | {Action.KEEP_CONVERSATIONS}

ALLOWED: dict[Role, frozenset[Action]] = {
    Role.VISITOR: _EVERYONE,
    Role.USER: _SIGNED_IN,
    Role.CONTRIBUTOR: _SIGNED_IN | {Action.CONTRIBUTE, Action.WATCH_RUNS},
    Role.PROVIDER: _SIGNED_IN | {Action.CONTRIBUTE, Action.CONTRIBUTE_DATA, Action.VIEW_OWN_BENEFIT, Action.WATCH_RUNS},
    Role.ADMIN: frozenset(Action),
}


def allowed(role: Role | str, action: Action) -> bool:
    """Whether ``role`` may do ``action``; an unknown role may do nothing."""
    return action in ALLOWED.get(Role(role), frozenset()) if role in set(Role) else False
