"""What the pages ask for: querysets and frozen dataclasses, no writes."""

from .notifications import notifications_of, unread_count

__all__ = ["notifications_of", "unread_count"]
