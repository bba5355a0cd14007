"""What governance does, verb by verb: drafts, publishing, opening, voting, closing."""

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
from django.db import IntegrityError
from django.utils import timezone

from dao_portal.core.models import AuditLog
from dao_portal.core.options import clear_option_cache
from dao_portal.core.services.options import set_option
from governance.canonical import canonical_hash
from governance.errors import (
    NotADraft,
    NotEditable,
    NotEligible,
    NothingToCancel,
    NotPublishable,
    NotThere,
    NotYours,
    ReasonTooLong,
    UnknownChoice,
    VotingClosed,
    VotingNotOpen,
)
from governance.models import PowerSnapshot, Proposal, TallySlot, Vote
from governance.selectors.proposal_files import fingerprinted
from governance.services.advancing import Advanced, advance_proposals
from governance.services.cancelling import cancel_proposal
from governance.services.closing import close_proposal
from governance.services.opening import open_proposal
from governance.services.proposals import (
    Content,
    create_draft,
    delete_draft,
    edit_proposal,
    publish_proposal,
    withdraw_proposal,
)
from governance.services.votes import cast_vote, check_ballot
from tests.factories import (
    DAY,
    HOUR,
    HoldingFactory,
    ProposalFactory,
    TokenFactory,
    UserFactory,
    cast,
    close_now,
    decided_proposal,
    give_power,
    open_proposal_with,
    shift_window,
    unguarded,
    voters_of,
)
from tests.sql import sql

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def decide_option(key: str, text: str) -> None:
    set_option(key, text, actor=None)
    clear_option_cache()  # as the commit would


def actions_on(resource) -> list[str]:
    rows = AuditLog.objects.filter(resource_id=resource.pk).order_by("id")
    return list(rows.values_list("action", flat=True))


def last_event(resource) -> AuditLog:
    return AuditLog.objects.filter(resource_id=resource.pk).latest("id")


def content(**changes) -> Content:
    start = timezone.now() + 2 * DAY
    written = Content(
        title="Fund the garden",
        description="Ten **beds**.",
        voting_start=start,
        voting_end=start + 3 * DAY,
    )
    return replace(written, **changes)


# --- drafts -------------------------------------------------------------------------------------


def test_create_draft_keeps_what_was_written_and_draws_it_safely():
    author = UserFactory()

    draft = create_draft(
        actor=author,
        content=content(title="  Fund it ", description="**Yes** <script>alert(1)</script>\n"),
    )

    draft.refresh_from_db()
    assert (draft.proposer, draft.status, draft.title) == (author, "draft", "Fund it")
    assert draft.description == "**Yes** <script>alert(1)</script>"
    assert draft.description_html.strip() == (
        "<p><strong>Yes</strong> &lt;script&gt;alert(1)&lt;/script&gt;</p>"
    )
    assert actions_on(draft) == ["proposal.created"]


def test_the_audit_row_of_a_draft_leaks_nothing_of_it():
    draft = create_draft(actor=UserFactory(), content=content())

    event = last_event(draft)
    assert event.old_values is None
    assert event.new_values == {
        "title_sha256": canonical_hash("Fund the garden"),
        "description_sha256": canonical_hash("Ten **beds**."),
        "voting_start": draft.voting_start.isoformat(),
        "voting_end": draft.voting_end.isoformat(),
    }


def test_a_draft_may_lack_everything_but_its_title():
    draft = create_draft(actor=UserFactory(), content=Content("Later", ""))

    assert (draft.description, draft.voting_start, draft.voting_end) == ("", None, None)


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_create_draft_refuses_a_title_that_is_missing_or_too_long(title):
    with pytest.raises(NotPublishable, match="at most 200 characters"):
        create_draft(actor=UserFactory(), content=content(title=title))
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("length", [timedelta(0), -MINUTE])
def test_create_draft_refuses_a_window_that_ends_before_it_starts(length):
    start = timezone.now() + DAY

    with pytest.raises(NotPublishable, match="Voting must close after it opens"):
        create_draft(
            actor=UserFactory(), content=content(voting_start=start, voting_end=start + length)
        )


