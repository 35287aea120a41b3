"""The two addresses that put the session cookie into a browser and take it out again."""

import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from accounts.people import AccountError
from accounts.sessions import COOKIE, SESSION_LIFE, exchange, sign_out

_PAGE_NAME = re.compile(r"[a-z_]{1,40}")


def enter(request: Request) -> Response:
    """Exchange a one-time code for the session cookie and go on to a page of ours."""
    if _from_elsewhere(request):
        return PlainTextResponse("Sign in on the account page of MedHive itself.", status_code=403)
    try:
        cookie = exchange(request.query_params.get("code", ""))
    except AccountError:
        return _back("/account?expired=1")
    sign_out(request.cookies.get(COOKIE))  # the browser's earlier session ends; a session never changes its person
    wanted = request.query_params.get("next", "")
    response = _back("/" + (wanted if _PAGE_NAME.fullmatch(wanted) else ""))
    _set(response, request, cookie, int(SESSION_LIFE.total_seconds()))
    return response


def leave(request: Request) -> Response:
    """Revoke the session on the server and take the cookie away."""
    if _from_elsewhere(request):
        return PlainTextResponse("Sign out on the account page of MedHive itself.", status_code=403)
    sign_out(request.cookies.get(COOKIE))
    response = _back("/")
    _set(response, request, "", 0)
    return response


routes = [Route("/auth/enter", enter), Route("/auth/leave", leave)]


def _from_elsewhere(request: Request) -> bool:
    """Whether another web site sent the browser here, to sign somebody in or out behind their back."""
    return request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}


def _back(to: str) -> Response:
    return RedirectResponse(
        to, status_code=303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )


def _set(response: Response, request: Request, value: str, seconds: int) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=secure)
