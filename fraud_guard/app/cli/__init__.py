"""The command line. Data go to stdout; progress, tables and logs to stderr."""

from __future__ import annotations


def main() -> None:
    """Entry point of `fraud-guard`."""
    from fraud_guard.app.cli.main import app  # noqa: PLC0415  a command imports only what it needs

    app()
