"""Signing in at a real OpenID provider (`oidc-provider`), as a browser does; and tokens that lie."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from parvis.api.paths import OPENID_CALLBACK
from parvis.api.routes.openid import COOKIE
from parvis.errors import Refused
from parvis.people.openid import OpenId, Provider, handle_stem, is_local_path
from tests.contract.api_world import PASSWORD, World, world
from tests.contract.openid_provider import SECRET, openid_provider
from tests.parvis import free_ports

CONTROL = "http://127.0.0.1:8081"
BOTH = pytest.mark.usefixtures("any_database")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with openid_provider(CONTROL) as at:
        yield at


@asynccontextmanager
async def world_with(issuer: str, folder: Path, **more: Any) -> AsyncIterator[World]:
    settings = {
        "openid_issuer": issuer,
        "openid_client_id": "parvis",
        "openid_client_secret": SECRET,
        "openid_name": "Gazette",
        **more,
    }
    async with world(folder, more=settings) as w:
        yield w


async def begin(client: httpx.AsyncClient, return_to: str = "/studio/0123456789") -> str:
    """Where the browser is led."""
    answer = await client.get("/api/v1/sessions/openid", params={"return_to": return_to})
    assert answer.status_code == 303, answer.text
    assert "HttpOnly" in answer.headers["set-cookie"]
    return answer.headers["location"]


async def at_the_provider(url: str, name: str) -> str:
    """Signs in and agrees on the provider's own pages; the address to which it sends the browser back."""
    async with httpx.AsyncClient(follow_redirects=False) as browser:
        for _ in range(12):
            answer = await browser.get(url)
            while answer.status_code in (302, 303):
                url = str(answer.url.join(answer.headers["location"]))
                if url.startswith(CONTROL):
                    return url
                answer = await browser.get(url)
            [action] = re.findall(r'action="([^"]+)"', answer.text)
            [prompt] = re.findall(r'name="prompt" value="(\w+)"', answer.text)
            fields = {"prompt": prompt} | ({"login": name, "password": "x"} if prompt == "login" else {})
            answer = await browser.post(str(answer.url.join(action)), data=fields)
            url = str(answer.url.join(answer.headers["location"]))
    raise AssertionError("the provider leads nowhere")


async def come_back(client: httpx.AsyncClient, url: str) -> str:
    """Where control sends the browser in the end."""
    parsed = httpx.URL(url)
    answer = await client.get(parsed.path, params=dict(parsed.params))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


@BOTH
async def test_a_stranger_signs_in_and_comes_again(issuer: str, tmp_path: Path) -> None:
    async with world_with(issuer, tmp_path) as w:
        client = w.nobody()
        assert (await client.get("/api/v1/sessions/ways")).json()["openid"] == "Gazette"
        ids = []
        for _ in range(2):
            back = await at_the_provider(await begin(client), "leo")
            assert await come_back(client, back) == "/studio/0123456789"
            mine = (await client.get("/api/v1/sessions/current")).json()["account"]
            assert (mine["handle"], mine["display_name"]) == ("leo_marchand", "Léo Marchand")
            assert mine["has_password"] is False
            ids.append(mine["id"])
            # The same answer again is no answer, and nobody knows any more where it began.
            assert await come_back(client, back) == "/studio#openid=openid-refused"
        assert ids[0] == ids[1]
        [kept] = (await client.get("/api/v1/accounts/me/export")).json()["kept"]["identities"]
        assert (kept["issuer"], kept["subject"]) == (issuer, "leo")
        signed = await w.nobody().post(
            "/api/v1/sessions", json={"handle": "leo_marchand", "password": PASSWORD}
        )
        assert signed.json()["code"] == "credentials-wrong", "there is no password to guess"


@BOTH
async def test_a_handle_that_is_taken_gets_an_ending(issuer: str, tmp_path: Path) -> None:
    async with world_with(issuer, tmp_path) as w:
        await w.person("mia")
        client = w.nobody()
        await come_back(client, await at_the_provider(await begin(client), "mia"))
        mine = (await client.get("/api/v1/sessions/current")).json()["account"]
        assert re.fullmatch(r"mia_[0-9a-f]{4}", mine["handle"])


