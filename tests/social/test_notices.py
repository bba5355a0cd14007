"""Who is told of what, once, in which words."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.translation import gettext

from dao_portal.core.actions import Action
from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.audit.events import record
from dao_portal.core.formats import amount
from dao_portal.core.models import AuditLog, EventDelivery
from governance.models import PowerSnapshot, Proposal
from governance.services.cancelling import cancel_proposal
from governance.services.proposals import publish_proposal, withdraw_proposal
from social.models import Notification
from social.notices import fan_out
from social.notices.audiences import COUNTED, COUNTED_AND_AUTHOR
from social.notices.registry import NOTICES, Notice
from social.notices.words import OWN_AMOUNT, Words
from social.subscribers import NoticeSubscriber
from social.templatetags.social import notice_of
from tests.factories import (
    DAY,
    HoldingFactory,
    ProposalFactory,
    TokenFactory,
    UserFactory,
    cast,
    close_now,
    give_power,
    open_proposal_with,
    unguarded,
    voters_of,
)
from treasury.models import Token

pytestmark = pytest.mark.django_db


def event_of(proposal: Proposal, action: Action) -> AuditLog:
    return AuditLog.objects.get(resource_id=proposal.pk, action=action)


def told(action: Action) -> list[str]:
    """Usernames of those who were told of it."""
    rows = Notification.objects.filter(type=action)
    return sorted(rows.values_list("user__username", flat=True))


def tell_all(event: AuditLog) -> int:
    """Deliver to the end, as the sweep does; how many portions it took."""
    subscriber, cursor, portions = NoticeSubscriber(), None, 0
    while True:
        cursor = subscriber.deliver(event, cursor)
        portions += 1
        if cursor is None:
            return portions


def test_opening_tells_everybody_with_counted_power_and_nobody_else():
    UserFactory(username="without_power")
    open_proposal_with({"ada": 12480, "mira": 7}, proposer=UserFactory(username="author"))

    deliver_due_events()

    assert told(Action.PROPOSAL_OPENED) == ["ada", "mira"]


def test_who_has_given_all_power_away_is_not_asked_to_vote():
    proposal = open_proposal_with({"ada": 12480, "mira": 7})
    with unguarded():
        PowerSnapshot.objects.filter(proposal=proposal, user__username="mira").update(power=0)

    tell_all(event_of(proposal, Action.PROPOSAL_OPENED))

    assert Notification.objects.get().user.username == "ada"


def test_opening_says_what_one_can_do_until_when_and_with_how_much():
    proposal = open_proposal_with({"ada": "12480.50", "mira": "0.000001"}, title="Fund the garden")

    deliver_due_events()

    closes = f"{proposal.voting_end:%-d %b %Y, %H:%M} UTC"
    parameters = {
        "url": f"/proposals/{proposal.number}/",
        "number": proposal.number,
        "title": "Fund the garden",
        "closes": proposal.voting_end.isoformat(),
    }
    rows = Notification.objects.order_by("user__username").values_list("title", "message", "data")
    assert list(rows) == [
        (
            "A proposal needs your vote",
            f"“Fund the garden” is open until {closes}. You have 12,480.5 power in this vote.",
            {**parameters, "amount": "12480.5"},
        ),
        (
            "A proposal needs your vote",
            f"“Fund the garden” is open until {closes}. You have 0.000001 power in this vote.",
            {**parameters, "amount": "0.000001"},
        ),
    ]


def test_a_title_cannot_pretend_to_be_the_readers_power():
    open_proposal_with({"ada": 5}, title="Give me {power} and %(power)s")

    deliver_due_events()

    assert Notification.objects.get().message.startswith("“Give me {power} and %(power)s” is open")


@pytest.mark.parametrize(
    "power",
    [
        "0.000000000000000001",
        "1",
        "999",
        "1000",
        "12480",
        "1234567.8901",
        "9" * 60 + "." + "9" * 18,
    ],
)
def test_power_is_written_as_the_pages_write_it(power):
    proposal = open_proposal_with([1])
    with unguarded():
        PowerSnapshot.objects.filter(proposal=proposal).update(power=Decimal(power))

    tell_all(event_of(proposal, Action.PROPOSAL_OPENED))

    message = Notification.objects.get().message
    assert message.endswith(f"You have {amount(Decimal(power))} power in this vote.")


ENDINGS = {
    "yes": """Passed with 100% For
        60 power counted toward a quorum of 2.4. 1 member voted.""",
    "no": """Rejected: the quorum was missed
        Quorum was 2.4 short: only For and Abstain count toward it. It can come back as a new proposal.""",  # noqa: E501
    "": """No decision: nobody voted
        Nothing was decided. It can come back as a new proposal.""",
}


@pytest.mark.parametrize("choice", ENDINGS)
def test_closing_says_how_it_ended(choice):
    proposal = open_proposal_with({"ada": 60}, title="Fund the garden")
    if choice:
        cast(proposal, voters_of(proposal)[0], choice)
    close_now(proposal)

    deliver_due_events()

    title, text = ENDINGS[choice].splitlines()
    row = Notification.objects.get(type=Action.PROPOSAL_CLOSED, user__username="ada")
    assert (row.title, row.message) == (title, f"“Fund the garden”: {text.strip()}")


def test_closing_also_tells_an_author_without_power_and_one_with_power_only_once():
    author = UserFactory(username="author")
    close_now(open_proposal_with({"ada": 60}, proposer=author))
    give_power(author, 5)
    close_now(open_proposal_with({}, proposer=author))

    deliver_due_events()

    assert told(Action.PROPOSAL_CLOSED) == ["ada", "ada", "author", "author"]


AUTHOR_FIRST = f"""
    SELECT id AS member_id, NULL AS language, NULL::numeric AS amount FROM users
    WHERE username = 'author'
    UNION ALL {COUNTED}