def test_edit_draft_changes_it_and_says_that_it_did():
    draft = ProposalFactory(title="Old")

    edit_proposal(actor=draft.proposer, proposal_id=draft.pk, content=content())

    draft.refresh_from_db()
    assert (draft.title, draft.description) == ("Fund the garden", "Ten **beds**.")
    event = last_event(draft)
    assert (event.action, event.user) == ("proposal.draft_edited", draft.proposer)
    assert event.old_values["title_sha256"] == canonical_hash("Old")
    assert event.new_values["title_sha256"] == canonical_hash("Fund the garden")


def test_edit_without_a_change_says_nothing():
    draft = create_draft(actor=UserFactory(), content=content())
    same = Content(draft.title, draft.description, draft.voting_start, draft.voting_end)

    edit_proposal(actor=draft.proposer, proposal_id=draft.pk, content=same)

    assert actions_on(draft) == ["proposal.created"]


@pytest.mark.parametrize("role", ["user", "moderator", "admin"])
def test_only_the_author_edits_publishes_and_withdraws(role):
    draft, other = ProposalFactory(), UserFactory(role=role)

    with pytest.raises(NotYours):
        edit_proposal(actor=other, proposal_id=draft.pk, content=content())
    with pytest.raises(NotYours):
        publish_proposal(actor=other, proposal_id=draft.pk)
    with pytest.raises(NotYours):
        withdraw_proposal(actor=other, proposal_id=draft.pk)
    with pytest.raises(NotYours):
        delete_draft(actor=other, proposal_id=draft.pk)
    assert actions_on(draft) == []


# --- deleting -----------------------------------------------------------------------------------


def test_a_deleted_draft_leaves_only_its_hashes_in_the_audit_log():
    draft = create_draft(actor=UserFactory(), content=content())

    delete_draft(actor=draft.proposer, proposal_id=draft.pk)

    assert not Proposal.objects.filter(pk=draft.pk).exists()
    assert actions_on(draft) == ["proposal.created", "proposal.draft_deleted"]
    event = AuditLog.objects.get(action="proposal.draft_deleted")
    assert draft.title not in str(event.old_values)
    assert set(event.old_values) >= {"title_sha256", "description_sha256"}


def test_what_was_published_is_never_deleted():
    for proposal in (ProposalFactory(upcoming=True), open_proposal_with([5])):
        with pytest.raises(NotADraft):
            delete_draft(actor=proposal.proposer, proposal_id=proposal.pk)

        assert Proposal.objects.filter(pk=proposal.pk).exists()


@pytest.mark.parametrize("service", [publish_proposal, withdraw_proposal, delete_draft])
def test_a_draft_that_was_deleted_meanwhile_is_not_there(service):
    draft = ProposalFactory()
    delete_draft(actor=draft.proposer, proposal_id=draft.pk)

    with pytest.raises(NotThere):
        service(actor=draft.proposer, proposal_id=draft.pk)


# --- publishing ---------------------------------------------------------------------------------


def test_publish_shows_the_draft_to_everybody():
    draft = create_draft(actor=HoldingFactory().user, content=content())
    before = timezone.now()

    publish_proposal(actor=draft.proposer, proposal_id=draft.pk)

    draft.refresh_from_db()
    assert draft.phase == "upcoming"
    assert before < draft.published_at < timezone.now()
    assert Proposal.objects.visible_to(UserFactory()).get() == draft
    assert actions_on(draft) == ["proposal.created", "proposal.published"]


def test_publish_twice_is_once():
    draft = create_draft(actor=HoldingFactory().user, content=content())

    first = publish_proposal(actor=draft.proposer, proposal_id=draft.pk)
    second = publish_proposal(actor=draft.proposer, proposal_id=draft.pk)

    assert second.published_at == first.published_at
    assert actions_on(draft) == ["proposal.created", "proposal.published"]


