"""The ordinary worker, or any command that is given; with `--rules-only` the models are silent, at the door and beside the rules."""

from __future__ import annotations

import sys

from fraud_guard.app import site as site_module
from fraud_guard.app.cli import main as command
from fraud_guard.app.cli.worker import build, work
from fraud_guard.app.rule_files import read_rule_files
from fraud_guard.app.settings import read
from fraud_guard.door.opinions import NO_OPINIONS


def main() -> int:
    """Run until SIGTERM; settings come from the environment."""
    if "--rules-only" in sys.argv:
        sys.argv.remove("--rules-only")
        site_module.shipped_opinions = lambda: NO_OPINIONS
        site_module.read_generation_files = read_rule_files
    if len(sys.argv) > 1:
        command()
    site, app = build(read())
    return int(work(app, site))


if __name__ == "__main__":
    sys.exit(main())
