"""The ordinary worker, or any command that is given; with `--rules-only` the models are silent, at the door and beside the rules."""

from __future__ import annotations

import sys
from unittest.mock import patch

from fraud_guard.app.cli import main as command
from fraud_guard.app.cli.worker import build, work
from fraud_guard.app.rule_files import read_rule_files
from fraud_guard.app.settings import read
from fraud_guard.door.opinions import NO_OPINIONS


def main() -> int:
    """Run until SIGTERM; settings come from the environment."""
    if "--rules-only" in sys.argv:
        sys.argv.remove("--rules-only")
        silence_models()
    if len(sys.argv) > 1:
        command()
    site, app = build(read())
    return int(work(app, site))


def silence_models() -> None:
    """From now on this process decides by rules alone. AttributeError when the worker no longer reads these names there."""
    patch("fraud_guard.app.site.shipped_opinions", lambda: NO_OPINIONS).start()
    patch("fraud_guard.app.rules_in_force.read_generation_files", read_rule_files).start()


if __name__ == "__main__":
    sys.exit(main())