def window(notice: timedelta, length: timedelta) -> dict:
    start = timezone.now() + notice
    return {"voting_start": start, "voting_end": start + length}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"description": "  "}, "Write the text of the proposal."),
        ({"voting_start": None}, "Say when voting opens and closes."),
        ({"voting_end": None}, "Say when voting opens and closes."),
        (window(23 * HOUR, 3 * DAY), "Voting must open at least 1 day after publishing."),
        (window(2 * DAY, 23 * HOUR), "Voting must last between 1 day and 30 days."),
        (window(2 * DAY, 31 * DAY), "Voting must last between 1 day and 30 days."),
    ],
)
def test_publish_says_what_keeps_it_back(changes, problem):
    draft = create_draft(actor=HoldingFactory().user, content=content(**changes))

    with pytest.raises(NotPublishable) as refusal:
        publish_proposal(actor=draft.proposer, proposal_id=draft.pk)

    assert str(refusal.value) == problem
    draft.refresh_from_db()
    assert (draft.status, draft.published_at) == ("draft", None)


@pytest.mark.parametrize("length", [DAY, 30 * DAY])
def test_the_shortest_and_the_longest_vote_can_be_published(length):
    start = timezone.now() + 2 * DAY
    written = content(voting_start=start, voting_end=start + length)
    draft = create_draft(actor=HoldingFactory().user, content=written)

    assert publish_proposal(actor=draft.proposer, proposal_id=draft.pk).published_at


def test_publish_needs_a_governance_token():
    draft = create_draft(actor=UserFactory(), content=content())

    with pytest.raises(NotPublishable, match="no governance token"):
        publish_proposal(actor=draft.proposer, proposal_id=draft.pk)


def test_publish_needs_the_threshold_exactly():
    decide_option("governance.proposal_threshold", "12480.000000000000000001")
    draft = create_draft(actor=UserFactory(), content=content())

    give_power(draft.proposer, 12480)
    with pytest.raises(NotPublishable, match=r"You need 12,480\.000000000000000001 voting power"):
        publish_proposal(actor=draft.proposer, proposal_id=draft.pk)
    give_power(draft.proposer, "12480.000000000000000001")
    publish_proposal(actor=draft.proposer, proposal_id=draft.pk)

    draft.refresh_from_db()
    assert draft.status == "active"


def test_publish_names_every_problem_at_once():
    draft = create_draft(actor=UserFactory(), content=Content("Later", ""))

    with pytest.raises(NotPublishable) as refusal:
        publish_proposal(actor=draft.proposer, proposal_id=draft.pk)

    assert refusal.value.problems == {
        "text": "Write the text of the proposal.",
        "token": "The community has no governance token yet.",
        "opens": "Say when voting opens and closes.",
        "power": "You need 1 voting power to publish, and you have 0.",
    }


def test_an_upcoming_proposal_can_be_edited_within_the_rules():
    proposal = ProposalFactory(proposer=HoldingFactory().user, upcoming=True)
    later = content()

    edit_proposal(actor=proposal.proposer, proposal_id=proposal.pk, content=later)
    with pytest.raises(NotPublishable, match="Write the text"):
        edit_proposal(
            actor=proposal.proposer, proposal_id=proposal.pk, content=content(description="")
        )

    proposal.refresh_from_db()
    assert proposal.title == "Fund the garden"
    assert proposal.description == "Ten **beds**."
    assert actions_on(proposal) == ["proposal.edited"]


def test_an_upcoming_proposal_keeps_its_window_or_gives_full_notice():
    """An hour before opening the text may be mended, but the opening cannot come any closer."""
    start = timezone.now() + HOUR
    proposal = ProposalFactory(
        proposer=HoldingFactory().user,
        upcoming=True,
        voting_start=start,
        voting_end=start + 3 * DAY,
    )
    author = proposal.proposer

    mended = content(voting_start=start, voting_end=start + 3 * DAY)
    edit_proposal(actor=author, proposal_id=proposal.pk, content=mended)
    with pytest.raises(NotPublishable, match="at least 1 day after publishing"):
        edit_proposal(
            actor=author,
            proposal_id=proposal.pk,
            content=replace(mended, voting_start=start - MINUTE),
        )
    edit_proposal(actor=author, proposal_id=proposal.pk, content=content())


