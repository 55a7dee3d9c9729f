"""Bearer tokens: JWTs (RFC 7519) signed with Ed25519 (RFC 8037).

- Claims: `sub` the account, `sid` the session, `iat` and `exp` in seconds. Nothing secret, nothing personal.
- A valid signature is not enough: `sid` must still be in the database, so that a sign-out ends a token.
- The key is made at first start, in the data folder, readable by its owner only. Who deletes it signs
  everybody out.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from parvis.errors import NotSignedIn, UserError

KEY_FILE: Final = "session-key.pem"
_ALGORITHM: Final = "EdDSA"
_MAX_TOKEN_CHARS: Final = 2_048


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. Times are Unix seconds."""

    account_id: str
    session_id: str
    issued_at_s: int
    expires_at_s: int


class Tokens:
    """Signs and reads tokens with one key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public_key = key.public_key()

    def issue(self, claims: Claims) -> str:
        """The signed token."""
        payload = {
            "sub": claims.account_id,
            "sid": claims.session_id,
            "iat": claims.issued_at_s,
            "exp": claims.expires_at_s,
        }
        return jwt.encode(payload, self._key, algorithm=_ALGORITHM)

    def read(self, token: str, now_s: float) -> Claims:
        """The claims of a token that we signed and that has not expired. Raises `NotSignedIn`."""
        if len(token) > _MAX_TOKEN_CHARS:
            raise not_signed_in()
        try:
            payload = jwt.decode(
                token,
                self._public_key,
                algorithms=[_ALGORITHM],
                # Time is judged below, by the clock that we were given.
                options={"require": ["sub", "sid", "iat", "exp"], "verify_exp": False, "verify_iat": False},
            )
            claims = Claims(
                str(payload["sub"]), str(payload["sid"]), int(payload["iat"]), int(payload["exp"])
            )
        except (jwt.InvalidTokenError, ValueError, TypeError) as error:
            raise not_signed_in() from error
        if claims.expires_at_s <= now_s:
            raise not_signed_in()
        return claims


def not_signed_in() -> NotSignedIn:
    """The one error for every token that does not count: which reason it was is nobody's business."""
    return NotSignedIn("not-signed-in", "Sign in first.")


def load_or_make_key(folder: Path) -> Ed25519PrivateKey:
    """The signing key of a data folder, made when missing (mode 0600).

    Two processes that start at once agree: the file is linked into place, and who comes second reads the
    first one's. Raises `UserError` `session-key-invalid` when the file is no Ed25519 key.
    """
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write_key(path)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise UserError("session-key-invalid", f"{path} is not a private key.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError("session-key-invalid", f"{path} is not an Ed25519 key.")
    return key


def _write_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
