"""A real OpenID provider (`oidc-provider`) in a process of its own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from parvis.api.paths import OPENID_CALLBACK
from tests.parvis import free_ports

OIDC: Final = Path(__file__).parent / "oidc"
SECRET: Final = "a-secret-that-only-tests-know"


@contextmanager
def openid_provider(control: str) -> Iterator[str]:
    """The issuer to which a Parvis at `control` sends people."""
    assert (OIDC / "node_modules").is_dir(), "run `npm ci` in tests/contract/oidc (make test does)"
    [port] = free_ports(1)
    process = subprocess.Popen(
        ["node", OIDC / "provider.mjs", str(port), control + OPENID_CALLBACK],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "listening"
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