def test_nothing_can_be_edited_once_voting_is_due():
    for proposal in (ProposalFactory(due=True), open_proposal_with([60]), decided_proposal()):
        with pytest.raises(NotEditable):
            edit_proposal(actor=proposal.proposer, proposal_id=proposal.pk, content=content())


# --- withdrawing and cancelling -----------------------------------------------------------------


def test_withdraw_before_opening():
    proposal = ProposalFactory(upcoming=True)

    withdraw_proposal(actor=proposal.proposer, proposal_id=proposal.pk)

    proposal.refresh_from_db()
    assert (proposal.status, proposal.outcome_reason) == ("rejected", "withdrawn")
    assert proposal.phase == "withdrawn"
    assert actions_on(proposal) == ["proposal.withdrawn"]


def test_withdraw_is_for_published_proposals_before_opening_only():
    for proposal in (
        ProposalFactory(),
        ProposalFactory(due=True),
        open_proposal_with([60]),
        decided_proposal(),
    ):
        with pytest.raises(NothingToCancel):
            withdraw_proposal(actor=proposal.proposer, proposal_id=proposal.pk)


def test_withdraw_twice_is_once():
    withdrawn = ProposalFactory(upcoming=True)

    for _time in range(2):
        withdraw_proposal(actor=withdrawn.proposer, proposal_id=withdrawn.pk)

    assert actions_on(withdrawn) == ["proposal.withdrawn"]


@pytest.mark.parametrize("traits", [{"upcoming": True}, {"due": True}])
def test_a_withdrawn_or_cancelled_proposal_never_opens(traits):
    TokenFactory()
    proposal = ProposalFactory(**traits)
    cancel_proposal(
        actor=UserFactory(role="moderator"), proposal_id=proposal.pk, note="Sent twice."
    )

    assert open_proposal(proposal_id=proposal.pk) is False


def test_cancel_an_open_vote_with_a_public_reason():
    proposal = open_proposal_with([60])
    cast(proposal, *voters_of(proposal), "yes")
    moderator = UserFactory(role="moderator")

    cancel_proposal(actor=moderator, proposal_id=proposal.pk, note=" Sent twice. ")

    proposal.refresh_from_db()
    assert proposal.phase == "cancelled"
    assert proposal.outcome_note == "Sent twice."
    assert Vote.objects.filter(proposal=proposal).count() == 1
    event = last_event(proposal)
    assert (event.action, event.user) == ("proposal.cancelled", moderator)
    assert event.new_values == {"status": "rejected", "note": "Sent twice."}
    shift_window(proposal, end=HOUR)
    assert close_proposal(proposal_id=proposal.pk) is False


@pytest.mark.parametrize("note", ["", "  \n"])
def test_cancel_needs_a_reason(note):
    proposal = open_proposal_with([60])

    with pytest.raises(NothingToCancel, match="Give the public reason"):
        cancel_proposal(actor=UserFactory(), proposal_id=proposal.pk, note=note)
    proposal.refresh_from_db()
    assert proposal.status == "active"


def test_cancel_is_for_published_undecided_proposals_only():
    moderator = UserFactory(role="moderator")
    cancelled = open_proposal_with([60])
    cancel_proposal(actor=moderator, proposal_id=cancelled.pk, note="First.")

    for proposal in (ProposalFactory(), decided_proposal(), cancelled):
        with pytest.raises(NothingToCancel):
            cancel_proposal(actor=moderator, proposal_id=proposal.pk, note="Again.")
    cancelled.refresh_from_db()
    assert cancelled.outcome_note == "First."


# --- opening ------------------------------------------------------------------------------------


