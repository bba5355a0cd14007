"""What the discussion's doors are asked, read from a request's parameters.

Nothing here refuses: what makes no sense counts as not asked, and the services judge the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict

from .selectors import comment_list

SORT_COOKIE = "comments_sort"


@dataclass(frozen=True)
class DiscussionQuery:
    """A page of a discussion, and the form that is open on it.

    ``thread``: that thread alone. ``reply``: the comment that is being answered. ``content`` and
    ``error``: what was typed and why it was not posted, as an answer or, without ``reply``, as a
    comment of its own.
    """

    sort: comment_list.Sort = comment_list.Sort.TOP
    page: str = ""
    thread: UUID | None = None
    reply: UUID | None = None
    content: str = ""
    error: str = ""


def read_discussion_query(query: QueryDict, cookies: Mapping[str, str]) -> DiscussionQuery:
    """What the address asks for; the order is the one asked for last where it names none."""
    return DiscussionQuery(
        sort=read_sort(query, cookies),
        page=query.get("page", ""),
        thread=read_uuid(query.get("thread", "")),
        reply=read_uuid(query.get("reply", "")),
    )


def read_sort(query: QueryDict, cookies: Mapping[str, str]) -> comment_list.Sort:
    """The order that the address or, failing that, the viewer's cookie names."""
    for name in (query.get("sort"), cookies.get(SORT_COOKIE)):
        if name in comment_list.Sort.values:
            return comment_list.Sort(name)
    return comment_list.Sort.TOP


def read_uuid(text: str) -> UUID | None:
    """``text`` as a key; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
