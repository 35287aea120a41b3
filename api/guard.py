"""Who may call which address. An address that is not in the table is refused."""

from fastapi import Request

from accounts.people import UserView
from accounts.permissions import Action, Role, allowed
from accounts.sessions import COOKIE, person_of
from api.problems import Problem

NEEDED: dict[str, Action] = {
    "/health": Action.VIEW_HOME,
    "/docs": Action.VIEW_HOME,
    "/openapi.json": Action.VIEW_HOME,
    "/tasks": Action.VIEW_HIVE,
    "/tasks/{task}/predict": Action.PREDICT,
    "/models": Action.VIEW_HIVE,
    "/models/{task}/card": Action.VIEW_HIVE,
    "/symptoms": Action.ASK_COMPANION,
    "/ask": Action.ASK_COMPANION,
}


def guard(request: Request) -> None:
    """Let the request pass when whoever sends its cookie may do what the address does; a dependency of every route."""
    person: UserView | None = person_of(request.cookies.get(COOKIE))
    role = person.role if person else Role.VISITOR
    action = NEEDED.get(getattr(request.scope.get("route"), "path", ""))
    if action is not None and allowed(role, action):
        return
    what = f"To {action}" if action else "To use this address"
    if person is None:
        raise Problem(401, f"{what}, sign in on the account page and send its cookie.")
    raise Problem(403, f"{what}, another role is needed; you are signed in as {role}.")
