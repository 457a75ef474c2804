"""The builder of archives, where tests looked for it before it moved to the generator."""

from __future__ import annotations

from datasets.reskin.archives import Member, archive, deflate, end_record

__all__ = ["Member", "archive", "deflate", "end_record"]