"""


@pytest.mark.parametrize("audience", [COUNTED_AND_AUTHOR, AUTHOR_FIRST])
def test_author_who_is_counted_too_is_told_with_their_power(audience):
    """Whichever of the two rows the database finds first."""
    author = UserFactory(username="author")
    proposal = open_proposal_with({author: 60, "ada": 5}, proposer=author)
    close_now(proposal)
    notice = replace(NOTICES[Action.PROPOSAL_CLOSED], audience=audience)

    fan_out.tell(notice, event_of(proposal, Action.PROPOSAL_CLOSED), after=None)

    rows = Notification.objects.values_list("user__username", "data__amount")
    assert dict(rows) == {"ada": "5", "author": "60"}


def test_cancelling_tells_everybody_but_the_moderator_who_did_it():
    moderator = UserFactory(username="grace", role="moderator")
    proposal = open_proposal_with(
        {moderator: 5, "ada": 60}, proposer=UserFactory(username="author"), title="Fund the garden"
    )
    cancel_proposal(actor=moderator, proposal_id=proposal.pk, note="Posted twice.")

    deliver_due_events()

    assert told(Action.PROPOSAL_CANCELLED) == ["ada", "author"]
    row = Notification.objects.filter(type=Action.PROPOSAL_CANCELLED).first()
    assert row
    assert row.title == "Cancelled by a moderator"
    assert row.message == "“Fund the garden”: Posted twice."


def test_cancelling_before_voting_opens_tells_the_author():
    author = UserFactory(username="author")
    give_power(UserFactory(username="ada"), 60)
    proposal = ProposalFactory(upcoming=True, proposer=author)
    cancel_proposal(
        actor=UserFactory(role="moderator"), proposal_id=proposal.pk, note="Posted twice."
    )

    deliver_due_events()

    assert told(Action.PROPOSAL_CANCELLED) == ["author"]


def test_publishing_and_withdrawing_tell_nobody():
    author = give_power(UserFactory(), 60).user
    proposal = ProposalFactory(proposer=author, voting_start=timezone.now() + 2 * DAY)
    publish_proposal(actor=author, proposal_id=proposal.pk)
    withdraw_proposal(actor=author, proposal_id=proposal.pk)

    deliver_due_events()

    assert not EventDelivery.objects.exists()
    assert not Notification.objects.exists()


def test_telling_twice_tells_once():
    proposal = open_proposal_with([1, 2, 3])
    event = event_of(proposal, Action.PROPOSAL_OPENED)
    tell_all(event)
    Notification.objects.update(is_read=True)

    tell_all(event)

    assert list(Notification.objects.values_list("is_read", flat=True)) == [True, True, True]


@pytest.fixture
def portions(monkeypatch) -> list[UUID | None]:
    """Two members at a time; the cursors that were told from. A loop without end fails instead."""
    tell, calls = fan_out.tell, []

    def counted(*args, **kwargs):
        calls.append(kwargs["after"])
        assert len(calls) < 10, "told again and again"
        return tell(*args, **kwargs)

    monkeypatch.setattr(fan_out, "PORTION", 2)
    monkeypatch.setattr(fan_out, "tell", counted)
    return calls


def test_a_delivery_that_was_cut_off_goes_on_at_its_cursor(portions):
    members = [UserFactory() for _ in range(5)]
    proposal = open_proposal_with(dict.fromkeys(reversed(members), 1))  # counted newest first
    voters = voters_of(proposal)
    with connection.cursor() as cursor:  # no index that happens to give the right order
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute("SET LOCAL enable_indexonlyscan = off")
    delivery = EventDelivery.objects.get(event=event_of(proposal, Action.PROPOSAL_OPENED))
    delivery.cursor = NoticeSubscriber().deliver(delivery.event, None)
    delivery.save()
    assert delivery.cursor == voters[1].pk
    Notification.objects.all().delete()  # whoever stands before the cursor is not told again

    deliver_due_events()

    assert set(Notification.objects.values_list("user", flat=True)) == {v.pk for v in voters[2:]}
    assert portions == [None, voters[1].pk, voters[3].pk]
    delivery.refresh_from_db()
    assert delivery.done_at


def test_a_portion_that_fails_leaves_the_cursor_where_it_was(portions, monkeypatch):
    proposal = open_proposal_with([1, 2, 3])
    tell = fan_out.tell

    def tell_then_break(*args, **kwargs):
        result = tell(*args, **kwargs)
        if len(portions) == 2:
            raise ConnectionError("the database went away")
        return result

    monkeypatch.setattr(fan_out, "tell", tell_then_break)
    assert deliver_due_events() == 0
    first = voters_of(proposal)[1].pk
    delivery = EventDelivery.objects.get(event=event_of(proposal, Action.PROPOSAL_OPENED))
    assert (delivery.cursor, delivery.done_at) == (first, None)
    assert Notification.objects.count() == 2

    assert deliver_due_events() == 1

    assert portions == [None, first, first]
    assert Notification.objects.count() == 3


@pytest.mark.parametrize("members", [1, 3])
def test_a_portion_is_two_statements_however_many_it_tells(members):
    proposal = open_proposal_with([1] * members)
    event = event_of(proposal, Action.PROPOSAL_OPENED)

    with CaptureQueriesContext(connection) as queries:
        NoticeSubscriber().deliver(event, None)

    assert Notification.objects.count() == members
    assert len(queries) == 2, [query["sql"] for query in queries]


def test_an_id_follows_from_event_and_member_and_keeps_the_events_time():
    proposal = open_proposal_with([1, 2])
    event = event_of(proposal, Action.PROPOSAL_OPENED)

    tell_all(event)

    ids = set(Notification.objects.values_list("pk", flat=True))
    assert {row.version for row in ids} == {7}
    assert {row.bytes[:6] for row in ids} == {event.pk.bytes[:6]}
    assert len(ids) == 2
    assert set(Notification.objects.values_list("created_at", flat=True)) == {event.created_at}


def test_a_row_keeps_what_its_words_name():
    proposal = open_proposal_with({"ada": 60}, proposer=UserFactory(username="author"), title="Ask")
    close_now(proposal)

    deliver_due_events()

    common = {
        "url": f"/proposals/{proposal.number}/",
        "number": proposal.number,
        "title": "Ask",
        "reason": "no_votes",
    }
    rows = Notification.objects.filter(type=Action.PROPOSAL_CLOSED)
    assert dict(rows.values_list("user__username", "data")) == {
        "ada": {**common, "amount": "60"},
        "author": common,
    }


# --- about anything, in each member's language --------------------------------------------------

WHO_HOLDS = """
    SELECT user_id AS member_id,
           (SELECT first_name FROM users WHERE users.id = user_id) AS language,
           nullif(voting_power, 0) AS amount
    FROM user_tokens
    WHERE token_id = %(resource)s
