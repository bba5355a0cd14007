"""What social does, one verb at a time."""

from .notifications import mark_read

__all__ = ["mark_read"]
