"""The large community of seed_demo, in small numbers: what it is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, F, Max, Min, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from accounts.models import Profile, User, Wallet
from dao_portal.core.db.base import EXACT
from dao_portal.core.markdown import render_markdown
from dao_portal.core.models import AuditLog, EventDelivery
from dao_portal.demo.large.seeding import CommunitySize, seed_large
from dao_portal.demo.large.texts import FEE
from dao_portal.demo.people import PASSWORD, PEOPLE
from governance.models import PowerSnapshot, Proposal, ProposalQuerySet, Vote
from governance.services.advancing import advance_proposals
from governance.services.closing import count_votes, live_counts
from social.models import Comment, CommentReaction, Notification
from tests.factories import UserFactory, cast, close_now
from tests.large import (
    agree,
    ignore,
    load_members,
    load_proposals,
    options,
    seed,
    supply_is_exact,
    totals,
)
from tests.looking import some
from treasury.models import Transaction, TransactionHash, UserToken, WaitingHolding
from treasury.selectors.treasury_overview import treasury_tokens

DAY = timedelta(days=1)
SMALL = CommunitySize(members=300, proposals=30, comments=500, votes=2000)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_demo")]


@pytest.fixture(scope="module")
def once(django_db_setup, django_db_blocker) -> Iterator[None]:
    """SMALL, seeded once for the whole module; use ``community``."""
    with django_db_blocker.unblock(), transaction.atomic():
        seed_large(SMALL, progress=ignore)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def community(once, db) -> ProposalQuerySet:
    """The proposals of SMALL; what a test does to it is undone."""
    return load_proposals()


def row_counts() -> dict[str, int]:
    models = (
        *(User, EmailAddress, Profile, Wallet, UserToken, WaitingHolding),
        *(Transaction, TransactionHash, Notification, AuditLog, EventDelivery),
        *(Proposal, PowerSnapshot, Vote, Comment, CommentReaction),
    )
    return {model._meta.db_table: model.objects.count() for model in models}


# --- totals --------------------------------------------------------------------------------------


def test_as_many_as_were_asked_for_beside_the_demo(community):
    assert totals() == SMALL
    assert User.objects.count() == len(PEOPLE) + 300
    assert Proposal.objects.exclude(pk__in=community).count() == 7


def test_the_same_numbers_again_add_nothing(community):
    before = row_counts()
    seed(*options(SMALL))
    assert row_counts() == before


def test_smaller_numbers_take_nothing_away(community):
    before = row_counts()
    seed("--members=10", "--votes=1")
    assert row_counts() == before


def test_larger_numbers_add_the_rest(community):
    older = set(community.values_list("pk", flat=True))
    larger = CommunitySize(members=350, proposals=40, comments=700, votes=3000)
    seed(*options(larger))
    assert totals() == larger
    assert older < set(load_proposals().values_list("pk", flat=True))
    agree(load_proposals())
    counted = load_proposals().open().annotate(counted=Count("snapshots"))
    assert list(counted.values_list("counted", flat=True)) == [361, 411]  # everybody, anew


def test_more_votes_alone_go_to_what_is_open(community):
    decided = list(community.decided().values("pk", "votes_digest"))
    seed("--votes=2050")
    assert totals().votes == 2050
    assert list(load_proposals().decided().values("pk", "votes_digest")) == decided
    agree(load_proposals())


# --- members -------------------------------------------------------------------------------------


def test_every_member_has_one_of_each(community):
    for model in (Profile, Wallet, UserToken, Transaction):
        of_each = model.objects.filter(user__in=load_members()).values("user")
        assert set(of_each.annotate(n=Count("pk")).values_list("n", flat=True)) == {1}
        assert of_each.count() == 300
    joined = Notification.objects.filter(type="member.joined")
    assert joined.values("user").distinct().count() == joined.count() == 300
    entries = AuditLog.objects.filter(action="member.joined")
    assert entries.filter(resource_type="user", resource_id=F("user")).count() == 300


def test_members_sign_in_with_the_password_of_the_demo(community, client):
    member = User.objects.get(username="m0000042")
    address = EmailAddress.objects.get(user=member)
    assert (address.email, address.verified, address.primary) == (member.email, True, True)
    assert (member.email, member.email_verified) == ("m0000042@commons.example", True)
    assert (member.role, member.two_factor_secret) == ("user", "")
    assert authenticate(username="m0000042", password=PASSWORD) == member
    client.post(reverse("account_login"), {"login": member.email, "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(member.pk)


def test_they_joined_over_a_year_and_their_rows_lie_in_its_months(community):
    now = timezone.now()
    months = {(now - days * DAY).strftime("%Y_%m") for days in range(366)}
    for model in (Transaction, Notification, AuditLog):
        rows = model.objects.filter(user__in=load_members())
        span = rows.aggregate(first=Min("created_at"), last=Max("created_at"))
        assert now - 366 * DAY < span["first"] < now - 300 * DAY
        assert now - 30 * DAY < span["last"] < now
        table = model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT DISTINCT tableoid::regclass::text,"
                f" '{table}_' || to_char(created_at AT TIME ZONE 'UTC', 'YYYY_MM') FROM {table}"
            )
            parts = cursor.fetchall()
        assert all(partition == expected for partition, expected in some(parts))
        assert {partition[-7:] for partition, _expected in parts} <= months
    created = load_members().order_by("username").values_list("created_at", flat=True)
    assert list(created) == sorted(created)


def test_wallets_look_like_addresses_and_are_nobodys_proof(community):
    wallets = Wallet.objects.filter(user__in=load_members())
    assert wallets.filter(address__regex=r"^0x[0-9a-f]{40}$", is_primary=True).count() == 300
    assert wallets.filter(is_verified=True).count() == 0


def test_holdings_are_uneven_and_exact(community):
    held = UserToken.objects.filter(user__in=load_members())
    powers = list(held.order_by("-voting_power").values_list("voting_power", flat=True))
    assert min(powers) >= 10
    assert sum(powers[:30]) > sum(powers) / 3  # a tenth of them has more than a third
    assert held.filter(staked_balance__gt=0).count() > 50
    digits = {len(format(power.normalize(), "f").partition(".")[2]) for power in powers}
    assert 18 in digits
    for holding in some(held):
        assert holding.voting_power == EXACT.add(holding.balance, holding.staked_balance)


def test_supply_is_what_is_held_and_what_lies_in_the_treasury(community):
    supply_is_exact()


def test_movements_follow_the_rules_of_the_treasury(community):
    moved = Transaction.objects.filter(user__in=load_members())
    assert set(moved.values_list("type", flat=True)) == {"deposit", "withdrawal"}
    assert set(moved.values_list("currency", flat=True)) == {"DPT", "USDC", "ETH"}
    assert "failed" in set(moved.values_list("status", flat=True))
    for movement in some(moved):
        fee = movement.description == FEE
        assert movement.treasury_change == (movement.amount if fee else 0)
        assert not (fee and movement.type == "withdrawal")
    assert 0 < moved.filter(description=FEE).count() < moved.count() / 10
    on_chain = moved.filter(status="confirmed").exclude(currency="DPT")
    hashes = TransactionHash.objects.filter(transaction__in=moved)
    assert dict(hashes.values_list("transaction", "hash")) == dict(
        on_chain.values_list("pk", "transaction_hash")
    )
    assert all(held.balance > 0 for held in some(treasury_tokens()))


# --- proposals and votes -------------------------------------------------------------------------


def test_votes_slots_results_and_digests_agree(community):
    agree(community)


def test_there_are_proposals_of_every_kind(community):
    kinds = Counter(proposal.phase.value for proposal in community.visible_to(UserFactory()))
    assert kinds == {"passed": 16, "rejected": 6, "expired": 4, "open": 1, "upcoming": 3}
    closed = community.decided().aggregate(first=Min("closed_at"), last=Max("closed_at"))
    assert closed["first"] < timezone.now() - 300 * DAY
    assert closed["last"] > timezone.now() - 60 * DAY
    assert len(set(community.values_list("title", flat=True))) > 20


def test_what_is_open_stays_open_for_five_days(community):
    assert community.open().aggregate(first=Min("voting_end"))["first"] > timezone.now() + 5 * DAY


def test_the_clock_finds_nothing_to_do(community):
    advanced = advance_proposals()
    assert (advanced.opened, advanced.closed, advanced.failed) == ([], [], [])


def test_nobody_votes_for_the_visitor(community):
    voters = Vote.objects.filter(proposal__in=community).values("voter")
    assert not User.objects.filter(pk__in=voters).exclude(pk__in=load_members()).exists()


def test_a_member_votes_on_what_is_open_and_it_closes_as_any_other(community):
    proposal = community.open()[0]
    voted = proposal.votes.values("voter")
    silent = load_members().exclude(pk__in=voted).filter(snapshots__proposal=proposal)[0]
    cast(proposal, silent, "no", "At last.")
    closed = close_now(proposal)
    counted = count_votes(proposal.pk)
    assert counted == live_counts(proposal.pk)
    assert counted == {name: getattr(closed, name) for name in counted}


def test_some_votes_have_reasons(community):
    reasons = Vote.objects.filter(proposal__in=community).exclude(reason="")
    assert 50 < reasons.count() < 400


# --- discussions ---------------------------------------------------------------------------------


def test_threads_are_as_the_service_would_place_them(community):
    written = Comment.objects.filter(proposal__in=community).select_related("parent", "proposal")
    for comment in some(written):
        placed = Comment(pk=comment.pk)
        placed.place_under(comment.parent)
        assert (comment.root_id, comment.path, comment.depth) == (
            placed.root_id,
            placed.path,
            placed.depth,
        )
        assert comment.content_html == render_markdown(comment.content)
        assert comment.proposal.published_at < comment.created_at < timezone.now()
        assert not comment.parent or comment.created_at > comment.parent.created_at
    assert {comment.depth for comment in written} >= {0, 1, 2, 3, 4}


def test_one_thread_is_very_long_and_the_others_are_spread(community):
    threads = Comment.objects.filter(proposal__in=community).values("root_id")
    sizes = threads.annotate(n=Count("pk")).order_by("-n").values_list("n", flat=True)
    assert sizes[0] == 250
    assert sizes[1] == 7
    discussed = Comment.objects.filter(proposal__in=community).values("proposal").distinct()
    assert discussed.count() > 5


def test_counters_are_the_reactions(community):
    written = Comment.objects.filter(proposal__in=community)
    liked = Count("reactions", filter=Q(reactions__kind=1))
    disliked = Count("reactions", filter=Q(reactions__kind=-1))
    counts = written.annotate(liked=liked, disliked=disliked)
    assert counts.filter(likes=F("liked"), dislikes=F("disliked")).count() == 500
    sums = written.aggregate(Sum("likes"), Sum("dislikes"))
    assert sums["likes__sum"] > 100
    assert sums["dislikes__sum"] > 10
    assert not CommentReaction.objects.filter(user=F("comment__user")).exists()


# --- the database and the pages ------------------------------------------------------------------


def test_every_key_refers_to_something(community):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_the_schema_is_as_agreed(community, capsys: pytest.CaptureFixture[str]):
    call_command("check_schema")


@pytest.mark.parametrize("who", ["", "m0000001", "alan"])
def test_pages_show_it(community, client, who):
    if who:
        client.force_login(User.objects.get(username=who))
    crowd, decided = community.open()[0], community.decided()[0]
    member = User.objects.get(username="m0000007")
    shown = {
        reverse("governance:proposal_list"): crowd.title,
        crowd.get_absolute_url(): crowd.title,
        decided.get_absolute_url(): decided.title,
        reverse("treasury:treasury_overview"): "USDC",
        reverse("treasury:token_detail", args=["DPT"]): "DPT",
        reverse("accounts:member_detail", args=["m0000007"]): member.get_full_name(),
    }
    for address, words in shown.items():
        response = client.get(address)
        assert (address, response.status_code) == (address, 200)
        assert escape(words) in response.content.decode()
