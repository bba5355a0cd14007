"""The last vote that was acknowledged counts: none takes the place of one it did not know of."""

import re
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from accounts.models import User
from dao_portal.core.models import AuditLog
from governance.errors import AnotherVoteStands
from governance.models import Proposal, TallySlot, Vote
from governance.services.votes import cast_vote, check_ballot
from tests.factories import cast, close_now, open_proposal_with, receipt_of, voters_of
from tests.governance.voting_pages import CARD, card, inputs, send
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db

STALE = "0" * 20
NOT_RECORDED = "Another vote of yours stands This one was not recorded."


@pytest.fixture
def proposal(ada: User) -> Proposal:
    return open_proposal_with({ada: 12480, "ben": 5})


def everything(proposal: Proposal) -> tuple[object, ...]:
    """All that a vote writes, as it stands."""
    return (
        list(Vote.objects.filter(proposal=proposal).order_by("pk").values()),
        list(TallySlot.objects.filter(proposal=proposal).order_by("slot").values()),
        AuditLog.objects.count(),
    )


# --- the service --------------------------------------------------------------------------------


def refused(proposal: Proposal, voter: User, replaces: str) -> AnotherVoteStands:
    """Both doors of a ballot refuse, and nothing is written."""
    before = everything(proposal)
    ballot = {"proposal_id": proposal.pk, "choice": "no", "reason": "New.", "replaces": replaces}
    for service in (check_ballot, cast_vote):
        with pytest.raises(AnotherVoteStands) as refusal:
            service(actor=voter, **ballot)
    assert everything(proposal) == before
    return refusal.value


def test_first_vote_names_none_and_a_change_names_what_stands(proposal, ada):
    first = cast_vote(actor=ada, proposal_id=proposal.pk, choice="yes")
    receipt = first.receipt(proposal.fingerprint)

    second = cast_vote(actor=ada, proposal_id=proposal.pk, choice="no", replaces=receipt)

    assert Vote.objects.get(proposal=proposal, voter=ada).vote_type == "no"
    assert second.receipt(proposal.fingerprint) != receipt


def test_vote_that_knows_of_none_replaces_none(proposal, ada):
    standing = cast(proposal, ada, "yes").receipt(proposal.fingerprint)

    assert refused(proposal, ada, "").receipt == standing


def test_vote_that_knows_an_older_one_replaces_nothing(proposal, ada):
    older = cast(proposal, ada, "yes").receipt(proposal.fingerprint)
    newer = cast(proposal, ada, "yes", "A reason.").receipt(proposal.fingerprint)
    back = cast(proposal, ada, "yes").receipt(proposal.fingerprint)  # the same words as at first

    assert refused(proposal, ada, older).receipt == back
    assert refused(proposal, ada, newer).receipt == back


@pytest.mark.parametrize("replaces", [STALE, "nonsense", " ", "\N{COMBINING ACUTE ACCENT}"])
def test_vote_that_names_one_that_is_not_there_is_refused(proposal, ada, replaces):
    assert refused(proposal, ada, replaces).receipt == ""


def test_receipt_of_somebody_else_replaces_nothing(proposal, ada):
    ben = voters_of(proposal)[1]
    theirs = cast(proposal, ben, "yes").receipt(proposal.fingerprint)
    own = cast(proposal, ada, "yes").receipt(proposal.fingerprint)

    assert refused(proposal, ada, theirs).receipt == own


@pytest.mark.parametrize("seen", ["none", "what stands", "an older one", "nonsense"])
def test_what_stands_already_is_taken_and_changes_nothing(proposal, ada, seen):
    older = cast(proposal, ada, "no").receipt(proposal.fingerprint)
    standing = cast(proposal, ada, "yes", "Rain is free.").receipt(proposal.fingerprint)
    before = everything(proposal)
    replaces = {"none": "", "what stands": standing, "an older one": older}.get(seen, "?")

    again = cast_vote(
        actor=ada,
        proposal_id=proposal.pk,
        choice="yes",
        reason=" Rain is free. ",
        replaces=replaces,
    )

    assert again.receipt(proposal.fingerprint) == standing
    assert everything(proposal) == before


