"""Signing in at an OpenID provider (OpenID Connect Core 1.0, code flow with PKCE, RFC 9700).

- Off unless the operator names an issuer. What is asked for: who it is (`openid`) and what to call them
  (`profile`); no address of any kind.
- `state`, `nonce` and the PKCE verifier are random, are of one sign-in, and count once, for 10 minutes. A
  `state` belongs to the browser that began (a cookie): nobody is signed in by a link of somebody else's.
- The ID token's signature, issuer, audience, times and nonce are checked (§3.1.3.7). Who it is, is `issuer`
  and `sub`, nothing else: names and addresses change hands.
- Somebody new gets an account with a handle made of the provider's name for them; it has no password.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import jwt

from parvis.clock import Clock
from parvis.errors import Conflict, Refused, Unavailable
from parvis.people.account import DISPLAY_NAME_MAX, Account
from parvis.people.pending import Pending
from parvis.people.port import PeopleStore
from parvis.people.service import People, SignIn

with warnings.catch_warnings():
    # It wants the successor of the HTTP library that we use everywhere; both do what it needs.
    warnings.simplefilter("ignore")
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.httpx_client import AsyncOAuth2Client

SCOPE: Final = "openid profile"
_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
_LEEWAY_S: Final = 60
_TIMEOUT_S: Final = 5.0
_DISCOVERED_FOR_S: Final = 3_600.0
_RETRY_AFTER_S: Final = 5.0
_HANDLE_STEM_MAX: Final = 24
_TRIES: Final = 5
_SUBJECT_MAX: Final = 255


@dataclass(frozen=True, slots=True)
class Provider:
    """Where people may sign in, and as whom we come there. `signs_up`: strangers get an account."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    signs_up: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that was begun: where the browser goes, and what it must bring back in its cookie."""

    url: str
    browser: str


@dataclass(frozen=True, slots=True)
class _Step:
    browser: str
    nonce: str
    verifier: str
    return_to: str


