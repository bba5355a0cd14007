"""A web machine whose clock is months off: everything works, and every time is the database's."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
import uuid_utils.compat
from django.db.models import Max, Min

from accounts.models import Profile, User
from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.db.base import database_now, new_keys
from dao_portal.core.db.months import ensure_months, time_of_key
from dao_portal.core.models import AuditLog, Brake, EventDelivery, FormKey
from dao_portal.core.services.options import set_option
from dao_portal.core.services.retention import expired_months
from governance.models import Proposal, Vote
from social.models import Comment, CommentReaction, Notification
from tests.accounts.profile_form import FORM
from tests.factories import close_now, comment_on, give_power, open_proposal_with
from tests.sql import sql
from treasury.models import Transaction, UserToken

OFF = [timedelta(days=400), timedelta(days=-400)]
VOTE = {"choice": "yes", "step": "confirm"}
TOLERANCE = timedelta(milliseconds=2)  # keys carry whole milliseconds
WRITTEN = (
    *(AuditLog, EventDelivery, Brake, FormKey, Proposal, Vote, Comment, CommentReaction),
    *(Notification, Profile, UserToken, Transaction),
)


def written_at(key: UUID) -> datetime:
    return time_of_key(key)


@pytest.fixture
def proposal(ada: User) -> Proposal:
    return open_proposal_with({ada: 60, "mira": 40})


@pytest.fixture(params=OFF, ids=["ahead", "behind"])
def wrong_clock(request, proposal, monkeypatch) -> Iterator[None]:
    """Python's clock, and the one by which uuid_utils makes keys, go wrong together."""
    off, real = request.param, uuid_utils.compat.uuid7

    def by_the_wrong_clock() -> UUID:
        milliseconds = off // timedelta(milliseconds=1)
        return UUID(int=real().int + (milliseconds << 80))

    monkeypatch.setattr(uuid_utils.compat, "uuid7", by_the_wrong_clock)
    with time_machine.travel(datetime.now(UTC) + off):
        yield


@pytest.fixture
def since(proposal) -> datetime:
    # Keys are no more exact than that: what was there before does not count.
    sql("SELECT pg_sleep(%(seconds)s)", seconds=2 * TOLERANCE.total_seconds())
    return database_now()


def all_written_since(since: datetime) -> set[str]:
    """The tables that have new rows; the times in them and in their keys are the database's."""
    touched, until = set(), database_now() + TOLERANCE
    since -= TOLERANCE
    for model in WRITTEN:
        rows = model.objects.all()
        keys = [key for key in rows.values_list("pk", flat=True) if written_at(key) >= since]
        if keys:
            touched.add(model._meta.db_table)
        if model is not Notification:  # its key follows from that of its event
            assert all(written_at(key) <= until for key in keys), model
        for name in ("created_at", "updated_at"):
            if any(field.name == name for field in model._meta.fields):
                times = rows.aggregate(first=Min(name), last=Max(name))
                assert times["last"] is None or times["last"] <= until, (model, name)
                assert times["first"] is None or times["first"] > until - timedelta(hours=1)
    return touched


def test_vote(signed_in, ada, proposal, since):
    answer = signed_in.post(
        f"{proposal.get_absolute_url()}vote/", {"choice": "yes", "step": "confirm"}
    )

    assert answer.status_code == 303
    assert since <= Vote.objects.get(voter=ada).cast_at <= database_now()
    assert all_written_since(since) == {"audit_logs", "votes"}


def test_comment_and_like(signed_in, proposal, since):
    comment = comment_on(proposal)
    answer = signed_in.post(f"{proposal.get_absolute_url()}comments/", {"content": "Well said."})
    liked = signed_in.post(f"/comments/{comment.pk}/like/")

    assert (answer.status_code, liked.status_code) == (303, 303)
    written = {"audit_logs", "brakes", "comments", "comment_reactions"}
    assert all_written_since(since) == written


def test_publish(signed_in, ada, since):
    opens = (database_now() + timedelta(days=3)).date()
    draft = {
        "title": "A bench",
        "description": "Of oak.",
        "opens_on": str(opens),
        "opens_at": "09:00",
        "lasts": "7",
        "unit": "days",
    }

    looked = signed_in.post("/proposals/new/", draft | {"step": "check"})
    saved = signed_in.post("/proposals/new/", draft)
    published = signed_in.post(f"{saved['Location']}publish/")

    assert re.search("Voting opens in [23] days", looked.text)
    assert published.status_code == 303
    bench = Proposal.objects.get(title="A bench")
    assert bench.status == "active"
    assert since <= bench.published_at <= bench.updated_at <= database_now()
    assert all_written_since(since) == {"audit_logs", "brakes", "proposals"}


def test_window_in_the_past_is_the_databases_past(signed_in):
    yesterday = (database_now() - timedelta(days=1)).date()
    draft = {"title": "A bench", "opens_on": str(yesterday), "opens_at": "09:00", "lasts": "7"}

    answer = signed_in.post("/proposals/new/", draft | {"unit": "days"})

    assert answer.status_code == 422
    assert "That moment has passed." in answer.text


def test_close_and_tell(signed_in, proposal, since, ada):
    signed_in.post(f"{proposal.get_absolute_url()}vote/", VOTE)
    with time_machine.travel(database_now()):
        close_now(proposal)  # moves the window by this machine's clock
    deliver_due_events()

    told = Notification.objects.filter(user=ada)
    assert [note.type for note in told] == ["proposal.closed"]  # to vote, nobody is called any more
    assert since <= told[0].created_at + TOLERANCE
    assert "notifications" in all_written_since(since)


def test_profile_and_holding(signed_in, ada, since):
    assert signed_in.post("/account/", FORM).status_code == 303
    give_power(ada, 61)

    assert all_written_since(since) >= {"audit_logs", "profiles"}
    assert UserToken.objects.get(user=ada).last_updated >= since


def test_movement_lies_in_the_databases_month(wrong_clock, since):
    movement = Transaction.objects.create(type="deposit", amount=1, currency="DPT")

    assert since <= movement.created_at + TOLERANCE <= database_now() + 2 * TOLERANCE
    assert "transactions" in all_written_since(since)


def test_months_are_the_databases(wrong_clock):
    set_option("audit.keep_months", "1", actor=None)

    assert ensure_months() == []
    assert expired_months("audit_logs") == []


@pytest.mark.django_db
def test_new_keys_rise():
    keys = new_keys(1000)

    assert keys == sorted(set(keys))
