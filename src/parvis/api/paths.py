"""Addresses that more than one module must know."""

from __future__ import annotations

from typing import Final

AVATAR_PATH: Final = "/api/v1/accounts/me/avatar"
"""Where a picture is uploaded, which is larger than other bodies."""
OPENID_CALLBACK: Final = "/api/v1/sessions/openid/callback"
"""Where an OpenID provider sends people back; it must know this address."""
