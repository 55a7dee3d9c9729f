"""Every route × every role: one table. A route that is missing from it fails the test."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from parvis.api.app import ROUTERS
from tests.contract.api_world import PASSWORD, World, picture, tone, world

ROLES = ("nobody", "stranger", "speaker", "co-host", "acting host", "host", "operator")
NAMES = {
    "stranger": "zoe",
    "speaker": "sam",
    "co-host": "cleo",
    "acting host": "cleo",
    "host": "ana",
    "operator": "olga",
}
SDP = "application/sdp"
ME = "/api/v1/accounts/me"
ALONE = {("DELETE", ME), ("DELETE", "/api/v1/sessions"), ("POST", f"{ME}/password")}
"""Who asks this has an account of its own for it: other sessions of that account end."""

# Each cell is tried in a fresh Space: ana is its host, cleo co-host, sam speaker, and tess another speaker.
# Where the acting host asks, ana is away and cleo acts; the operator is olga, who has no seat.
# 503 on WHIP and WHEP is `stage-away`: the asker was let through to a stage, and there is none here. Nobody
# patches another's session; ana is the only monitor. 409 on a rescue
# is `host-not-suspended`; 404 on the answer to a handoff is `handoff-unknown`. 409 on hands is
# `already-seated`, on a message that tess wrote `restore-late`, on passkeys `passkeys-off`: there are none
# where control is reached by an address; 404 on OpenID is `openid-off`. What follows a `?` says that a route
# asks more for one body than for another.
#
#    method    path                                       nobody stranger speaker co-host acting host operator
TABLE = """
     POST      /api/v1/accounts                               201    201     201    201    201   201   201
     POST      /api/v1/accounts/{handle}/suspension           401    403     403    403    403   403   201
     DELETE    /api/v1/accounts/{handle}/suspension           401    403     403    403    403   403   204
     PATCH     /api/v1/accounts/me                            401    200     200    200    200   200   200
     POST      /api/v1/accounts/me/password                   401    204     204    204    204   204   204
     PUT       /api/v1/accounts/me/avatar                     401    200     200    200    200   200   200
     DELETE    /api/v1/accounts/me/avatar                     401    204     204    204    204   204   204
     GET       /api/v1/accounts/me/export                     401    200     200    200    200   200   200
     DELETE    /api/v1/accounts/me                            401    204     204    204    204   204   403
     GET       /api/v1/accounts/me/following                  401    200     200    200    200   200   200
     GET       /api/v1/accounts/me/blocks                     401    200     200    200    200   200   200
     GET       /api/v1/accounts/me/invitations                401    200     200    200    200   200   200
     DELETE    /api/v1/accounts/me/invitations/{invitation}   401    404     404    404    404   404   404
     GET       /api/v1/accounts/me/passkeys                   401    200     200    200    200   200   200
     POST      /api/v1/accounts/me/passkeys                   401    409     409    409    409   409   409
     POST      /api/v1/accounts/me/passkeys/options           401    409     409    409    409   409   409
     DELETE    /api/v1/accounts/me/passkeys/{passkey}         401    404     404    404    404   404   404
     GET       /api/v1/accounts/{handle}                      200    200     200    200    200   200   200
     PUT       /api/v1/accounts/{handle}/follow               401    204     204    204    204   204   204
     DELETE    /api/v1/accounts/{handle}/follow               401    204     204    204    204   204   204
     PUT       /api/v1/accounts/{handle}/block                401    204     204    204    204   204   204
     DELETE    /api/v1/accounts/{handle}/block                401    204     204    204    204   204   204
     GET       /api/v1/sessions                               401    200     200    200    200   200   200
     DELETE    /api/v1/sessions                               401    204     204    204    204   204   204
     POST      /api/v1/sessions/another                       401    201     201    201    201   201   201
     GET       /api/v1/sessions/ways                          200    200     200    200    200   200   200
     DELETE    /api/v1/sessions/{session}                     401    404     404    404    404   404   404
     POST      /api/v1/sessions/passkey                       409    409     409    409    409   409   409
     POST      /api/v1/sessions/passkey/options               409    409     409    409    409   409   409
     GET       /api/v1/sessions/openid                        404    404     404    404    404   404   404
     GET       /api/v1/sessions/openid/callback               404    404     404    404    404   404   404
     POST      /api/v1/sessions                               201    201     201    201    201   201   201
     GET       /api/v1/sessions/current                       401    200     200    200    200   200   200
     DELETE    /api/v1/sessions/current                       401    204     204    204    204   204   204
     POST      /api/v1/spaces                                 401    201     201    201    201   201   201
     GET       /api/v1/spaces                                 200    200     200    200    200   200   200
     GET       /api/v1/spaces/{space}                         200    200     200    200    200   200   200
     PATCH     /api/v1/spaces/{space}                         401    403     403    200    200   200   403
     POST      /api/v1/spaces/{space}/start                   401    403     403    200    200   200   403
     POST      /api/v1/spaces/{space}/end                     401    403     403    403    200   200   403
     GET       /api/v1/spaces/{space}/seats                   401    403     200    200    200   200   403
     POST      /api/v1/spaces/{space}/seats                   401    201     201    201    201   201   201
     PATCH     /api/v1/spaces/{space}/seats/{handle}          401    403     403    403    200   200   403
     DELETE    /api/v1/spaces/{space}/seats/{handle}          401    403     403    204    204   204   403
     POST      /api/v1/spaces/{space}/seats/mute              401    403     403    200    200   200   403
     POST      /api/v1/spaces/{space}/hands                   401    201     409    409    409   409   201
     GET       /api/v1/spaces/{space}/hands/mine              401    404     404    404    404   404   404
     DELETE    /api/v1/spaces/{space}/hands/mine              401    404     404    404    404   404   404
     GET       /api/v1/spaces/{space}/hands                   401    403     403    200    200   200   403
     PATCH     /api/v1/spaces/{space}/hands/{hand}            401    403     403    200    200   200   403
     DELETE    /api/v1/spaces/{space}/hands                   401    403     403    204    204   204   403
     POST      /api/v1/spaces/{space}/bans                    401    403     403    201    201   201   403
     GET       /api/v1/spaces/{space}/bans                    401    403     403    200    200   200   403
     DELETE    /api/v1/spaces/{space}/bans/{handle}           401    403     403    404    404   404   403
     POST      /api/v1/spaces/{space}/messages                401    201     201    201    201   201   201
     GET       /api/v1/spaces/{space}/messages                401    200     200    200    200   200   200
     DELETE    /api/v1/spaces/{space}/messages/{message}      401    403     403    204    204   204   403
     POST      /api/v1/spaces/{space}/messages/{message}/restore  401  403   403    409    409   409   403
     PUT       /api/v1/spaces/{space}/pinned                  401    403     403    200    200   200   403
     DELETE    /api/v1/spaces/{space}/pinned                  401    403     403    204    204   204   403
     POST      /api/v1/spaces/{space}/polls                   401    403     403    201    201   201   403
     GET       /api/v1/spaces/{space}/polls                   200    200     200    200    200   200   200
     POST      /api/v1/spaces/{space}/polls/{poll}/close      401    403     403    200    200   200   403
     POST      /api/v1/spaces/{space}/invitations             401    403     403    201    201   201   403
     POST      /api/v1/spaces/{space}/invitations?co-host     401    403     403    403    201   201   403
     GET       /api/v1/spaces/{space}/invitations             401    403     403    200    200   200   403
     DELETE    /api/v1/spaces/{space}/invitations/{invitation}  401  403     403    404    404   404   403
     POST      /api/v1/spaces/{space}/handoff                 401    403     403    202    202   202   201
     POST      /api/v1/spaces/{space}/handoff-codes           401    403     403    403    201   201   403
     POST      /api/v1/spaces/{space}/handoffs/{handoff}/accept   401  403   403    404    404   404   403
     POST      /api/v1/spaces/{space}/handoffs/{handoff}/decline  401  403   403    404    404   404   403
     POST      /api/v1/spaces/{space}/rescue                  401    403     403    409    409   409   403
     GET       /api/v1/spaces/{space}/log                     401    403     403    200    200   200   200
     GET       /api/v1/log                                    401    403     403    403    403   403   200
     PUT       /api/v1/spaces/{space}/standby-loop            401    403     403    200    200   200   403
     DELETE    /api/v1/spaces/{space}/standby-loop            401    403     403    204    204   204   403
     POST      /api/v1/spaces/{space}/cancel                  401    403     403    403    409   200   403
     POST      /api/v1/spaces/{space}/duplicate               401    403     403    201    201   201   403
     PUT       /api/v1/spaces/{space}/cover                   401    403     403    200    200   200   403
     DELETE    /api/v1/spaces/{space}/cover                   401    403     403    204    204   204   403
     POST      /api/v1/spaces/{space}/passes                  401    403     403    201    201   201   403
     GET       /api/v1/spaces/{space}/passes                  401    403     403    200    200   200   403
     DELETE    /api/v1/spaces/{space}/passes/{pass_id}        401    403     403    404    404   404   403
     POST      /api/v1/spaces/{space}/badge                   401    201     201    201    201   201   201
     GET       /api/v1/spaces/{space}/audience                401    200     200    200    200   200   200
     GET       /api/v1/spaces/{space}/calendar.ics            200    200     200    200    200   200   200
     GET       /api/v1/accounts/{handle}/calendar.ics         200    200     200    200    200   200   200
     POST      /api/v1/spaces/{space}/captions                401    403     403    409    409   409   403
     PUT       /api/v1/spaces/{space}/captions/{caption}      401    403     403    409    409   409   403
     GET       /api/v1/captioners                             200    200     200    200    200   200   200
     GET       /api/v1/listings                               200    200     200    200    200   200   200
     GET       /api/v1/search                                 422    422     422    422    422   422   422
     GET       /api/v1/spaces/{space}/events                  401    403     200    200    200   200   403
     POST      /api/v1/whip/{space}                           401    403     503    503    503   503   403
     DELETE    /api/v1/whip/{space}/{session}                 401    403     403    503    503   503   403
     PATCH     /api/v1/whip/{space}/{session}                 401    403     403    403    403   403   403
     OPTIONS   /api/v1/whip/{space}                           200    200     200    200    200   200   200
     OPTIONS   /api/v1/whip/{space}/{session}                 200    200     200    200    200   200   200
     POST      /api/v1/whep/{space}                           401    403     403    403    403   503   403
     PATCH     /api/v1/whep/{space}/{session}                 401    403     403    403    403   403   403
     DELETE    /api/v1/whep/{space}/{session}                 401    403     403    503    503   503   403
     OPTIONS   /api/v1/whep/{space}                           200    200     200    200    200   200   200
     OPTIONS   /api/v1/whep/{space}/{session}                 200    200     200    200    200   200   200
     GET       /healthz                                       200    200     200    200    200   200   200
     HEAD      /healthz                                       200    200     200    200    200   200   200
     GET       /metrics                                       403    403     403    403    403   403   403
     HEAD      /metrics                                       403    403     403    403    403   403   403
     GET       /                                              503    503     503    503    503   503   503
     HEAD      /                                              503    503     503    503    503   503   503
     GET       /@{handle}                                     503    503     503    503    503   503   503
     HEAD      /@{handle}                                     503    503     503    503    503   503   503
     GET       /covers/{file}                                 404    404     404    404    404   404   404
     HEAD      /covers/{file}                                 404    404     404    404    404   404   404
     GET       /previews/{file}                               404    404     404    404    404   404   404
     HEAD      /previews/{file}                               404    404     404    404    404   404   404
     GET       /oembed                                        422    422     422    422    422   422   422
     GET       /studio                                        503    503     503    503    503   503   503
     HEAD      /studio                                        503    503     503    503    503   503   503
     GET       /studio/{space}                                503    503     503    503    503   503   503
     HEAD      /studio/{space}                                503    503     503    503    503   503   503
     GET       /sign-in                                       503    503     503    503    503   503   503
     HEAD      /sign-in                                       503    503     503    503    503   503   503
     GET       /account                                       503    503     503    503    503   503   503
     HEAD      /account                                       503    503     503    503    503   503   503
     GET       /avatars/{file}                                404    404     404    404    404   404   404
     HEAD      /avatars/{file}                                404    404     404    404    404   404   404
     GET       /assets/{file}                                 404    404     404    404    404   404   404
     HEAD      /assets/{file}                                 404    404     404    404    404   404   404
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]


