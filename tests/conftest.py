"""What every test run shares: how hypothesis behaves.

No deadline, since a busy machine is no failure. In continuous integration the examples are
the same at every run, so that a failure belongs to the change; on a desk they differ.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