def test_hidden_reason_stands_by_its_hash(proposal, ada):
    """Who sends the words again says nothing new; who sends none takes them back."""
    cast(proposal, ada, "yes", "Rude words.")
    Vote.objects.filter(proposal=proposal, voter=ada).update(reason="")
    before = everything(proposal)
    ballot = {"actor": ada, "proposal_id": proposal.pk, "choice": "yes"}

    cast_vote(**ballot, reason="Rude words.")
    assert everything(proposal) == before
    cast_vote(**ballot, replaces=receipt_of(proposal, ada))
    assert AuditLog.objects.latest("id").action == "vote.changed"


# --- the card: both votes, and which of them counts ---------------------------------------------


def hidden_fields(response) -> dict[str, str]:
    """What the form of the card sends besides its button."""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', inputs(response))
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


@pytest.mark.parametrize("headers", [None, CARD], ids=["page", "htmx"])
@pytest.mark.parametrize("step", ["review", "confirm"])
def test_card_shows_both_votes_and_changes_only_what_it_shows(
    signed_in, proposal, ada, step, headers
):
    standing = cast(proposal, ada, "no", "Two tranches would do.")
    before = everything(proposal)

    response = send(
        signed_in,
        proposal,
        headers=headers,
        choice="yes",
        reason="The reports convince me.",
        replaces="",
        step=step,
    )

    text = card(response)
    assert response.status_code == 422
    assert everything(proposal) == before
    assert text.startswith(f"{NOT_RECORDED} You voted just now, and this page did not know of it.")
    assert "Counts now Against Two tranches would do. 12,480 power" in text
    assert f"receipt {standing.receipt(proposal.fingerprint)}" in text
    assert "Not recorded For The reports convince me. Would weigh 12,480 power" in text
    assert "Change my vote to For Keep Against You can change it until voting closes" in text
    assert (b"<html" in response.content) == (headers is None)
    fields = hidden_fields(response)
    assert fields == {
        "choice": "yes",
        "reason": "The reports convince me.",
        "replaces": standing.receipt(proposal.fingerprint),
    }
    done = send(signed_in, proposal, headers=headers, **fields, step="confirm")
    assert done.status_code == (200 if headers else 303)
    vote = Vote.objects.get(proposal=proposal, voter=ada)
    assert (vote.vote_type, vote.reason) == ("yes", "The reports convince me.")


def test_third_window_is_noticed_too(signed_in, proposal, ada):
    cast(proposal, ada, "no")
    rival = send(signed_in, proposal, choice="yes", step="confirm")
    cast(proposal, ada, "abstain")

    response = send(signed_in, proposal, **hidden_fields(rival), step="confirm")

    assert card(response).startswith(NOT_RECORDED)
    assert "Counts now Abstain" in card(response)
    assert hidden_fields(response)["replaces"] == receipt_of(proposal, ada)
    assert Vote.objects.get(proposal=proposal, voter=ada).vote_type == "abstain"


def test_only_the_reason_differs(signed_in, proposal, ada):
    cast(proposal, ada, "yes", "Rain is free.")

    text = card(send(signed_in, proposal, choice="yes", step="confirm"))

    assert "Change my reason Keep it as it is" in text


def test_form_without_the_field_replaces_nothing(signed_in, proposal, ada):
    cast(proposal, ada, "no")

    assert send(signed_in, proposal, choice="yes", step="confirm").status_code == 422
    assert Vote.objects.get(proposal=proposal, voter=ada).vote_type == "no"


def test_vote_that_was_to_be_changed_and_is_gone(signed_in, proposal):
    response = send(signed_in, proposal, choice="yes", replaces=STALE, step="confirm")

    text = card(response)
    assert response.status_code == 422
    assert text.startswith("No vote of yours stands This one was not recorded.")
    assert "Counts now" not in text
    assert "Cast vote Do not vote" in text
    assert send(signed_in, proposal, **hidden_fields(response), step="confirm").status_code == 303


def test_every_step_carries_what_the_reader_saw(signed_in, proposal, ada):
    """From the form over the review and back: a vote in between is noticed at each step."""
    form = signed_in.get(proposal.get_absolute_url())
    assert hidden_fields(form) == {"replaces": ""}
    seen = cast(proposal, ada, "yes").receipt(proposal.fingerprint)
    change = signed_in.get(f"{proposal.get_absolute_url()}vote/", headers=CARD)
    assert hidden_fields(change) == {"replaces": seen}

    ballot = {"choice": "no", "replaces": seen}
    review = send(signed_in, proposal, **ballot, step="review")
    assert hidden_fields(review) == {"choice": "no", "reason": "", "replaces": seen}

    cast(proposal, ada, "abstain")
    back = send(signed_in, proposal, **ballot, step="back")
    mistake = send(signed_in, proposal, choice="", replaces=seen, step="review")
    for form in (back, mistake):
        assert hidden_fields(form) == {"replaces": seen}
    for step in ("review", "confirm"):
        assert card(send(signed_in, proposal, **ballot, step=step)).startswith(NOT_RECORDED)