async def ask(w: World, client: httpx.AsyncClient, method: str, path: str, role: str) -> int:
    """The status of a sound request to this route; {handle} is another speaker's seat."""
    space = "0123456789"
    await w.person("ana")
    if "{space}" in path:
        space = await w.space("ana")
        await w.seat(space, "ana", "cleo", "co-host")
        for speaker in ("sam", "tess"):
            await w.seat(space, "ana", speaker)
        if role == "acting host":
            await w.act_as_host(space, "ana", "cleo")
    other = await w.space("zoe")
    await (await w.person("zoe")).post(f"/api/v1/spaces/{other}/start")
    await w.person("tess")
    manners = await ask_beforehand(w, space, path)
    url = path.format(
        space=space,
        handle="tess",
        session="tess.s3cret",
        file="studio-1.js",
        handoff="no-such-handoff",
        pass_id="no-such-pass",
        caption="h1",
        **manners,
        passkey="no-such-passkey",
        invitation="no-such-invitation",
    )
    seats = "/api/v1/spaces/{space}/seats"
    code = await w.invitation(space, "ana") if path == seats else ""
    bodies: dict[tuple[str, str], dict[str, object]] = {
        ("POST", "/api/v1/accounts"): {
            "handle": f"new_{role.translate({ord('-'): '_', ord(' '): '_'})}",
            "password": PASSWORD,
            "display_name": "New",
        },
        ("POST", "/api/v1/sessions"): {"handle": "ana", "password": PASSWORD},
        ("PATCH", ME): {"bio": "Hello."},
        ("POST", f"{ME}/password"): {"current": PASSWORD, "new": PASSWORD},
        ("DELETE", ME): {"password": PASSWORD},
        ("POST", f"{ME}/passkeys"): {"name": "Phone", "credential": {}},
        ("POST", "/api/v1/sessions/passkey"): {"credential": {}},
        ("POST", "/api/v1/spaces"): {"title": "Another"},
        ("PATCH", "/api/v1/spaces/{space}"): {"title": "Other words"},
        ("POST", "/api/v1/spaces/{space}/seats"): {"invitation": code},
        # A role is for the host and who acts for it; a mute would do for co-hosts, too.
        ("PATCH", "/api/v1/spaces/{space}/seats/{handle}"): {"role": "speaker"},
        ("POST", "/api/v1/spaces/{space}/handoff"): {"to": other, "reason": "The other room is better."},
        ("POST", "/api/v1/accounts/{handle}/suspension"): {"reason": "A test."},
        ("POST", "/api/v1/spaces/{space}/invitations"): {},
        ("POST", "/api/v1/spaces/{space}/invitations?co-host"): {"role": "co-host"},
        ("POST", "/api/v1/spaces/{space}/captions"): {"text": "What was said."},
        ("PUT", "/api/v1/spaces/{space}/captions/{caption}"): {"text": "What was really said."},
        ("PATCH", "/api/v1/spaces/{space}/hands/{hand}"): {"state": "called"},
        ("POST", "/api/v1/spaces/{space}/bans"): {"handle": "tess", "reason": "A test."},
        ("POST", "/api/v1/spaces/{space}/messages"): {"text": "Hello"},
        ("PUT", "/api/v1/spaces/{space}/pinned"): {"message": manners["message"]},
        ("POST", "/api/v1/spaces/{space}/polls"): {"question": "Well?", "choices": ["Yes", "No"]},
    }
    if (method, path) in ALONE and role != "nobody" and (role, path) != ("operator", ME):
        client = await w.person(f"gone_{ROLES.index(role)}")
    if path.startswith("/api/v1/whep/"):
        named = await (await w.person("ana")).patch(f"/api/v1/spaces/{space}", json={"monitors": ["ana"]})
        assert named.status_code == 200
    if method == "PATCH" and path.endswith("/{session}"):
        tagged = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"}
        return (await client.patch(url, content="a=end-of-candidates\r\n", headers=tagged)).status_code
    if method == "POST" and path.startswith(("/api/v1/whip/", "/api/v1/whep/")):
        return (await client.post(url, content="v=0\r\n", headers={"Content-Type": SDP})).status_code
    if path.endswith(("/cover", "/avatar")) and method == "PUT":
        return (await client.put(url, content=picture(), headers={"Content-Type": "image/png"})).status_code
    if path.endswith("/standby-loop") and method == "PUT":
        return (await client.put(url, content=tone(), headers={"Content-Type": "audio/wav"})).status_code
    if path.endswith("/events"):
        w.services.closing.set()  # the stream ends after its first line
    return (await client.request(method, url, json=bodies.get((method, path)))).status_code