def test_open_counts_everybody_each_part_weighted_and_rounded_down():
    decide_option("power.balance_weight", "0.666666666666666666")
    decide_option("power.staked_weight", "1.5")
    one, unit = Decimal(1), Decimal("0.000000000000000001")
    holding = HoldingFactory(balance=one + unit, staked_balance=one + unit)
    HoldingFactory(balance=unit, staked_balance=0)  # rounds down to nothing: no voter
    HoldingFactory(balance=0, staked_balance=0)
    HoldingFactory(token=TokenFactory(symbol="OTHER"))
    proposal = ProposalFactory(due=True)

    assert open_proposal(proposal_id=proposal.pk) is True

    counted = PowerSnapshot.objects.get(proposal=proposal)
    assert counted.user == holding.user
    assert counted.own == Decimal("0.666666666666666666")
    assert counted.staked == Decimal("1.500000000000000001")
    assert counted.power == Decimal("2.166666666666666667")
    proposal.refresh_from_db()
    assert proposal.total_power == counted.power
    assert proposal.phase == "open"


@pytest.mark.parametrize(
    ("quorum", "stored"),
    [
        ("4000000", "4000000"),
        ("0.5", "0.5"),
        ("0", "0"),
        ("50 %", "0.166666666666666666"),  # of 0.333333333333333333, rounded down
        ("100%", "0.333333333333333333"),
        ("0.000000000000000001 %", "0"),
    ],
)
def test_open_stores_the_quorum_as_an_amount(quorum, stored):
    decide_option("governance.quorum", quorum)

    proposal = open_proposal_with(["0.333333333333333333"])

    assert proposal.quorum_threshold == Decimal(stored)


def test_open_freezes_the_rule_of_that_day():
    decide_option("governance.approval", "2/3")
    decide_option("governance.quorum_mode", "for")
    decide_option("governance.quorum", "50 %")
    proposal = open_proposal_with([60, 40])
    decide_option("governance.approval", "1/2")
    decide_option("governance.quorum_mode", "turnout")
    decide_option("governance.quorum", "1")
    give_power(voters_of(proposal)[1], 1_000_000)
    cast(proposal, voters_of(proposal)[0], "yes")
    cast(proposal, voters_of(proposal)[1], "no")

    close_now(proposal)

    assert (proposal.approval_numerator, proposal.approval_denominator) == (2, 3)
    assert proposal.approval_threshold == Decimal("0.666666666666666667")
    assert (proposal.quorum_mode, proposal.quorum_threshold) == ("for", 50)
    assert (proposal.yes_power, proposal.no_power) == (60, 40)
    assert (proposal.status, proposal.outcome_reason) == ("rejected", "below_threshold")


@pytest.mark.parametrize("powers", [["12480", "0.000000000000000001"], []])
@pytest.mark.parametrize("quorum", ["4 %", "7", "0"])
def test_the_fingerprint_can_be_computed_again_from_the_row(powers, quorum):
    decide_option("governance.quorum", quorum)

    proposal = open_proposal_with(powers)

    again = canonical_hash(fingerprinted(Proposal.objects.get(pk=proposal.pk)))
    assert proposal.fingerprint == f"sha256:{again}"


def test_the_fingerprint_covers_text_window_and_rule():
    proposal = open_proposal_with(["60"], title="A", description="B", metadata={"c": 1})

    utc = "%Y-%m-%dT%H:%M:%S.%fZ"
    assert fingerprinted(proposal) == [
        "A",
        "B",
        "text",
        {"c": 1},
        proposal.voting_start.strftime(utc),
        proposal.voting_end.strftime(utc),
        {
            "version": 1,
            "token": "DPT",
            "quorum_mode": "for_abstain",
            "quorum": "2.400000000000000000",
            "approval": "1/2",
            "total_power": "60.000000000000000000",
        },
    ]


def test_open_twice_is_once():
    proposal = open_proposal_with([60])

    assert open_proposal(proposal_id=proposal.pk) is False

    assert PowerSnapshot.objects.filter(proposal=proposal).count() == 1
    assert actions_on(proposal) == ["proposal.opened"]
    assert last_event(proposal).user is None