class OpenId:
    """One provider. `callback` is our address, as it knows it."""

    def __init__(
        self, provider: Provider, store: PeopleStore, people: People, clock: Clock, callback: str
    ) -> None:
        self.provider = provider
        self._store = store
        self._people = people
        self._clock = clock
        self._callback = callback
        self._pending: Pending[str, _Step] = Pending(clock)
        self._found: tuple[float, dict[str, Any]] = (0.0, {})

    async def begin(self, return_to: str) -> Begun:
        """Raises `Unavailable` `openid-away`."""
        found = await self._discovered()
        step = _Step(
            secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), return_to
        )
        async with self._client() as client:
            url, state = client.create_authorization_url(
                found["authorization_endpoint"], nonce=step.nonce, code_verifier=step.verifier
            )
        self._pending.put(state, step)
        return Begun(str(url), step.browser)

    async def finish(self, state: str, code: str, browser: str, device: str) -> tuple[SignIn, str]:
        """The session, and where the browser wanted to go.

        Raises `Refused` `openid-refused`, `openid-no-account`, `account-suspended`, `Unavailable`
        `openid-away`.
        """
        step = self._pending.take(state)
        if step is None or not hmac.compare_digest(step.browser.encode(), browser.encode()):
            raise _refused("This sign-in was not begun here, or too long ago.")
        claims = await self._claims(code, step)
        account = await self._account(str(claims["sub"]), claims)
        return await self._people.begin_session(account, device), step.return_to

    # The provider.

    async def _claims(self, code: str, step: _Step) -> Mapping[str, Any]:
        """What the provider says of who came with this code."""
        found = await self._discovered()
        try:
            async with self._client() as client:
                token = await client.fetch_token(
                    found["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=step.verifier,
                )
                keys = await self._get(found["jwks_uri"])
                claims = self.believed(self.provider, str(token.get("id_token", "")), step.nonce, keys)
                if "userinfo_endpoint" not in found:
                    return claims
                answer = await client.get(found["userinfo_endpoint"])
                more = answer.raise_for_status().json()
        except OAuthError as error:
            raise _refused(f"The provider refuses: {error.error}.") from error
        except (httpx.HTTPError, ValueError) as error:
            raise _away() from error
        # It may be of somebody else (§5.3.2).
        return {**more, **claims} if isinstance(more, dict) and more.get("sub") == claims["sub"] else claims

    @staticmethod
    def believed(provider: Provider, id_token: str, nonce: str, keys: dict[str, Any]) -> dict[str, Any]:
        """The claims of an ID token, by the provider's keys (RFC 7517). Raises `Refused` `openid-refused`."""
        try:
            header = jwt.get_unverified_header(id_token)
            known = jwt.PyJWKSet.from_dict(keys).keys
            fitting = [key for key in known if "kid" not in header or key.key_id == header["kid"]]
            if len(fitting) != 1 or header.get("alg") not in _ALGORITHMS:
                raise _refused("The provider's answer is signed with a key that is not known.")
            claims: dict[str, Any] = jwt.decode(
                id_token,
                fitting[0],
                algorithms=[str(header["alg"])],
                audience=provider.client_id,
                issuer=provider.issuer,
                leeway=_LEEWAY_S,
                options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
            )
        except jwt.PyJWTError as error:
            raise _refused("The provider's answer is not valid.") from error
        if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise _refused("The provider's answer is to another question.")
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else provider.client_id) != provider.client_id:
            raise _refused("The provider's answer is for somebody else.")
        if not 1 <= len(str(claims["sub"])) <= _SUBJECT_MAX:
            raise _refused("The provider's answer names nobody.")
        return claims

    async def _discovered(self) -> dict[str, Any]:
        """The provider's own description (OpenID Connect Discovery 1.0 §4), asked for once an hour."""
        until_s, found = self._found
        if time.monotonic() < until_s:
            return found
        found = await self._get(f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if found.get("issuer") != self.provider.issuer or any(name not in found for name in needed):
            raise _away()
        self._found = (time.monotonic() + _DISCOVERED_FOR_S, found)
        return found

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
                answer = (await client.get(url)).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise _away() from error
        if not isinstance(answer, dict):
            raise _away()
        return answer

    def _client(self) -> AsyncOAuth2Client:
        secret = self.provider.client_secret
        return AsyncOAuth2Client(
            client_id=self.provider.client_id,
            client_secret=secret or None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=SCOPE,
            redirect_uri=self._callback,
            code_challenge_method="S256",
            timeout=_TIMEOUT_S,
        )

    # Our side.

    async def _account(self, subject: str, claims: Mapping[str, Any]) -> Account:
        """The account of an identity, made if there is none."""
        issuer = self.provider.issuer
        async with self._store.read_people() as people:
            account_id = await people.identity(issuer, subject)
            account = await people.account_by_id(account_id) if account_id is not None else None
        if account is not None:
            return account
        if not self.provider.signs_up:
            raise Refused("openid-no-account", "Nobody here signs in by this; ask who runs this Parvis.")
        stem = handle_stem(str(claims.get("preferred_username") or claims.get("name") or ""))
        for attempt in range(_TRIES):
            handle = stem if attempt == 0 else f"{stem}_{secrets.token_hex(2)}"
            try:
                account = self._people.new_account(handle, _name(claims, handle), has_password=False)
                async with self._store.write_people() as people:
                    await people.add_account(account, "")
                    now_ms = int(self._clock.wall_s() * 1000)
                    await people.add_identity(issuer, subject, account.id, now_ms)
            except Conflict:
                continue
            return account
        raise _refused("No handle is free for this name.")


def handle_stem(name: str) -> str:
    """A handle made of a name or an address: `Léo.Marchand@example.net` gives `leo_marchand`."""
    plain = unicodedata.normalize("NFKD", name.partition("@")[0]).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_HANDLE_STEM_MAX].strip("_")
    return stem if len(stem) >= 2 else "guest"


def _name(claims: Mapping[str, Any], handle: str) -> str:
    """What to call somebody: as the provider does, as far as that may be shown here."""
    said = str(claims.get("name") or claims.get("preferred_username") or "")
    shown = "".join(c for c in said if unicodedata.category(c)[0] != "C" and c not in "\u2028\u2029")
    return shown.strip()[:DISPLAY_NAME_MAX].strip() or handle


def _refused(detail: str) -> Refused:
    return Refused("openid-refused", detail)


def _away() -> Unavailable:
    return Unavailable("openid-away", "The provider does not answer as it should.", _RETRY_AFTER_S)


def is_local_path(path: str) -> bool:
    """Whether a browser that is sent there stays on this site."""
    return re.fullmatch(r"/(?![/\\])[!-\[\]-~]{0,400}", path) is not None
