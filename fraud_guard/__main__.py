"""`python -m fraud_guard` is the command line."""

from __future__ import annotations

from fraud_guard.app.cli import main

if __name__ == "__main__":
    main()
