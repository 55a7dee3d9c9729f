"""Thin routes: each reads the request, calls one use case, and writes the answer."""

from __future__ import annotations

from typing import Final

API: Final = "/api/v1"
"""Prefix of the versioned API."""
