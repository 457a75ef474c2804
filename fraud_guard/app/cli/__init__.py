"""The command line. Data go to stdout; progress, summaries and logs to stderr."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of `fraud-guard`."""
    try:
        from fraud_guard.app.cli.main import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)