"""


@pytest.fixture
def about_a_token(monkeypatch, settings):
    """A notice about something that is no proposal; a first name says the member's language."""
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    notice = Notice(
        Action.HOLDERS_IMPORTED,
        audience=WHO_HOLDS,
        subject=lambda event: Token.objects.get(pk=event.resource_id),
        words=lambda token: Words(
            # words of Django's own, which speaks both
            title=gettext("Saturday"),
            message=f"{token.symbol}: {gettext('Sunday')}.",
            own=f"{gettext('Monday')} {OWN_AMOUNT}",
            parameters={"symbol": token.symbol},
        ),
        icon="coins",
        address=lambda token: f"/treasury/{token.symbol}/",
    )
    monkeypatch.setitem(NOTICES, notice.action, notice)


def imported(holdings: dict[tuple[str, str], int]) -> AuditLog:
    """Holders of one token by (username, first name), and the event that tells of them."""
    token = TokenFactory(symbol="COM")
    for (username, first_name), balance in holdings.items():
        member = UserFactory(username=username, first_name=first_name)
        HoldingFactory(user=member, token=token, balance=balance)
    return record(Action.HOLDERS_IMPORTED, actor=None, resource=token)


def test_each_member_is_told_in_their_language_and_in_the_sites_own_where_it_is_unknown(
    about_a_token, portions
):
    event = imported(
        {
            ("ada", "de"): 12480,
            ("bert", "en"): 7,
            ("cleo", "xx"): 7,
            ("dora", ""): 7,
            ("emil", "de"): 0,
        }
    )

    tell_all(event)

    assert len(portions) == 3  # of two members at a time, whatever they speak
    rows = Notification.objects.order_by("user__username")
    assert list(rows.values_list("user__username", "title", "message")) == [
        ("ada", "Samstag", "COM: Sonntag. Montag 12,480"),
        ("bert", "Saturday", "COM: Sunday. Monday 7"),
        ("cleo", "Saturday", "COM: Sunday. Monday 7"),
        ("dora", "Saturday", "COM: Sunday. Monday 7"),
        ("emil", "Samstag", "COM: Sonntag."),
    ]
    assert rows[0].data == {"url": "/treasury/COM/", "symbol": "COM", "amount": "12480"}
    assert rows[0].type == Action.HOLDERS_IMPORTED