@pytest.mark.parametrize("traits", [{}, {"upcoming": True}])
def test_open_waits_for_its_time(traits):
    TokenFactory()
    proposal = ProposalFactory(**traits)

    assert open_proposal(proposal_id=proposal.pk) is False
    assert not PowerSnapshot.objects.exists()


# --- voting -------------------------------------------------------------------------------------


def test_cast_vote_keeps_choice_power_reason_and_says_so():
    proposal = open_proposal_with(["12480.5"])
    (voter,) = voters_of(proposal)

    vote = cast(proposal, voter, "yes", "  Rain is free. ")

    assert (vote.vote_type, vote.reason) == ("yes", "Rain is free.")
    assert vote.voting_power == Decimal("12480.5")
    assert vote.reason_sha256 == sha256(b"Rain is free.").hexdigest()
    event = last_event(proposal)
    assert (event.action, event.user, event.old_values) == ("vote.cast", voter, None)
    assert event.new_values == {
        "choice": "yes",
        "power": "12480.500000000000000000",
        "receipt": vote.receipt(proposal.fingerprint),
    }


def test_a_receipt_can_be_computed_by_anybody():
    proposal = open_proposal_with(["12480.5"])
    (voter,) = voters_of(proposal)

    vote = cast(proposal, voter, "abstain", "Ünsicher")

    cast_at = vote.cast_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    reason = sha256("Ünsicher".encode()).hexdigest()
    text = (
        f'["{proposal.fingerprint}","{voter.pk}","abstain","12480.500000000000000000",'
        f'"{cast_at}","{reason}"]'
    )
    assert vote.receipt(proposal.fingerprint) == sha256(text.encode()).hexdigest()[:20]


def test_change_vote_replaces_it_and_keeps_both_in_the_audit_log():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    first = cast(proposal, voter, "yes")

    second = cast(proposal, voter, "no", "I read the budget.")

    assert Vote.objects.get(proposal=proposal) == second == first
    assert (second.vote_type, second.voting_power) == ("no", 60)
    assert second.cast_at > first.cast_at
    event = last_event(proposal)
    assert event.action == "vote.changed"
    assert event.old_values["receipt"] == first.receipt(proposal.fingerprint)
    assert event.new_values["receipt"] == second.receipt(proposal.fingerprint)


def test_the_same_vote_again_changes_nothing():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    first = cast(proposal, voter, "yes", "Rain is free.")

    again = cast(proposal, voter, "yes", " Rain is free. ")

    assert again.cast_at == first.cast_at
    assert actions_on(proposal) == ["proposal.opened", "vote.cast"]
    assert TallySlot.objects.get(proposal=proposal).version == 1


def test_another_reason_is_another_vote():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    cast(proposal, voter, "yes", "Rain is free.")

    vote = cast(proposal, voter, "yes")

    assert (vote.reason, vote.reason_sha256) == ("", sha256(b"").hexdigest())
    assert actions_on(proposal)[-1] == "vote.changed"


@pytest.mark.parametrize("choice", ["", "maybe", "YES", "For"])
def test_an_unknown_choice_is_refused(choice):
    proposal = open_proposal_with([60])

    refused_vote(proposal, *voters_of(proposal), UnknownChoice, choice=choice)


def test_a_reason_has_its_length():
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)

    refused_vote(proposal, voter, ReasonTooLong, reason="x" * 501)
    assert cast(proposal, voter, "yes", "x" * 500).reason == "x" * 500


def test_no_vote_without_power():
    proposal = open_proposal_with([60])
    latecomer = UserFactory()
    give_power(latecomer, 1000)

    refused_vote(proposal, latecomer, NotEligible)


def test_no_vote_with_zero_power():
    proposal, voter = ProposalFactory(due=True), UserFactory()
    TokenFactory()
    PowerSnapshot.objects.create(proposal=proposal, user=voter, power=0)
    open_proposal(proposal_id=proposal.pk)

    refused_vote(proposal, voter, NotEligible)