@BOTH
async def test_what_was_not_begun_here_is_refused(issuer: str, tmp_path: Path) -> None:
    async with world_with(issuer, tmp_path) as w:
        victim, attacker = w.nobody(), w.nobody()
        back = await at_the_provider(await begin(attacker), "mallory")
        assert await come_back(victim, back) == "/studio#openid=openid-refused", "no cookie of this sign-in"
        assert (await victim.get("/api/v1/sessions/current")).status_code == 401
        # What another browser tried once is over for its owner, too: told where it was begun.
        assert await come_back(attacker, back) == "/studio/0123456789#openid=openid-refused"
        late = await at_the_provider(await begin(attacker, "/sign-in?x=1#log"), "mallory")
        w.clock.ahead_s += 601
        assert await come_back(attacker, late) == "/sign-in?x=1#openid=openid-refused"
        state = httpx.URL(await begin(attacker, "/sign-in")).params["state"]
        forged = await come_back(attacker, f"{CONTROL}{OPENID_CALLBACK}?state={state}&code=forged")
        assert forged == "/sign-in#openid=openid-refused"
        path = "/api/v1/sessions/openid"
        attacker.cookies.set("parvis_openid_from", "%2F%2Fevil.example%2F", "127.0.0.1", path)
        assert await come_back(attacker, back) == "/studio#openid=openid-refused", "no page of this site"
        assert COOKIE not in attacker.cookies


@BOTH
async def test_strangers_may_be_kept_out(issuer: str, tmp_path: Path) -> None:
    async with world_with(issuer, tmp_path, openid_sign_up=False) as w:
        client = w.nobody()
        back = await at_the_provider(await begin(client), "zoe")
        assert await come_back(client, back) == "/studio/0123456789#openid=openid-no-account"


@BOTH
async def test_nobody_is_led_to_another_site(issuer: str, tmp_path: Path) -> None:
    async with world_with(issuer, tmp_path) as w:
        client = w.nobody()
        back = await at_the_provider(await begin(client, "//evil.example/"), "leo")
        assert await come_back(client, back) == "/studio"
    for path in ("//x", "/\\x", "https://x", "", "x", "/a\nb", "/a\\b"):
        assert not is_local_path(path), path
    assert is_local_path("/studio/0123456789?x=1#log")


@BOTH
async def test_a_provider_that_is_away(tmp_path: Path) -> None:
    [port] = free_ports(1)
    async with world_with(f"http://127.0.0.1:{port}", tmp_path) as w:
        answer = await w.nobody().get("/api/v1/sessions/openid", params={"return_to": "/sign-in"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in#openid=openid-away")
        assert "set-cookie" not in answer.headers


def test_handles_from_names() -> None:
    long = "a" * 40
    names = {"Léo.Marchand@example.net": "leo_marchand", "李": "guest", "": "guest", long: long[:24]}
    assert {name: handle_stem(name) for name in names} == names


# A provider that signs well and says what is wrong.

KEY = generate_private_key(SECP256R1())
PROVIDER = Provider("https://id.example", "parvis", "", "Example", signs_up=True)
NOW_S = int(time.time())
GOOD = {
    "iss": PROVIDER.issuer,
    "sub": "leo",
    "aud": "parvis",
    "exp": NOW_S + 86_400,
    "iat": NOW_S,
    "nonce": "n",
}
WRONG: Mapping[str, Mapping[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "others"},
    "several audiences, of somebody else": {"aud": ["parvis", "others"], "azp": "others"},
    "several audiences, of nobody": {"aud": ["parvis", "others"]},
    "too late": {"exp": NOW_S - 3_600},
    "from the future": {"iat": NOW_S + 3_600},
    "another question": {"nonce": "m"},
    "no question": {"nonce": None},
    "nobody": {"sub": ""},
}


def token(claims: Mapping[str, Any], key: Any = KEY, algorithm: str = "ES256", kid: str = "k") -> str:
    said = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(said, key, algorithm=algorithm, headers={"kid": kid})


def keys() -> dict[str, Any]:
    public = jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    return {"keys": [{**public, "kid": "k", "use": "sig", "alg": "ES256"}]}


def test_a_good_token_is_believed() -> None:
    assert OpenId.believed(PROVIDER, token(GOOD), "n", keys())["sub"] == "leo"


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_token_is_not_believed(kind: str) -> None:
    with pytest.raises(Refused, match="openid-refused"):
        OpenId.believed(PROVIDER, token({**GOOD, **WRONG[kind]}), "n", keys())


def test_another_key_or_none_is_not_believed() -> None:
    forged = (
        token(GOOD, generate_private_key(SECP256R1())),
        token(GOOD, kid="another"),
        token(GOOD, "", "none"),
        token(GOOD, "x" * 32, "HS256"),
        "no token",
        "",
    )
    for text in forged:
        with pytest.raises(Refused, match="openid-refused"):
            OpenId.believed(PROVIDER, text, "n", keys())