@pytest.mark.parametrize("language", ["en", "de"])
def test_words_do_not_follow_the_language_of_whoever_caused_the_event(about_a_token, language):
    event = imported({("ada", "de"): 1, ("bert", "en"): 1})

    with translation.override(language):
        tell_all(event)

    assert dict(Notification.objects.values_list("user__username", "title")) == {
        "ada": "Samstag",
        "bert": "Saturday",
    }


# --- every action is thought of -----------------------------------------------------------------

# A new action gets a notice (social/notices/registry.py), or its place here.
SILENT = {
    "their owner did it, and a mail warns them where an account's safety is at stake": {
        Action.MEMBER_JOINED,
        Action.MEMBER_VERIFIED,
        Action.EMAIL_ADDED,
        Action.EMAIL_REMOVED,
        Action.EMAIL_PRIMARY_CHANGED,
        Action.PASSWORD_CHANGED,
        Action.PASSWORD_RESET,
        Action.SESSIONS_ENDED,
        Action.PROFILE_CHANGED,
        Action.HOLDING_CLAIMED,
    },
    "a draft is nobody else's business": {
        Action.PROPOSAL_CREATED,
        Action.DRAFT_EDITED,
        Action.DRAFT_DELETED,
    },
    "nobody is asked for anything before voting opens": {
        Action.PROPOSAL_EDITED,
        Action.PROPOSAL_PUBLISHED,
        Action.PROPOSAL_WITHDRAWN,
    },
    "the page shows it, and one notification for each vote or comment would be a flood": {
        Action.VOTE_CAST,
        Action.VOTE_CHANGED,
        Action.COMMENT_POSTED,
    },
    "an operator's or a moderator's work on the whole portal": {
        Action.PROPOSAL_IMPORTED,
        Action.HOLDERS_IMPORTED,
        Action.ADMINISTRATOR_ADDED,
        Action.TOKEN_ADDED,
        Action.MEMBER_RENAMED,
        Action.SETTING_CHANGED,
    },
}


def test_every_action_is_announced_or_silent_for_a_reason():
    silent = [action for actions in SILENT.values() for action in actions]

    assert sorted([*silent, *NOTICES]) == sorted(Action)


def test_a_notification_of_a_kind_that_nobody_is_told_of_any_more_has_a_bell():
    assert 'class="nicon k-system"' in drawn("holders.retired")
    assert drawn("holders.retired") == drawn(Action.PROPOSAL_NOT_OPENED)


def test_only_what_asks_for_something_stands_out():
    assert [kind for kind in NOTICES if "k-system" not in drawn(kind)] == [Action.PROPOSAL_OPENED]


def drawn(kind: str) -> str:
    return render_to_string("social/notification_icon.html", {"notice": notice_of(kind)})
