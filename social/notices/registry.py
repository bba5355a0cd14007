"""Who is told of what: ``NOTICES`` is the whole table.

A new notice is one entry here, its words (words.py) and, unless one fits, its audience
(audiences.py). What a member was told of stays as ``type`` of their notification.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from dao_portal.core.actions import Action
from dao_portal.core.models import AuditLog
from dao_portal.core.registry import by_key
from governance.models import Proposal

from .audiences import COUNTED, COUNTED_AND_AUTHOR
from .words import (
    Words,
    open_proposal,
    published_proposal,
    words_for_cancelled,
    words_for_closed,
    words_for_not_opened,
    words_for_opened,
)

Subject = TypeVar("Subject")


@dataclass(frozen=True)
class Notice(Generic[Subject]):
    """What members are told when ``action`` happens.

    ``subject`` finds what the event is about, for ``words`` and ``address``; None: it is too late
    to tell. ``audience`` is a question in SQL (audiences.py). ``icon`` is one of Lucide's;
    ``calls``: it stands out, because the member is asked to do something.
    """

    action: Action
    audience: str
    subject: Callable[[AuditLog], Subject | None]
    words: Callable[[Subject], Words]
    icon: str
    address: Callable[[Subject], str]
    calls: bool = False


# By action, which is also the ``type`` of the notifications.
NOTICES: dict[str, Notice[Any]] = by_key(
    (
        Notice(
            Action.PROPOSAL_OPENED,
            audience=COUNTED,
            subject=open_proposal,
            words=words_for_opened,
            icon="vote",
            address=Proposal.get_absolute_url,
            calls=True,
        ),
        Notice(
            Action.PROPOSAL_NOT_OPENED,
            audience=COUNTED_AND_AUTHOR,
            subject=published_proposal,
            words=words_for_not_opened,
            icon="bell",
            address=Proposal.get_absolute_url,
        ),
        Notice(
            Action.PROPOSAL_CLOSED,
            audience=COUNTED_AND_AUTHOR,
            subject=published_proposal,
            words=words_for_closed,
            icon="scale",
            address=Proposal.get_absolute_url,
        ),
        Notice(
            Action.PROPOSAL_CANCELLED,
            audience=COUNTED_AND_AUTHOR,
            subject=published_proposal,
            words=words_for_cancelled,
            icon="ban",
            address=Proposal.get_absolute_url,
        ),
    ),
    key=lambda notice: notice.action,
)
