"""The builder of resource tables, where tests looked for it before it moved to the generator."""

from __future__ import annotations

from datasets.reskin.resource_tables import Configured, Content, table

__all__ = ["Configured", "Content", "table"]
