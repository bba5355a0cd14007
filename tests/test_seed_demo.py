"""seed_demo: what a visitor finds, at the first start and at every later one."""

from datetime import timedelta
from decimal import Decimal

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Profile, User
from dao_portal.core.models import AuditLog, Setting
from dao_portal.core.options import get_option
from dao_portal.core.services.options import set_option
from dao_portal.demo import coming_texts, decided_texts, open_texts, seeding
from dao_portal.demo.people import HOSTS, PASSWORD, PEOPLE
from dao_portal.environment import PortalUrl
from governance.models import PowerSnapshot, Proposal, Vote
from governance.services.closing import close_proposal, count_votes, live_counts
from governance.services.proposals import Content, create_draft, publish_proposal
from governance.services.votes import cast_vote
from social.models import Comment, CommentReaction, Notification
from tests.factories import UserFactory, shift_window
from tests.looking import some
from treasury.models import Token, Transaction, TransactionHash, UserToken

DAY = timedelta(days=1)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_demo")]


def seed() -> None:
    call_command("seed_demo", verbosity=0)


def open_votes() -> list[Proposal]:
    return list(Proposal.objects.open().order_by("number"))


def everything() -> dict[str, list[object]]:
    """Every row that a second run could touch."""
    models = (
        User,
        EmailAddress,
        Profile,
        Token,
        UserToken,
        Transaction,
        TransactionHash,
        Proposal,
        PowerSnapshot,
        Vote,
        Comment,
        CommentReaction,
        Setting,
        Notification,
    )
    rows = {model._meta.db_table: list(model.objects.order_by("pk").values()) for model in models}
    return rows | {"audit_logs": list(AuditLog.objects.order_by("pk").values("pk"))}


# --- the first start -----------------------------------------------------------------------------


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.username)
def test_hosts_sign_in_with_a_verified_address(host):
    seed()
    user = User.objects.get(username=host.username)
    address = EmailAddress.objects.get(user=user)
    assert authenticate(username=host.username, password=PASSWORD) == user
    assert (user.email, user.email_verified, user.is_active) == (host.email, True, True)
    assert (address.email, address.verified, address.primary) == (host.email, True, True)
    assert user.two_factor_secret == ""


def test_roles_of_the_hosts():
    seed()
    staff = User.objects.exclude(role=User.Role.USER).order_by("username")
    assert list(staff.values_list("username", "role")) == [
        ("alan", "admin"),
        ("grace", "moderator"),
    ]


def test_neighbours_cannot_sign_in():
    seed()
    for user in some(User.objects.exclude(username__in=[host.username for host in HOSTS])):
        assert not user.has_usable_password()


def test_ada_holds_what_the_pages_show():
    seed()
    holding = UserToken.objects.get(user__username="ada")
    assert (holding.balance, holding.staked_balance, holding.voting_power) == (8200, 4280, 12480)


def test_tallies_look_like_a_community():
    seed()
    assert User.objects.count() == len(PEOPLE) == 61
    powers = set(UserToken.objects.values_list("voting_power", flat=True))
    assert len(powers) == len(PEOPLE)
    for proposal in some(open_votes()):
        assert proposal.votes.count() >= 20
        assert set(proposal.votes.values_list("vote_type", flat=True)) == {"yes", "no", "abstain"}
        assert proposal.votes.exclude(reason="").count() >= 3


def test_one_of_each_kind():
    seed()
    found = Proposal.objects.order_by("number").values_list(
        "source", "status", "proposer__username"
    )
    assert list(found) == [
        ("demo", "expired", "wren"),
        ("demo", "rejected", "sam"),
        ("demo", "passed", "lena"),
        ("portal", "active", "mira"),
        ("portal", "active", "tomo"),
        ("portal", "active", "idris"),
        ("portal", "draft", "ada"),
    ]
    assert Proposal.objects.in_phase(Proposal.Phase.UPCOMING).count() == 1


def test_history_is_spread_over_its_window_and_adds_up():
    seed()
    for proposal in some(Proposal.objects.filter(source=Proposal.Source.DEMO)):
        times = set(proposal.votes.values_list("cast_at", flat=True))
        assert min(times) >= proposal.voting_start
        assert max(times) < proposal.voting_end < timezone.now()
        assert len(times) > proposal.total_votes / 2
        assert count_votes(proposal.pk) == live_counts(proposal.pk)
        assert proposal.total_power == Decimal("4241853.375001")
        assert proposal.quorum_threshold == Decimal("848370.675000200000000000")


def test_open_votes_are_left_to_the_visitor():
    """They have power in both, and have voted in neither."""
    seed()
    assert len(open_votes()) == 2
    for name in ("ada", "mira", "tomo"):
        assert list(Proposal.objects.unvoted_by(User.objects.get(username=name))) == open_votes()


def test_a_visitor_can_decide_the_first_vote():
    """It lacks quorum; mira's power is enough."""
    seed()
    first = open_votes()[0]
    cast_vote(actor=User.objects.get(username="mira"), proposal_id=first.pk, choice="yes")
    shift_window(first, end=timedelta(0))
    close_proposal(proposal_id=first.pk)
    first.refresh_from_db()
    assert (first.status, first.yes_power > first.no_power) == ("passed", True)


def test_ada_has_a_draft_and_unread_notifications():
    seed()
    ada = User.objects.get(username="ada")
    assert Proposal.objects.filter(proposer=ada, status="draft").count() == 1
    told = Notification.objects.filter(user=ada, is_read=False)
    assert set(told.values_list("type", flat=True)) == {"proposal.opened"}
    assert told.count() == 2


