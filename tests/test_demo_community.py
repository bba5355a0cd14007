"""The demo's treasury, discussions and profiles, as seed_demo writes them."""

from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Profile
from dao_portal.demo.discussion_texts import DISCUSSIONS
from dao_portal.demo.people import PEOPLE
from dao_portal.demo.profile_texts import PROFILES
from dao_portal.demo.texts import Remark
from governance.models import Proposal
from social.models import Comment, CommentReaction
from tests.looking import some
from treasury.models import Transaction, TransactionHash
from treasury.selectors.treasury_overview import treasury_tokens

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_demo")]


def seed() -> None:
    call_command("seed_demo", verbosity=0)


def test_treasury_has_a_year_behind_it():
    seed()
    balances = {held.token.symbol: held.balance for held in treasury_tokens()}
    assert balances == {
        "DPT": Decimal("3399825.25"),
        "ETH": Decimal("412.2"),
        "USDC": Decimal(1200672),
    }
    for held in treasury_tokens():
        assert all(month.came_in > 0 for month in held.months[1:-1]), held.token.symbol
    assert Transaction.objects.filter(created_at__gt=timezone.now()).count() == 0
    assert set(Transaction.objects.values_list("type", flat=True)) == {
        "deposit",
        "transfer",
        "withdrawal",
    }
    assert Transaction.objects.filter(status="pending").count() == 1
    assert Transaction.objects.filter(status="failed").count() == 1

    passed = Proposal.objects.get(source="demo", status="passed")
    payment = Transaction.objects.get(metadata__proposal=passed.number)
    assert payment.metadata["party"] == "Open Hosting Co-op"
    assert payment.created_at > passed.closed_at

    on_chain = Transaction.objects.filter(status="confirmed").exclude(currency="DPT")
    hashes = dict(TransactionHash.objects.values_list("transaction_id", "hash"))
    assert hashes == dict(on_chain.values_list("pk", "transaction_hash"))


def test_discussions_are_threads_of_the_past_in_order():
    seed()
    for proposal in some(Proposal.objects.filter(comments__isnull=False).distinct()):
        comments = list(proposal.comments.order_by("created_at"))
        assert [comment.pk for comment in comments] == sorted(comment.pk for comment in comments)
        assert comments[0].created_at > proposal.published_at
        assert comments[-1].created_at < min(proposal.voting_end, timezone.now())
        for comment in some(comments):
            assert comment.parent is None or comment.parent.created_at < comment.created_at
    talked = [proposal.comments.count() for proposal in Proposal.objects.order_by("number")]
    assert talked == [2, 3, 3, 13, 6, 0, 0]
    assert max(Comment.objects.values_list("depth", flat=True)) == 3

    for comment in some(Comment.objects.all()):
        assert comment.likes == comment.reactions.count()
    assert CommentReaction.objects.count() > 50


def test_what_a_visitor_made_of_it_stays():
    seed()
    Comment.objects.filter(parent__isnull=False).delete()
    before = list(Comment.objects.order_by("pk").values())
    assert Profile.objects.count() == len(PROFILES)
    Profile.objects.filter(user__username="ada").update(bio="Mine.")
    seed()
    assert Profile.objects.get(user__username="ada").bio == "Mine."
    assert list(Comment.objects.order_by("pk").values()) == before


def remarks(said: tuple[Remark, ...]) -> list[Remark]:
    return [one for remark in said for one in (remark, *remarks(remark.answers))]


@pytest.mark.parametrize("slug", DISCUSSIONS)
def test_every_remark_names_known_people_and_nobody_likes_their_own(slug):
    names = {person.username for person in PEOPLE}
    for remark in some(remarks(DISCUSSIONS[slug])):
        assert {remark.author, *remark.liked_by} <= names
        assert len(set(remark.liked_by)) == len(remark.liked_by)
        assert remark.author not in remark.liked_by
