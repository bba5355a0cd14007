"""What a member repeats too often is refused in words, at its form, with nothing lost."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from PIL import Image

from accounts.models import Profile, User
from dao_portal.core.brakes import TooOften
from dao_portal.core.db.base import database_now
from dao_portal.core.options import clear_option_cache
from dao_portal.core.services.options import set_option
from governance.models import Proposal, Vote
from governance.services.proposals import publish_proposal
from social.models import Comment, CommentReaction
from tests.accounts.profile_form import FORM
from tests.explosive import one_long_address
from tests.factories import (
    HoldingFactory,
    ProposalFactory,
    cast,
    comment_on,
    decided_proposal,
    open_proposal_with,
    receipt_of,
)
from tests.threads import all_at_once

DRAFT = {"title": "A bench", "description": "Of oak.", "lasts": "7", "unit": "days"}


def limit(**options: int) -> None:
    for key, most in options.items():
        set_option(key.replace("__", "."), str(most), actor=None)
    clear_option_cache()


@pytest.fixture
def ada(ada: User) -> User:
    return HoldingFactory(user=ada).user


def test_drafts(signed_in, ada):
    limit(governance__drafts_per_day=2)
    for _time in range(2):
        signed_in.post("/proposals/new/", DRAFT)

    refused = signed_in.post("/proposals/new/", DRAFT | {"title": "A third bench"})

    assert refused.status_code == 422
    words = "You have started 2 drafts within a day. You can save the next one in 23 hours."
    assert words in refused.text
    assert 'value="A third bench"' in refused.text
    assert Proposal.objects.filter(proposer=ada).count() == 2


def test_a_deleted_draft_was_started_all_the_same(signed_in, ada):
    limit(governance__drafts_per_day=1)
    draft = signed_in.post("/proposals/new/", DRAFT)["Location"]
    signed_in.post(f"{draft}delete/")

    assert signed_in.post("/proposals/new/", DRAFT).status_code == 422


def test_publishing(signed_in, ada):
    limit(governance__proposals_per_day=1)
    first, second = (ProposalFactory(proposer=ada) for _number in range(2))
    set_option("governance.notice_minutes", "0", actor=None)
    clear_option_cache()

    assert signed_in.post(f"{first.get_absolute_url()}publish/").status_code == 303
    refused = signed_in.post(f"{second.get_absolute_url()}publish/")
    assert signed_in.post(f"{first.get_absolute_url()}publish/").status_code == 303  # again is once

    assert refused.status_code == 422
    assert "It was not published" in refused.text
    words = "You have published 1 proposal within a day. You can publish the next in 23 hours."
    assert words in refused.text
    second.refresh_from_db()
    assert second.status == "draft"


def test_edits(signed_in, ada):
    limit(governance__edits_per_hour=1)
    address = f"{ProposalFactory(proposer=ada).get_absolute_url()}edit/"
    signed_in.post(address, DRAFT)

    refused = signed_in.post(address, DRAFT | {"title": "A longer bench"})

    assert refused.status_code == 422
    assert "You have saved 1 change within an hour." in refused.text
    assert 'value="A longer bench"' in refused.text


@pytest.mark.parametrize("step", ["preview", "check"])
def test_previews(signed_in, step):
    limit(governance__previews_per_hour=1)
    asked = DRAFT | {"step": step}
    first = signed_in.post("/proposals/new/", asked)

    refused = signed_in.post("/proposals/new/", asked)

    words = "You have looked at 1 preview within an hour."
    assert first.status_code == 200
    assert words not in first.text
    assert words in refused.text
    assert "Of oak." in refused.text


def test_changes_of_a_vote_but_not_the_first_one(signed_in, ada):
    limit(governance__vote_changes_per_hour=1)
    proposal, other = open_proposal_with({ada: 7}), open_proposal_with({ada: 7})
    cast(proposal, ada, "yes")
    cast(proposal, ada, "no")
    ballot = {"choice": "abstain", "step": "confirm", "replaces": receipt_of(proposal, ada)}

    refused = signed_in.post(f"{proposal.get_absolute_url()}vote/", ballot | {"reason": "So."})

    assert refused.status_code == 422
    assert "You have changed your votes 1 time within an hour." in refused.text
    assert ">So.</textarea>" in refused.text
    assert Vote.objects.get(proposal=proposal, voter=ada).vote_type == "no"
    cast(other, ada, "yes")
    assert Vote.objects.filter(voter=ada).count() == 2


@pytest.mark.parametrize("why", ["too many drafts", "a title that is refused", "a text too large"])
def test_a_copy_that_is_refused_is_told_why(signed_in, ada, why):
    proposal = decided_proposal("rejected", proposer=ada)
    words = {
        "too many drafts": "You have started 1 draft within a day.",
        "a title that is refused": "cannot be seen",
        "a text too large": "This text becomes too large",
    }[why]
    if why == "too many drafts":
        limit(governance__drafts_per_day=1)
        signed_in.post("/proposals/new/", DRAFT)
    elif why == "a title that is refused":
        older(proposal, title="A \u202ebench")
    else:
        older(proposal, description=one_long_address(9_990))

    answer = signed_in.post(f"{proposal.get_absolute_url()}again/", follow=True)

    assert answer.redirect_chain == [(proposal.get_absolute_url(), 303)]
    assert words in answer.text


def older(proposal: Proposal, **values: str) -> None:
    """As a row from before today's rules: past the guards, which freeze it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Proposal.objects.filter(pk=proposal.pk).update(**values)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["plain", "htmx"])