@pytest.mark.parametrize("traits", [{}, {"upcoming": True}, {"due": True}])
def test_no_vote_before_opening(traits):
    proposal = ProposalFactory(**traits)

    refused_vote(proposal, proposal.proposer, VotingNotOpen)


def test_no_vote_after_the_end_decided_or_not():
    proposal = open_proposal_with([60, 40])
    voter, other = voters_of(proposal)
    cast(proposal, voter, "yes")

    shift_window(proposal, end=timedelta(0))
    refused_vote(proposal, other, VotingClosed)
    refused_vote(proposal, voter, VotingClosed)  # not even the same vote again
    close_now(proposal)
    refused_vote(proposal, other, VotingClosed)


def test_what_the_database_refuses_for_another_reason_is_not_called_the_end():
    proposal = open_proposal_with([7])
    (voter,) = voters_of(proposal)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("ALTER TABLE votes ADD CONSTRAINT nobody_agrees CHECK (vote_type <> 'yes')")

    with pytest.raises(IntegrityError, match="nobody_agrees"):
        cast(proposal, voter, "yes")
    assert cast(proposal, voter, "no").vote_type == "no"


def test_a_vote_that_never_opened_is_closed_when_its_end_has_come():
    proposal = ProposalFactory(due=True)
    shift_window(proposal, end=timedelta(0))

    refused_vote(proposal, proposal.proposer, VotingClosed)


def refused_vote(proposal, voter, error, *, choice="yes", reason=""):
    """Both doors of a ballot say ``error``, and nothing was recorded."""
    before = list(Vote.objects.values_list("pk", "cast_at")), AuditLog.objects.count()
    arguments = {"actor": voter, "proposal_id": proposal.pk, "choice": choice, "reason": reason}
    for service in (check_ballot, cast_vote):
        with pytest.raises(error) as refusal:
            service(**arguments)
        assert str(refusal.value)
    assert (list(Vote.objects.values_list("pk", "cast_at")), AuditLog.objects.count()) == before


# --- closing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "status", "reason"),
    [
        ("yes no yes", "passed", "approved"),
        ("no yes abstain", "rejected", "below_threshold"),
        ("yes no no", "rejected", "tie"),
        ("no", "rejected", "support_quorum"),
        ("abstain", "rejected", "tie"),
        ("", "expired", "no_votes"),
    ],
)
def test_close_writes_down_what_the_votes_say(choices, status, reason):
    proposal = open_proposal_with([50, 30, 20])
    voters, choices = voters_of(proposal), choices.split()
    for voter, choice in zip(voters, choices, strict=False):
        cast(proposal, voter, choice)

    close_now(proposal)

    assert (proposal.status, proposal.outcome_reason) == (status, reason)
    powers = dict.fromkeys(Vote.Choice.values, 0)
    for choice, power in zip(choices, [50, 30, 20], strict=False):
        powers[choice] += power
    assert proposal.yes_power == powers["yes"]
    assert proposal.no_power == powers["no"]
    assert proposal.abstain_power == powers["abstain"]
    assert proposal.yes_votes == choices.count("yes")
    assert proposal.no_votes == choices.count("no")
    assert proposal.abstain_votes == choices.count("abstain")
    assert proposal.total_votes == len(choices)


def test_close_expires_what_missed_the_quorum():
    proposal = open_proposal_with([3, 97])
    cast(proposal, voters_of(proposal)[0], "yes")  # 3 of 100, where 4 % were asked for

    close_now(proposal)

    assert (proposal.status, proposal.outcome_reason) == ("expired", "turnout")


def test_close_is_exact_at_60_digits():
    most, unit = "9" * 59, "0.000000000000000001"
    proposal = open_proposal_with([most, f"{most}.000000000000000001"])
    against, for_it = voters_of(proposal)
    cast(proposal, against, "no")
    cast(proposal, for_it, "yes")

    close_now(proposal)

    assert proposal.status == "passed"
    assert str(proposal.yes_power) == f"{most}{unit[1:]}"
    assert str(proposal.no_power) == f"{most}.000000000000000000"


