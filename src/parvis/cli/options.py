"""Options that several commands share, and what they mean to the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CONFIG = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Settings; else PARVIS_CONFIG, ./parvis.toml, or /etc/parvis/parvis.toml where there is one.",
        show_default=False,
    ),
]
