"""The large community of seed_demo, as its tests ask for it and judge it."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO

from django.core.management import call_command
from django.db.models import Max, Min, Q, Sum
from django.utils import timezone

from accounts.models import User
from dao_portal.core.db.base import EXACT
from dao_portal.demo.large.seeding import CommunitySize
from governance.canonical import canonical_hash, votes_digest
from governance.models import PowerSnapshot, Proposal, ProposalQuerySet, Vote
from governance.rules import current_rules
from governance.selectors.proposal_files import fingerprinted
from governance.services.closing import count_votes, live_counts
from social.models import Comment
from treasury.models import Token, Transaction, UserToken, WaitingHolding


def seed(*arguments: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("seed_demo", *arguments, stdout=out)
    return out.getvalue()


def options(wanted: CommunitySize) -> list[str]:
    return [f"--{name}={number}" for name, number in vars(wanted).items()]


def ignore(stage: str, here: int, total: int) -> None:
    """Progress that nobody reads."""


def load_proposals() -> ProposalQuerySet:
    return Proposal.objects.filter(source_id__startswith="load-").order_by("number")


def load_members():
    return User.objects.filter(username__regex=r"^m[0-9]{7}$")


def totals() -> CommunitySize:
    there = {"proposal__in": load_proposals()}
    return CommunitySize(
        members=load_members().count(),
        proposals=load_proposals().count(),
        comments=Comment.objects.filter(**there).count(),
        votes=Vote.objects.filter(**there).count(),
    )


def agree(found: ProposalQuerySet) -> None:
    """Votes, slots, results, counted power, fingerprint and digest all say the same."""
    for proposal in found.filter(opened_at__isnull=False):
        counted = count_votes(proposal.pk)
        assert counted == live_counts(proposal.pk)
        power = PowerSnapshot.objects.filter(proposal=proposal).aggregate(sum=Sum("power"))["sum"]
        assert proposal.total_power == power
        assert proposal.quorum_threshold == current_rules().quorum_of(power)
        assert proposal.fingerprint == f"sha256:{canonical_hash(fingerprinted(proposal))}"
        if proposal.is_decided:
            assert counted == {name: getattr(proposal, name) for name in counted}
            receipts = [vote.receipt(proposal.fingerprint) for vote in proposal.votes.all()]
            assert proposal.votes_digest == votes_digest(receipts)
            times = proposal.votes.aggregate(first=Min("cast_at"), last=Max("cast_at"))
            assert proposal.voting_start <= times["first"] <= times["last"]
            assert times["last"] < proposal.voting_end <= proposal.closed_at < timezone.now()


def supply_is_exact() -> None:
    """The demo's 20 million, and exactly what the large community brought."""
    token = Token.objects.get(symbol="DPT")
    mine = Q(user__in=load_members())
    holdings = UserToken.objects.filter(token=token)
    waiting = WaitingHolding.objects.filter(token=token)
    moved = Transaction.objects.filter(mine, currency="DPT", status="confirmed")
    added = [
        holdings.filter(mine).aggregate(sum=Sum("balance"))["sum"],
        holdings.filter(mine).aggregate(sum=Sum("staked_balance"))["sum"],
        waiting.aggregate(sum=Sum("balance"))["sum"],
        moved.aggregate(sum=Sum("treasury_change"))["sum"],
    ]
    total = Decimal(20_000_000)
    for amount in added:
        total = EXACT.add(total, amount)
    assert token.total_supply == total
    held = holdings.aggregate(held=Sum("balance"), staked=Sum("staked_balance"))
    assert token.circulating_supply == EXACT.add(held["held"], held["staked"])
