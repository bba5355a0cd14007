"""What the pages ask for: querysets and frozen dataclasses, no writes."""

from .comments import (
    Discussion,
    Node,
    Place,
    Sort,
    comments_of_member,
    discussion,
    place_of,
    reaction_of,
    thread_page,
)
from .notifications import Inbox, Period, inbox_page, notifications_of, unread_count

__all__ = [
    "Discussion",
    "Inbox",
    "Node",
    "Period",
    "Place",
    "Sort",
    "comments_of_member",
    "discussion",
    "inbox_page",
    "notifications_of",
    "place_of",
    "reaction_of",
    "thread_page",
    "unread_count",
]