def test_confirming_twice_is_one_vote_and_two_thanks(signed_in, proposal, ada):
    seen = cast(proposal, ada, "yes").receipt(proposal.fingerprint)

    for _ in range(2):
        answer = send(signed_in, proposal, choice="no", replaces=seen, step="confirm")
        assert answer.status_code == 303

    assert AuditLog.objects.filter(action="vote.changed").count() == 1


def test_after_the_end_nobody_is_asked_which_counts(signed_in, proposal, ada):
    cast(proposal, ada, "yes")
    close_now(proposal)

    for step in ("review", "confirm"):
        text = card(send(signed_in, proposal, choice="no", step=step))
        assert text.startswith("Your vote was not recorded Voting has closed.")


# --- a request that is overtaken on its way -----------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [False, True], ids=["first vote", "change"])
def test_request_that_waits_for_a_newer_one_is_refused(change):
    """It read everything before the newer vote was there, and waits for the voter's row."""
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    seen = cast(proposal, voter, "abstain").receipt(proposal.fingerprint) if change else ""
    ballot = {"actor": voter, "proposal_id": proposal.pk, "replaces": seen}

    with second_session() as start:
        with transaction.atomic():
            newer = cast_vote(**ballot, choice="yes")
            late = start(cast_vote, **ballot, choice="no")
            wait_until_blocked()
        error = late.exception(PATIENCE)

    assert isinstance(error, AnotherVoteStands)
    assert error.receipt == newer.receipt(proposal.fingerprint) == receipt_of(proposal, voter)


class Window:
    """A signed-in browser window that talks to the server by hand."""

    def __init__(self, server: str, member: User) -> None:
        self.address = urlsplit(server)
        self.client = Client()
        self.client.force_login(member)

    def vote(self, proposal: Proposal, **fields: str) -> int:
        with self.sending(proposal, **fields) as send_rest:
            return send_rest()

    @contextmanager
    def sending(self, proposal: Proposal, **fields: str) -> Iterator:
        """A ballot on its way: the server has all of it but the last byte until it is called."""
        token = "x" * 32
        body = urlencode({"csrfmiddlewaretoken": token, "step": "confirm", **fields}).encode()
        session = self.client.cookies[settings.SESSION_COOKIE_NAME].value
        head = (
            f"POST {proposal.get_absolute_url()}vote/ HTTP/1.0\r\n"
            f"Host: {self.address.netloc}\r\n"
            f"Cookie: {settings.SESSION_COOKIE_NAME}={session};"
            f" {settings.CSRF_COOKIE_NAME}={token}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        place = (self.address.hostname or "", self.address.port or 0)
        with closing(socket.create_connection(place, timeout=PATIENCE)) as connection:
            connection.sendall(head.encode() + body[:-1])

            def send_rest() -> int:
                connection.sendall(body[-1:])
                with connection.makefile("rb") as answer:
                    return int(answer.readline().split()[1])

            yield send_rest


@pytest.mark.django_db(transaction=True)
def test_twelve_given_up_requests_never_undo_a_newer_vote(live_server):
    """Each is sent, held up on its way, and let through after a newer one was acknowledged."""
    proposal = open_proposal_with([60])
    (voter,) = voters_of(proposal)
    window = Window(live_server.url, voter)
    late_statuses = []

    for number in range(12):
        seen = receipt_of(proposal, voter)
        with window.sending(
            proposal, choice="no", reason=f"late {number}", replaces=seen
        ) as send_rest:
            newest = {"choice": "yes", "reason": f"newest {number}"}
            assert window.vote(proposal, **newest, replaces=seen) == 303
            late_statuses.append(send_rest())
        standing = Vote.objects.get(proposal=proposal, voter=voter)
        assert (standing.vote_type, standing.reason) == ("yes", f"newest {number}")

    assert late_statuses == [422] * 12