def test_close_anchors_the_votes_in_a_digest():
    proposal = open_proposal_with([60, 40])
    votes = [cast(proposal, voter, "yes") for voter in voters_of(proposal)]

    close_now(proposal)

    receipts = sorted(vote.receipt(proposal.fingerprint) for vote in votes)
    assert proposal.votes_digest == sha256("\n".join(receipts).encode()).hexdigest()
    event = last_event(proposal)
    assert (event.action, event.user) == ("proposal.closed", None)
    assert event.old_values == {"status": "active"}
    assert event.new_values == {
        "number": proposal.number,
        "status": "passed",
        "reason": "approved",
        "yes": "100.000000000000000000",
        "no": "0.000000000000000000",
        "abstain": "0.000000000000000000",
        "voters": 2,
        "votes_digest": proposal.votes_digest,
    }


def test_close_twice_is_once():
    proposal = decided_proposal("passed")

    assert close_proposal(proposal_id=proposal.pk) is False
    assert actions_on(proposal).count("proposal.closed") == 1


def test_close_waits_for_the_end():
    proposal = open_proposal_with([60])

    assert close_proposal(proposal_id=proposal.pk) is False
    proposal.refresh_from_db()
    assert proposal.status == "active"


def test_the_votes_win_over_a_wrong_live_tally_and_somebody_hears_of_it(caplog):
    proposal = open_proposal_with([60, 40])
    for voter, choice in zip(voters_of(proposal), ["yes", "no"], strict=True):
        cast(proposal, voter, choice)
    with unguarded():
        TallySlot.objects.filter(proposal=proposal).update(no_power=1000)

    with caplog.at_level(logging.CRITICAL, "governance"):
        close_now(proposal)

    assert proposal.status == "passed"
    assert proposal.no_power == 40
    (alarm,) = caplog.records
    assert alarm.levelname == "CRITICAL"
    assert f"#{proposal.number}" in alarm.getMessage()


def test_a_right_live_tally_raises_no_alarm(caplog):
    with caplog.at_level(logging.INFO, "governance"):
        decided_proposal("passed")

    assert caplog.records == []


# --- the sweep ----------------------------------------------------------------------------------


def test_advance_opens_and_closes_all_that_is_due_and_says_which():
    TokenFactory()
    opening = ProposalFactory(due=True)
    closing = open_proposal_with([60])
    shift_window(closing, end=timedelta(0))
    ProposalFactory(upcoming=True)
    ProposalFactory()
    running = open_proposal_with({})

    advanced = advance_proposals()

    assert advanced == Advanced(
        opened=[opening.number], closed=[closing.number], expired=[], failed=[]
    )
    running.refresh_from_db()
    assert running.phase == "open"
    assert advance_proposals() == Advanced([], [], [], [])


def test_one_failure_stops_no_other(caplog):
    closing = open_proposal_with([60])
    shift_window(closing, end=timedelta(0))
    decide_option("governance.token", "GONE")
    stuck = ProposalFactory(due=True)

    with caplog.at_level(logging.ERROR, "governance"):
        advanced = advance_proposals()

    assert advanced == Advanced(
        opened=[], closed=[closing.number], expired=[], failed=[stuck.number]
    )
    assert f"#{stuck.number}: open_proposal failed" in caplog.text
    stuck.refresh_from_db()
    assert stuck.phase == "opening"


# --- titles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["Fund \u202enedrag", "Fund\u200b it", "Fund\ue000it", "F\0und"])
def test_title_with_what_cannot_be_seen_is_refused_in_words(title):
    with pytest.raises(NotPublishable) as refusal:
        create_draft(actor=UserFactory(), content=content(title=title))

    assert "cannot be seen" in str(refusal.value.problems["title"])
    assert not Proposal.objects.exists()


def test_title_is_stored_composed_and_on_one_line():
    draft = create_draft(
        actor=UserFactory(), content=content(title="Cafe\u0301\n  for\u00a0all \N{DECIDUOUS TREE}")
    )

    assert draft.title == "Café for all \N{DECIDUOUS TREE}"
