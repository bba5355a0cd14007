"""Who is told of what, once, in which words."""

from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dao_portal.core.actions import Action
from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.formats import amount
from dao_portal.core.models import AuditLog, EventDelivery
from governance.models import PowerSnapshot, Proposal
from governance.services.cancelling import cancel_proposal
from governance.services.proposals import publish_proposal, withdraw_proposal
from social import notifications
from social.models import Notification
from social.notifications import NotificationSubscriber
from tests.factories import (
    DAY,
    ProposalFactory,
    UserFactory,
    cast,
    close_now,
    give_power,
    open_proposal_with,
    unguarded,
    voters_of,
)

pytestmark = pytest.mark.django_db


def event_of(proposal: Proposal, action: Action) -> AuditLog:
    return AuditLog.objects.get(resource_id=proposal.pk, action=action)


def told(action: Action) -> list[str]:
    """Usernames of those who were told of it."""
    rows = Notification.objects.filter(type=action)
    return sorted(rows.values_list("user__username", flat=True))


def tell_all(event: AuditLog) -> int:
    """Deliver to the end, as the sweep does; how many portions it took."""
    subscriber, cursor, portions = NotificationSubscriber(), None, 0
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
    rows = Notification.objects.order_by("user__username").values_list("title", "message", "data")
    assert list(rows) == [
        (
            "A proposal needs your vote",
            f"“Fund the garden” is open until {closes}. You have 12,480.5 power in this vote.",
            {"url": f"/proposals/{proposal.number}/"},
        ),
        (
            "A proposal needs your vote",
            f"“Fund the garden” is open until {closes}. You have 0.000001 power in this vote.",
            {"url": f"/proposals/{proposal.number}/"},
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
def portions(monkeypatch) -> list[UUID]:
    """Two members at a time; the cursors that were told from. A loop without end fails instead."""
    tell, calls = notifications.tell, []

    def counted(*args, **kwargs):
        calls.append(kwargs["after"])
        assert len(calls) < 10, "told again and again"
        return tell(*args, **kwargs)

    monkeypatch.setattr(notifications, "PORTION", 2)
    monkeypatch.setattr(notifications, "tell", counted)
    return calls


def test_a_delivery_that_was_cut_off_goes_on_at_its_cursor(portions):
    members = [UserFactory() for _ in range(5)]
    proposal = open_proposal_with(dict.fromkeys(reversed(members), 1))  # counted newest first
    voters = voters_of(proposal)
    with connection.cursor() as cursor:  # no index that happens to give the right order
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute("SET LOCAL enable_indexonlyscan = off")
    delivery = EventDelivery.objects.get(event=event_of(proposal, Action.PROPOSAL_OPENED))
    delivery.cursor = NotificationSubscriber().deliver(delivery.event, None)
    delivery.save()
    assert delivery.cursor == voters[1].pk
    Notification.objects.all().delete()  # whoever stands before the cursor is not told again

    deliver_due_events()

    assert set(Notification.objects.values_list("user", flat=True)) == {v.pk for v in voters[2:]}
    assert portions == [UUID(int=0), voters[1].pk, voters[3].pk]
    delivery.refresh_from_db()
    assert delivery.done_at


def test_a_portion_that_fails_leaves_the_cursor_where_it_was(portions, monkeypatch):
    proposal = open_proposal_with([1, 2, 3])
    tell = notifications.tell

    def tell_then_break(*args, **kwargs):
        result = tell(*args, **kwargs)
        if len(portions) == 2:
            raise ConnectionError("the database went away")
        return result

    monkeypatch.setattr(notifications, "tell", tell_then_break)
    assert deliver_due_events() == 0
    first = voters_of(proposal)[1].pk
    delivery = EventDelivery.objects.get(event=event_of(proposal, Action.PROPOSAL_OPENED))
    assert (delivery.cursor, delivery.done_at) == (first, None)
    assert Notification.objects.count() == 2

    assert deliver_due_events() == 1

    assert portions == [UUID(int=0), first, first]
    assert Notification.objects.count() == 3


@pytest.mark.parametrize("members", [1, 3])
def test_a_portion_is_two_statements_however_many_it_tells(members):
    proposal = open_proposal_with([1] * members)
    event = event_of(proposal, Action.PROPOSAL_OPENED)

    with CaptureQueriesContext(connection) as queries:
        NotificationSubscriber().deliver(event, None)

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
