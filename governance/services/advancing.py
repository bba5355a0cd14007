"""What the clock asks for: open, close and give up what is due."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..models import Proposal
from . import closing, opening

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Advanced:
    """The numbers of the proposals that one sweep opened, closed, found too late, and failed on."""

    opened: list[int]
    closed: list[int]
    expired: list[int]
    failed: list[int]


def advance_proposals() -> Advanced:
    """Open and close all that is due, one transaction each: one failure stops no other.

    What could not be opened in time expires, also when its end came while this sweep tried.
    """
    failed: list[int] = []
    return Advanced(
        opened=_each(Proposal.objects.due_to_open(), opening.open_proposal, failed),
        closed=_each(Proposal.objects.due_to_close(), closing.close_proposal, failed),
        expired=_each(Proposal.objects.missed(), opening.expire_proposal, failed),
        failed=failed,
    )


def _each(due: Any, service: Callable[..., bool], failed: list[int]) -> list[int]:
    done = []
    for proposal_id, number in list(due.values_list("pk", "number")):
        try:
            if service(proposal_id=proposal_id):
                done.append(number)
        except Exception:
            logger.exception("proposal #%s: %s failed", number, service.__name__)
            failed.append(number)
    return done
