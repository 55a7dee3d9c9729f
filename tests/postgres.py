"""A PostgreSQL of the tests' own, from Debian's binaries: on a socket, without a port, gone at the end.

- `postgres` refuses to run as root: it then runs as Debian's user `postgres`, who can't see pytest's folders;
  so its files are in a folder of their own below the system's for temporary things.
- It forgets everything anyway, so it never waits for the disk.
- Each test gets a database of its own, a copy of one that was migrated once.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from parvis.errors import Unavailable
from parvis.store.faults import faults_told
from parvis.store.migrate import migrate

PACKAGE: Final = "postgresql"
USER: Final = "postgres"
SUPERUSER: Final = "parvis"
TEMPLATE: Final = "migrated"
_PATIENCE_S: Final = 60.0


def binaries() -> Path:
    """The folder of the newest PostgreSQL server. Fails with the line that installs one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    if found:
        return found[-1].parent
    assert on_path is not None, f"no PostgreSQL server: apt-get install -y --no-install-recommends {PACKAGE}"
    return Path(on_path).parent


class Postgres:
    """One server. `start` and `stop` may be called again and again; what it holds stays until `remove`."""

    def __init__(self) -> None:
        self._binaries = binaries()
        self._folder = Path(tempfile.mkdtemp(prefix="parvis-pg-"))
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            ids = pwd.getpwnam(USER)
            os.chown(self._folder, ids.pw_uid, ids.pw_gid)
            # Without the tests it ends, too.
            self._as_user = ["setpriv", f"--reuid={USER}", f"--regid={ids.pw_gid}", "--clear-groups"]
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._run("initdb", "-D", "data", "-U", SUPERUSER, "--auth=trust", "--no-sync", "-E", "UTF8",
                  "--locale=C.UTF-8")  # fmt: skip

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+asyncpg://{SUPERUSER}@/{name}?host={self._folder}"

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        settings = ("fsync=off", "full_page_writes=off", "autovacuum=off",
                    "shared_buffers=32MB", "max_connections=60", "listen_addresses=")  # fmt: skip
        options = [word for setting in settings for word in ("-c", setting)]
        command = [*self._as_user]
        if command:
            command += ["--pdeathsig=INT"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, self._binaries / "postgres", "-D", "data", "-k", str(self._folder), *options],
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        deadline_s = time.monotonic() + _PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline_s, (self._folder / "log").read_text()
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGINT) -> None:
        """Ends it; whoever is connected is cut off."""
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(timeout=_PATIENCE_S)

    def remove(self) -> None:
        """Takes its files away."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def make_template(self) -> None:
        """Makes the database of which every test gets a copy."""
        self._sql(f"CREATE DATABASE {TEMPLATE}")
        _finish(migrate(self.url(TEMPLATE)))

    def new(self, *, migrated: bool = True) -> str:
        """The URL of a new database."""
        name = f"t{next(self._numbers)}"
        self._sql(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE if migrated else 'template0'}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Takes a database away."""
        name = url.partition("@/")[2].partition("?")[0]
        self._sql(f"DROP DATABASE {name} WITH (FORCE)")

    def _answers(self) -> bool:
        try:
            self._sql("SELECT 1")
        except Unavailable:
            return False
        return True

    def _sql(self, statement: str) -> None:
        async def work() -> None:
            engine = create_async_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
            try:
                with faults_told():
                    async with engine.connect() as connection:
                        await connection.execute(text(statement))
            finally:
                await engine.dispose()

        _finish(work())

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._binaries / program), *arguments]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Runs it to its end; a test may have a loop of its own in this thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work)).result()
