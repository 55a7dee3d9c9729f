"""Passkeys: signing in by a key that a device keeps (WebAuthn Level 3).

- Keys are discoverable and verify their user (fingerprint, face, PIN): one passkey is a whole sign-in,
  without a handle and without a password. What is stored of one is its public half.
- A challenge is random, is for one ceremony of one kind, and counts once, for 10 minutes (§13.4.3).
- The relying party is control's public origin (§5.1.2). An address is no name: where control is reached by
  one, there are no passkeys.
- A counter that went back speaks of a copied key, and is refused (§6.1.1). No attestation is asked for: which
  make of device somebody has is no business of ours.
"""

from __future__ import annotations

import ipaddress
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from parvis.clock import Clock
from parvis.errors import Conflict, NotFound, NotSignedIn, UserError
from parvis.people.account import Account, check_display_name
from parvis.people.pending import Pending
from parvis.people.port import Passkey, PeopleStore
from parvis.people.service import People, SignIn

RP_NAME: Final = "Parvis"
KEYS_MAX: Final = 20
_CREDENTIAL_MAX: Final = 1_400
_TRANSPORTS: Final = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"})
_SIGN_IN: Final = ""
"""What a challenge is for: an account's id, or a sign-in, of which nobody knows yet whose it is."""


class Passkeys:
    """The ceremonies. `origin` is control's public origin, without a slash at the end."""

    def __init__(self, store: PeopleStore, people: People, clock: Clock, origin: str) -> None:
        self._store = store
        self._people = people
        self._clock = clock
        self._origin = origin
        self._rp_id = urlsplit(origin).hostname or ""
        self._pending: Pending[bytes, str] = Pending(clock)

    @property
    def work(self) -> bool:
        """Whether browsers can have passkeys for this origin: by a name, and secure (or localhost)."""
        try:
            ipaddress.ip_address(self._rp_id)
        except ValueError:
            return self._origin.startswith("https:") or self._rp_id == "localhost"
        return False

    async def begin_registration(self, account: Account) -> dict[str, Any]:
        """Options for `navigator.credentials.create`. Raises `Conflict` `passkeys-off`, `passkey-known`."""
        self._check_work()
        known = await self.of(account)
        if len(known) >= KEYS_MAX:
            raise UserError("input-invalid", f"passkeys: at most {KEYS_MAX} are kept.")
        options = generate_registration_options(
            rp_id=self._rp_id,
            rp_name=RP_NAME,
            user_id=account.id.encode(),
            user_name=account.handle,
            user_display_name=account.display_name,
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential_id)) for key in known
            ],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
        self._pending.put(options.challenge, account.id)
        shown: dict[str, Any] = json.loads(options_to_json(options))
        return shown

    async def register(self, account: Account, name: str, credential: Mapping[str, Any]) -> Passkey:
        """Keeps a new passkey. Raises `UserError` `passkey-invalid`, `input-invalid`, `Conflict`
        `passkey-known`, `passkeys-off`."""
        self._check_work()
        name = check_display_name(name)
        challenge = self._take(credential, account.id)
        if challenge is None:
            raise _invalid()
        try:
            verified = verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except Exception as error:
            # It decodes what a stranger sent: whatever it raises means that this does not fit.
            raise _invalid() from error
        passkey = Passkey(
            id=secrets.token_urlsafe(12),
            account_id=account.id,
            name=name,
            credential_id=bytes_to_base64url(verified.credential_id),
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            transports=_transports(credential),
            created_at_ms=self._now_ms(),
        )
        if len(passkey.credential_id) > _CREDENTIAL_MAX:
            raise _invalid()
        async with self._store.write_people() as people:
            await people.add_passkey(passkey)
        return passkey

    async def begin_sign_in(self) -> dict[str, Any]:
        """Options for `navigator.credentials.get`. Raises `Conflict` `passkeys-off`."""
        self._check_work()
        options = generate_authentication_options(
            rp_id=self._rp_id, user_verification=UserVerificationRequirement.REQUIRED
        )
        self._pending.put(options.challenge, _SIGN_IN)
        shown: dict[str, Any] = json.loads(options_to_json(options))
        return shown

    async def sign_in(self, credential: Mapping[str, Any], device: str) -> SignIn:
        """Begins a session. Raises `NotSignedIn` `credentials-wrong`, the same for every reason, `Refused`
        `account-suspended`, `Conflict` `passkeys-off`."""
        self._check_work()
        challenge = self._take(credential, _SIGN_IN)
        credential_id = credential.get("id")
        if challenge is None or not isinstance(credential_id, str) or len(credential_id) > _CREDENTIAL_MAX:
            raise _unfit()
        async with self._store.read_people() as people:
            known = await people.passkey(credential_id) if credential_id.isascii() else None
            account = await people.account_by_id(known.account_id) if known is not None else None
        if known is None or account is None:
            raise _unfit()
        try:
            verified = verify_authentication_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=known.public_key,
                credential_current_sign_count=known.sign_count,
                require_user_verification=True,
            )
        except Exception as error:
            # As above.
            raise _unfit() from error
        async with self._store.write_people() as people:
            await people.set_passkey_used(known.id, verified.new_sign_count, self._now_ms())
        return await self._people.begin_session(account, device)

    async def of(self, account: Account) -> list[Passkey]:
        """All of an account, the oldest first."""
        async with self._store.read_people() as people:
            return await people.passkeys_of(account.id)

    async def drop(self, account: Account, passkey_id: str) -> None:
        """It no longer counts. Raises `NotFound` `passkey-unknown`, `Conflict` `last-way-in`."""
        async with self._store.write_people() as people:
            keys = await people.passkeys_of(account.id)
            if passkey_id not in [key.id for key in keys]:
                raise NotFound("passkey-unknown", "You have no such passkey.")
            identities = await people.identities_of(account.id)
            if not account.has_password and not identities and len(keys) == 1:
                raise Conflict("last-way-in", "This is your only way to sign in; set a password first.")
            await people.drop_passkey(account.id, passkey_id)

    def _take(self, credential: Mapping[str, Any], purpose: str) -> bytes | None:
        """The challenge that a credential answers, if it is ours and for this; it then counts no more."""
        try:
            data = parse_client_data_json(base64url_to_bytes(credential["response"]["clientDataJSON"]))
        except Exception:
            # As above; `verify` says the rest.
            return None
        return data.challenge if self._pending.take(data.challenge) == purpose else None

    def _check_work(self) -> None:
        if not self.work:
            raise Conflict(
                "passkeys-off", "Passkeys need a name with HTTPS: here is an address, or plain HTTP."
            )

    def _now_ms(self) -> int:
        return int(self._clock.wall_s() * 1000)


def _transports(credential: Mapping[str, Any]) -> tuple[str, ...]:
    said = credential.get("response", {}).get("transports")
    return tuple(sorted(_TRANSPORTS & {str(word) for word in said})) if isinstance(said, list) else ()


def _invalid() -> UserError:
    return UserError("passkey-invalid", "This passkey does not fit; try again.")


def _unfit() -> NotSignedIn:
    return NotSignedIn("credentials-wrong", "This passkey does not fit.")
