"""Bearer tokens and the key that signs them."""

from __future__ import annotations

import stat
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parvis.errors import NotSignedIn, UserError
from parvis.people.tokens import KEY_FILE, Claims, Tokens, load_or_make_key

NOW_S = 1_800_000_000
CLAIMS = Claims("account", "session", NOW_S, NOW_S + 60)
KEY = Ed25519PrivateKey.generate()


def test_a_token_says_what_was_put_in() -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(CLAIMS)
    assert jwt.get_unverified_header(token)["alg"] == "EdDSA"
    assert tokens.read(token, NOW_S) == CLAIMS
    assert tokens.read(token, NOW_S + 59.9) == CLAIMS


@pytest.mark.parametrize("now_s", [NOW_S + 60, NOW_S + 1e9])
def test_a_token_expires(now_s: float) -> None:
    tokens = Tokens(KEY)
    with pytest.raises(NotSignedIn):
        tokens.read(tokens.issue(CLAIMS), now_s)


def forged() -> dict[str, str]:
    whole = {"sub": "account", "sid": "session", "iat": NOW_S, "exp": NOW_S + 60}
    token = Tokens(KEY).issue(CLAIMS)
    head, body, signature = token.split(".")
    without_sid = {name: value for name, value in whole.items() if name != "sid"}
    return {
        "empty": "",
        "no token": "a.b.c",
        "another key": Tokens(Ed25519PrivateKey.generate()).issue(CLAIMS),
        "no signature": jwt.encode(whole, "", algorithm="none"),
        "another algorithm": jwt.encode(whole, "x" * 32, algorithm="HS256"),
        "a claim missing": jwt.encode(without_sid, KEY, algorithm="EdDSA"),
        "a claim that is no number": jwt.encode(whole | {"exp": "never"}, KEY, algorithm="EdDSA"),
        "another body": f"{head}.{body[:-2]}AA.{signature}",
        "endless": "x" * 3_000,
    }


@pytest.mark.parametrize("kind", forged())
def test_what_is_no_token_of_ours(kind: str) -> None:
    with pytest.raises(NotSignedIn) as refused:
        Tokens(KEY).read(forged()[kind], NOW_S)
    assert refused.value.code == "not-signed-in"


def test_the_key_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = load_or_make_key(folder)
    again = load_or_make_key(folder)
    assert first.public_key() == again.public_key()
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == [KEY_FILE]


def test_a_file_that_is_no_key(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("nonsense")
    with pytest.raises(UserError, match="session-key-invalid"):
        load_or_make_key(tmp_path)