def test_reactions(signed_in, ada, headers):
    limit(social__reactions_per_5_minutes=1)
    comment = comment_on(ProposalFactory(upcoming=True))
    signed_in.post(f"/comments/{comment.pk}/like/")

    refused = signed_in.post(f"/comments/{comment.pk}/like/", {"undo": "1"}, headers=headers)
    if not headers:
        refused = signed_in.get(comment.proposal.get_absolute_url())

    assert "You have reacted 1 time in five minutes. You can go on in 4 min." in refused.text
    assert CommentReaction.objects.get(user=ada).kind == 1
    assert Comment.objects.get(pk=comment.pk).likes == 1
    if headers:
        assert refused.status_code == 422
        assert 'aria-pressed="true"' in refused.text  # it shows the one that stands


def test_profile(signed_in, ada):
    limit(accounts__profile_saves_per_hour=1)
    signed_in.post("/account/", FORM)

    refused = signed_in.post("/account/", FORM | {"bio": "I grow quinces."})

    assert refused.status_code == 422
    assert "You have saved your profile 1 time within an hour." in refused.text
    assert "I grow quinces." in refused.text
    assert Profile.objects.get(user=ada).bio != "I grow quinces."


def test_pictures_count_also_when_they_are_none(signed_in, ada):
    limit(accounts__pictures_per_hour=1)
    signed_in.post("/account/", FORM | {"picture": SimpleUploadedFile("a.png", b"no picture")})
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")

    refused = signed_in.post(
        "/account/", FORM | {"picture": SimpleUploadedFile("b.png", file.getvalue())}
    )

    assert refused.status_code == 422
    assert "You have sent 1 picture within an hour." in refused.text
    assert not Profile.objects.filter(user=ada).exclude(picture="").exists()


def test_whoever_holds_nothing_publishes_nothing_unless_the_community_lets_everybody(db):
    set_option("governance.notice_minutes", "0", actor=None)
    clear_option_cache()
    HoldingFactory()
    draft = ProposalFactory(voting_start=database_now() + timedelta(days=1))
    client = Client()
    client.force_login(draft.proposer)
    address = f"{draft.get_absolute_url()}publish/"

    refused = client.post(address)
    set_option("governance.proposal_threshold", "0", actor=None)
    clear_option_cache()

    assert refused.status_code == 422
    assert "You need 1 voting power to publish, and you have 0." in refused.text
    assert client.post(address).status_code == 303


@pytest.mark.stress
@pytest.mark.django_db(transaction=True)
def test_forty_proposals_published_at_once_are_five():
    ada = HoldingFactory().user
    limit(governance__notice_minutes=0)
    drafts = [ProposalFactory(proposer=ada) for _number in range(40)]

    results = all_at_once(
        [lambda draft=draft: publish_proposal(actor=ada, proposal_id=draft.pk) for draft in drafts]
    )

    refused = [result for result in results if isinstance(result, Exception)]
    assert {type(refusal) for refusal in refused} == {TooOften}
    assert Proposal.objects.filter(status="active").count() == 5