async def ask_beforehand(w: World, space: str, path: str) -> dict[str, str]:
    """Ids of a hand, a message of tess and an open poll, where a path or its body needs them."""
    found = {"hand": "none", "message": "1", "poll": "none"}
    if "{hand}" in path:
        hand = await (await w.person("kim")).post(f"/api/v1/spaces/{space}/hands")
        found["hand"] = hand.json()["id"]
    if "{message}" in path or path.endswith("/pinned"):
        said = await (await w.person("tess")).post(f"/api/v1/spaces/{space}/messages", json={"text": "Hi"})
        found["message"] = said.json()["id"]
    if "{poll}" in path:
        asked = {"question": "Well?", "choices": ["Yes", "No"]}
        poll = await (await w.person("ana")).post(f"/api/v1/spaces/{space}/polls", json=asked)
        # Where cleo acts, ana is away, but host all the same.
        found["poll"] = poll.json()["id"]
    return found


def test_the_table_has_every_route() -> None:
    routes = {
        (method, route.path) for router in ROUTERS for route in router.routes for method in route.methods
    }
    assert {(method, path.partition("?")[0]) for method, path, *_ in ROWS} == routes


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
async def test_status_by_role(row: list[str], tmp_path: Path) -> None:
    method, path, *expected = row
    found = []
    async with world(tmp_path, metrics_token="m3tric") as w:
        for role in ROLES:
            client = w.nobody("203.0.113.9")
            if role != "nobody":
                await sign_in(w, client, NAMES[role])
            if role == "operator":
                await w.make_operator("olga")
            found.append(str(await ask(w, client, method, path, role)))
            w.services.closing.clear()
    assert dict(zip(ROLES, found, strict=True)) == dict(zip(ROLES, expected, strict=True))


async def sign_in(w: World, client: httpx.AsyncClient, handle: str) -> None:
    """A session of this client's own, so that it can also be ended."""
    await w.person(handle)
    answer = await client.post("/api/v1/sessions", json={"handle": handle, "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    client.cookies.clear()
