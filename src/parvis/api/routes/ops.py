"""Liveness and figures, outside `/api/v1`."""

from __future__ import annotations

import hmac
import ipaddress

from fastapi import APIRouter, Request, Response

from parvis.api.asking import Wired, address_of
from parvis.api.metrics import CONTENT_TYPE
from parvis.errors import Refused

router = APIRouter(include_in_schema=False)


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def healthz(services: Wired) -> dict[str, str]:
    """200 while the database answers, else `503 database-away`."""
    await services.database.check()
    return {"status": "ok", "role": "control", "name": "control"}


@router.api_route("/metrics", methods=["GET", "HEAD"])
async def metrics(request: Request, services: Wired) -> Response:
    """Prometheus text, to loopback or with the metrics token."""
    if not _may_see(request, services.settings.metrics_token):
        raise Refused("forbidden", "Figures are for this machine, or for who has the token.")
    return Response(services.metrics.text(), media_type=CONTENT_TYPE)


def _may_see(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode()):
        return True
    try:
        return ipaddress.ip_address(address_of(request)).is_loopback
    except ValueError:
        return False