def test_visitor_can_publish_and_vote_at_once():
    """The demo's rules ask for no notice and for five minutes only."""
    seed()
    ada = User.objects.get(username="ada")
    start = timezone.now() + timedelta(minutes=1)
    content = Content("A bench", "By the pond.", start, start + timedelta(minutes=5))
    draft = create_draft(actor=ada, content=content)
    assert publish_proposal(actor=ada, proposal_id=draft.pk).status == "active"


@pytest.mark.parametrize(
    "text",
    [
        *open_texts.OPEN_TEXTS,
        *coming_texts.UPCOMING_TEXTS,
        *(decided.text for decided in decided_texts.DECIDED),
    ],
    ids=lambda text: text.slug,
)
def test_every_text_names_known_people_and_each_voter_once(text):
    names = {person.username for person in PEOPLE}
    voters = [said.username for said in seeding.votes_on(text)]
    assert {text.author, *text.absent, *voters} <= names
    assert len(set(voters)) == len(voters)
    assert not {said.username for said in text.said} & set(text.absent)


@pytest.mark.parametrize(
    "text", [*open_texts.OPEN_TEXTS, *coming_texts.UPCOMING_TEXTS], ids=lambda text: text.slug
)
def test_no_open_text_votes_for_the_visitor(text):
    assert not {said.username for said in seeding.votes_on(text)} & {"ada", "mira", "tomo"}


# --- later starts --------------------------------------------------------------------------------


def test_second_start_changes_nothing():
    seed()
    before = everything()
    seed()
    assert everything() == before


def test_second_start_asks_little():
    """`make run` waits for it: what has votes is not voted on again."""
    seed()
    with CaptureQueriesContext(connection) as statements:
        seed()
    assert len(statements) < 40


def test_fresh_vote_when_one_has_less_than_five_days_left():
    seed()
    first, second = open_votes()
    shift_window(first, end=5 * DAY - timedelta(minutes=1))
    frozen = Proposal.objects.filter(pk__in=[first.pk, second.pk]).values()
    before = list(frozen)
    seed()
    fresh = open_votes()[2:]
    assert [proposal.source_id for proposal in fresh] == ["demo-signer-rotation-1"]
    assert fresh[0].voting_end > timezone.now() + 5 * DAY
    assert list(frozen) == before


def test_five_days_left_are_enough():
    seed()
    for proposal in some(open_votes()):
        shift_window(proposal, end=5 * DAY + timedelta(minutes=5))
    seed()
    assert len(open_votes()) == 2


def test_two_fresh_votes_after_a_long_sleep():
    """What ended meanwhile is counted; the visitor again finds votes that are left to them."""
    seed()
    for proposal in some(open_votes()):
        shift_window(proposal, end=-DAY)
    seed()
    assert Proposal.objects.in_phase(Proposal.Phase.COUNTING).count() == 0
    assert len(open_votes()) == 2
    for proposal in some(open_votes()):
        assert proposal.voting_end > timezone.now() + 5 * DAY
        assert proposal.votes.count() >= 20


def test_upcoming_that_has_opened_gets_votes_and_a_successor():
    seed()
    upcoming = Proposal.objects.in_phase(Proposal.Phase.UPCOMING).get()
    shift_window(upcoming, start=-DAY, end=6 * DAY)
    seed()
    upcoming.refresh_from_db()
    assert upcoming.is_open
    assert upcoming.votes.count() >= 10
    assert Proposal.objects.in_phase(Proposal.Phase.UPCOMING).get().source_id == "demo-quiet-week-1"


def test_texts_come_round_again():
    seed()
    for _round in range(3):
        for proposal in some(open_votes()):
            shift_window(proposal, end=DAY)
        seed()
    ids = [proposal.source_id for proposal in open_votes()[-2:]]
    assert ids == ["demo-builders-grants-2", "demo-weekly-rewards-2"]


def test_later_decisions_stay():
    seed()
    set_option("governance.quorum", "7 %", actor=None)
    seed()
    assert Setting.objects.get(key="governance.quorum").value == "7 %"


def test_draft_that_was_published_does_not_come_back():
    seed()
    ada = User.objects.get(username="ada")
    publish_proposal(actor=ada, proposal_id=Proposal.objects.get(proposer=ada, status="draft").pk)
    seed()
    assert Proposal.objects.filter(proposer=ada).count() == 1


def test_failure_half_way_leaves_nothing(monkeypatch: pytest.MonkeyPatch):
    """The draft comes last; a title that is too long stops everything before it."""
    text = coming_texts.Text(slug="long", author="ada", title="x" * 201, body="y")
    monkeypatch.setattr(seeding, "DRAFT", text)
    with pytest.raises(CommandError, match="title"):
        seed()
    assert (User.objects.count(), Proposal.objects.count(), Setting.objects.count()) == (0, 0, 0)


# --- refusals ------------------------------------------------------------------------------------


def test_refused_in_production(settings):
    settings.PORTAL_URL = PortalUrl("https", "dao.example.org", None)
    with pytest.raises(CommandError, match=r"^No demo on https://dao\.example\.org:"):
        seed()
    assert User.objects.count() == 0


def test_refused_where_somebody_else_administers():
    UserFactory(username="root", role=User.Role.ADMIN)
    with pytest.raises(CommandError, match="an administrator of its own"):
        seed()
    assert User.objects.count() == 1


def test_ordinary_members_do_not_stop_the_demo():
    UserFactory(username="early-bird")
    seed()
    assert User.objects.count() == 62


def test_summary_names_accounts_and_rules(capsys: pytest.CaptureFixture[str]):
    call_command("seed_demo")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Added 61 members and 7 proposals."
    assert lines[-2:] == [
        "Sign in as ada, mira, tomo, grace, alan; the password is try-the-portal.",
        "Its rules let a vote open at once and close after five minutes: draft, publish, vote.",
    ]
    assert get_option("governance.notice_minutes") == 0
