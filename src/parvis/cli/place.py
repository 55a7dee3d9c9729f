"""What `parvis up` keeps running on one machine, by its configuration: where it listens, and which processes.

Rules:

- What is configured is checked whole before anything starts, and handed to the children as variables: the
  file is read once, here.
- Everything is in one data folder, the bus in `run` below it unless something else is said.
- On loopback everybody has the same address, and browsers may reach the stage there.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parvis.certificate import Certificate
from parvis.configuration import BUS, DEFAULT, Configuration
from parvis.errors import UserError
from parvis.ops.findings import Served
from parvis.ops.supervisor import Child
from parvis.settings import (
    ArchiveSettings,
    BusSettings,
    CaptionerSettings,
    ControlSettings,
    EdgeSettings,
    StageSettings,
    UpSettings,
)

LEAVING_S = 15.0
"""For an edge to end, beyond the time over which it sends its listeners on."""


@dataclass(frozen=True, slots=True)
class Place:
    """A Parvis on this machine."""

    configuration: Configuration
    control: ControlSettings
    stage: StageSettings
    edge: EdgeSettings
    archive: ArchiveSettings
    run_dir: Path
    archive_port: int
    edges: int
    stages: int
    automatic_captions: bool

    @classmethod
    def of(
        cls,
        config: Path | None = None,
        options: Mapping[str, object] | None = None,
        environment: Mapping[str, str] = os.environ,
        *,
        check: bool = True,
    ) -> Place:
        """As the file, the environment and the command's own options say, by the names of settings; options
        that are None were not given. Raises `UserError` `setting-invalid`, and with `check`
        `certificate-unusable`, `captions-unusable`."""
        said = {
            f"PARVIS_{name.upper()}": str(value)
            for name, value in (options or {}).items()
            if value is not None
        }
        configuration = Configuration.load(config, {**environment, **said})
        up = configuration.settings("up", UpSettings())
        control = configuration.settings("control", ControlSettings())
        edge = configuration.settings("edge", EdgeSettings())
        archive = configuration.settings("archive", ArchiveSettings())
        if not control.data == edge.data == archive.data:
            raise UserError(
                "setting-invalid", "parvis up has one data folder: say data at the top of the file"
            )
        run_dir = configuration.settings(BUS, BusSettings()).run_dir
        if configuration.source(BUS, "run_dir") == DEFAULT:
            run_dir = control.data / "run"
        archive_port = archive.archive_port
        if configuration.source("archive", "archive_port") == DEFAULT or archive_port == 0:
            archive_port = control.control_port + 1
        for serving in (control, edge, archive) if check else ():
            Certificate.of(serving.certificate, serving.key)
        if up.automatic_captions and check:
            from parvis.captions.recogniser import model_folder  # here: it brings codecs along

            model_folder(configuration.settings("captioner", CaptionerSettings()).captions_model)
        return cls(
            configuration,
            control,
            configuration.settings("stage", StageSettings()),
            edge,
            archive,
            run_dir,
            archive_port,
            up.edges or os.cpu_count() or 1,
            up.stages,
            up.automatic_captions,
        )

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.control.data

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """(host, TCP port) of control, archive and edges."""
        return [
            (self.control.host, self.control.control_port),
            (self.archive.host, self.archive_port),
            (self.edge.host, self.edge.port),
        ]

    @property
    def origins(self) -> list[str]:
        """Of control, archive and edges, as this machine reaches them."""
        certificates = (self.control.certificate, self.archive.certificate, self.edge.certificate)
        return [
            f"{'https' if certificate else 'http'}://{_reachable(host)}:{port}"
            for certificate, (host, port) in zip(certificates, self.addresses, strict=True)
        ]

    @property
    def edge_url(self) -> str:
        """Origin of the edges, as people reach it."""
        return self.edge.public_edge_url or self.origins[2]

    @property
    def control_url(self) -> str:
        """Origin of control, as people reach it."""
        return self.control.public_control_url or self.origins[0]

    @property
    def archive_url(self) -> str:
        """Origin of the archive, as people reach it."""
        return self.archive.public_archive_url or self.origins[1]

    @property
    def doors(self) -> list[Served]:
        """Control, archive and edges, as people come to them."""
        control, archive, edge = self.control, self.archive, self.edge
        at = self.addresses
        return [
            Served("control", *at[0], control.certificate, control.key, control.public_control_url),
            Served("archive", *at[1], archive.certificate, archive.key, archive.public_archive_url),
            Served("edge", *at[2], edge.certificate, edge.key, edge.public_edge_url),
        ]

    def children(self) -> list[Child]:
        """The processes, in the order in which they start."""
        stages = [f"stage-{number}" for number in range(1, self.stages + 1)]
        edges = [f"edge-{number}" for number in range(1, self.edges + 1)]
        captioners = ["captioner"] if self.automatic_captions else []
        return [
            Child(
                name,
                (sys.executable, "-m", "parvis", *_command(name)),
                self._environment(name.partition("-")[0]),
                signal.SIGINT if name in edges else signal.SIGTERM,
                LEAVING_S + (self.edge.drain_s if name in edges else 0.0),
            )
            for name in [*stages, "archive", "control", *edges, *captioners]
        ]

    def _environment(self, process: str) -> dict[str, str]:
        hosts = {"control": self.control.host, "archive": self.archive.host}
        made = {
            "PARVIS_CONFIG": "",
            "PARVIS_RUN_DIR": str(self.run_dir.absolute()),
            "PARVIS_PUBLIC_EDGE_URL": self.edge_url,
            "PARVIS_PUBLIC_CONTROL_URL": self.control_url,
            "PARVIS_PUBLIC_ARCHIVE_URL": self.archive_url,
            "PARVIS_DATA": str(self.data.absolute()),
            "PARVIS_HOST": hosts.get(process, self.edge.host),
            "PARVIS_PORT": str(self.edge.port),
            "PARVIS_EDGE_PORT": str(self.edge.port),
            "PARVIS_EDGES_HERE": str(self.edges),
            "PARVIS_CONTROL_PORT": str(self.control.control_port),
            "PARVIS_ARCHIVE_PORT": str(self.archive_port),
        }
        if self.configuration.source("stage", "rtc_loopback") == DEFAULT:
            made["PARVIS_RTC_LOOPBACK"] = "yes" if is_loopback(self.edge.host) else "no"
        if is_loopback(self.edge.host) and self.configuration.source("edge", "per_address") == DEFAULT:
            made["PARVIS_PER_ADDRESS"] = "0"  # everybody comes from the same address
        return {**self.configuration.from_file(process), **made}


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _command(name: str) -> tuple[str, ...]:
    """The archive and the captioner are one each; the others have a number."""
    alone = {"archive": ("archive",), "captioner": ("captions",)}
    return alone.get(name) or (name.split("-")[0], "--name", name)


def _reachable(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
