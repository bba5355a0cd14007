"""What social does, one verb at a time."""

from .comments import post_comment, set_reaction
from .notifications import mark_read

__all__ = ["mark_read", "post_comment", "set_reaction"]
