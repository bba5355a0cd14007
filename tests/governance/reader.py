"""Proposals as a reader's page has them."""

from datetime import datetime

from django.contrib.auth.models import AnonymousUser

from governance.models import Proposal, Vote
from governance.selectors.vote_list import VoteFilters, vote_list
from tests.factories import unguarded

NOBODY = AnonymousUser()


def seen(proposal: Proposal) -> Proposal:
    """``proposal`` as a view fetches it, with the database's clock."""
    return Proposal.objects.visible_to(proposal.proposer).get(pk=proposal.pk)


def cast_at(proposal: Proposal, voter, moment: datetime) -> None:
    with unguarded():
        Vote.objects.filter(proposal=proposal, voter=voter).update(cast_at=moment)


def listed(proposal: Proposal, **filters) -> list[str]:
    page = vote_list(proposal, NOBODY, VoteFilters(**filters))
    return [row.vote.voter.username for row in page.rows]
