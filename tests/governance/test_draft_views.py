"""Writing a proposal: what is refused, what is kept, what is saved."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.models import AuditLog
from dao_portal.core.options import clear_option_cache
from governance.models import Proposal
from tests.explosive import one_long_address
from tests.factories import DAY, HOUR, ProposalFactory, UserFactory, give_power, open_proposal_with
from tests.governance.writing import NEW, NEXT_WEEK, WRITTEN, content_of

pytestmark = pytest.mark.django_db

EDITOR = {"HX-Request": "true", "HX-Target": "editor"}


@pytest.fixture
def ada(ada: User) -> User:
    give_power(ada, 12_480)
    return ada


# --- saving ---------------------------------------------------------------------------------------


def test_a_draft_is_saved_with_its_window_in_utc(signed_in, ada):
    response = signed_in.post(NEW, WRITTEN | {"step": "save"})

    draft = Proposal.objects.get()
    assert (response.status_code, response["Location"]) == (303, f"/proposals/{draft.number}/")
    assert draft.proposer == ada
    assert content_of(draft) == (
        "Fund the garden",
        "Ten raised beds and a **rain barrel**.",
        NEXT_WEEK,
        NEXT_WEEK + 5 * DAY,
        "draft",
    )
    assert "<strong>rain barrel</strong>" in draft.description_html
    assert "Draft saved. Only you can see it." in signed_in.get(response["Location"]).text


def test_enter_saves(signed_in):
    html = signed_in.get(NEW).text

    form = html[html.index('<form class="wrap two newp"') :]
    assert form[form.index("<button") :].startswith(
        '<button class="vh" name="step" value="save" tabindex="-1" aria-hidden="true">'
    )


def test_a_title_is_enough_for_a_draft(signed_in):
    only_title = WRITTEN | {"description": "", "opens_on": ""}

    assert signed_in.post(NEW, only_title).status_code == 303
    assert content_of(Proposal.objects.get()) == ("Fund the garden", "", None, None, "draft")


@pytest.mark.parametrize(
    ("unit", "lasts", "length"),
    [("days", "2", 2 * DAY), ("hours", "36", 36 * HOUR), ("minutes", "1500", 25 * HOUR)],
)
def test_length_is_a_number_and_a_unit(signed_in, unit, lasts, length):
    signed_in.post(NEW, WRITTEN | {"lasts": lasts, "unit": unit})

    draft = Proposal.objects.get()
    assert draft.voting_end - draft.voting_start == length
    html = signed_in.get(f"/proposals/{draft.number}/edit/").text
    if unit == "minutes":  # as few words as possible
        lasts, unit = "25", "hours"
    assert f'name="lasts" value="{lasts}"' in html
    assert f'<option value="{unit}" selected>' in html


@pytest.mark.parametrize("what", ["text", "window"])
def test_editing_changes_one_thing_and_leaves_the_other(signed_in, ada, what):
    draft = ProposalFactory(proposer=ada)
    old = content_of(draft)
    form = signed_in.get(f"/proposals/{draft.number}/edit/").context["form"]
    sent = {name: form[name].value() for name in form.fields}
    sent |= {"text": {"title": "Another title"}, "window": {"lasts": "9"}}[what]
    sent["opens_at"] = f"{sent['opens_at']:%H:%M}"

    response = signed_in.post(f"/proposals/{draft.number}/edit/", sent)

    assert response.status_code == 303
    title, text, start, end, _status = content_of(draft)
    if what == "text":  # the window keeps its seconds, which no form shows
        assert (title, text, start, end) == ("Another title", *old[1:4])
    else:
        assert (title, text, end - start) == (old[0], old[1], timedelta(days=9))


def test_a_draft_whose_opening_has_passed_can_still_be_mended(signed_in, ada):
    draft = ProposalFactory(proposer=ada, voting_start=timezone.now() - DAY)
    form = signed_in.get(f"/proposals/{draft.number}/edit/").context["form"]
    sent = {name: form[name].value() for name in form.fields} | {"title": "Mended"}
    sent["opens_at"] = f"{sent['opens_at']:%H:%M}"

    assert signed_in.post(f"/proposals/{draft.number}/edit/", sent).status_code == 303
    assert content_of(draft)[0] == "Mended"


def test_editing_a_published_proposal_says_who_reads_it(signed_in, ada):
    proposal = ProposalFactory(upcoming=True, proposer=ada)

    assert (
        "Everyone reads what you save." in signed_in.get(f"/proposals/{proposal.number}/edit/").text
    )
    response = signed_in.post(f"/proposals/{proposal.number}/edit/", WRITTEN, follow=True)

    assert "Saved. Everyone reads the new version now." in response.text
    assert AuditLog.objects.filter(action=Action.PROPOSAL_EDITED, user=ada).count() == 1


YESTERDAY = f"{timezone.now() - DAY:%Y-%m-%d}"

BAD_INPUT = {
    "no title": ({"title": "   "}, "title", "Give the proposal a title."),
    "long title": (
        {"title": "x" * 201},
        "title",
        "Ensure this value has at most 200 characters (it has 201).",
    ),
    "long text": (
        {"description": "x" * 50_001},
        "description",
        "The text may have at most 50,000 characters.",
    ),
    "start in the past": (
        {"opens_on": YESTERDAY},
        "opens_on",
        "That moment has passed. Choose a later one.",
    ),
    "no day": (
        {"opens_on": "soon"},
        "opens_on",
        "Write the day as year-month-day, such as 2026-12-01.",
    ),
    "end of time": ({"opens_on": "9999-12-31"}, "opens_on", "That day is too far away."),
    "no time": (
        {"opens_at": "noon"},
        "opens_at",
        "Write the time as hours and minutes, such as 09:00.",
    ),
    "time missing": ({"opens_at": ""}, "opens_at", "Say at what time voting opens."),
    "ends before it starts": ({"lasts": "-1"}, "lasts", "Voting must close after it opens."),
    "ends as it starts": ({"lasts": "0"}, "lasts", "Voting must close after it opens."),
    "no length": ({"lasts": ""}, "lasts", "Say how long voting lasts."),
    "length in words": (
        {"lasts": "a week"},
        "lasts",
        "Write how long voting lasts as a whole number.",
    ),
    "too short": (
        {"lasts": "23", "unit": "hours"},
        "lasts",
        "Voting must last between 1 day and 30 days.",
    ),
    "too long": ({"lasts": "31"}, "lasts", "Voting must last between 1 day and 30 days."),
    "longer than any calendar": (
        {"lasts": "1000000"},
        "lasts",
        "Voting cannot last that long.",
    ),
    "unknown unit": (
        {"unit": "fortnights"},
        "unit",
        "Select a valid choice. fortnights is not one of the available choices.",
    ),
}


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", BAD_INPUT)
@pytest.mark.parametrize("step", ["save", "check"])
def test_bad_input_is_named_kept_and_saves_nothing(signed_in, case, step):
    typed, field, message = BAD_INPUT[case]
    sent = WRITTEN | typed

    response = signed_in.post(NEW, sent | {"step": step})

    html = response.text
    assert response.status_code == 422
    assert response.context["form"].errors == {field: [message]}
    assert "<title>Error: New proposal" in html
    assert f'<a href="#id_{field}">' in html
    assert f'id="id_{field}_error"' in html
    form = response.context["form"]
    assert {name: form[name].value() for name in sent} == sent
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_leaves_a_draft_as_it_was(signed_in, ada, case):
    typed, _field, _message = BAD_INPUT[case]
    draft = ProposalFactory(proposer=ada)
    old = content_of(draft)

    response = signed_in.post(f"/proposals/{draft.number}/edit/", WRITTEN | typed)

    assert response.status_code == 422
    assert content_of(draft) == old


def test_a_published_proposal_must_keep_the_notice(signed_in, ada):
    proposal = ProposalFactory(upcoming=True, proposer=ada)
    old = content_of(proposal)
    soon = timezone.now() + 3 * HOUR
    typed = {"opens_on": f"{soon:%Y-%m-%d}", "opens_at": f"{soon:%H:%M}", "description": ""}

    response = signed_in.post(f"/proposals/{proposal.number}/edit/", WRITTEN | typed)

    assert response.status_code == 422
    assert response.context["form"].errors == {
        "description": ["Write the text of the proposal."],
        "opens_on": ["Voting must open at least 1 day after publishing."],
    }
    assert content_of(proposal) == old


def test_an_open_proposal_cannot_be_edited_and_what_was_typed_stays(signed_in, ada):
    proposal = open_proposal_with({}, proposer=ada)
    old = content_of(proposal)

    response = signed_in.post(f"/proposals/{proposal.number}/edit/", WRITTEN)

    message = "Voting has opened, so the proposal can no longer be changed."
    assert response.status_code == 422
    assert response.context["form"].non_field_errors() == [message]
    assert "a **rain barrel**" in response.text
    assert content_of(proposal) == old


def test_the_way_to_edit_an_open_proposal_leads_back_to_it(signed_in, ada):
    proposal = open_proposal_with({}, proposer=ada)

    response = signed_in.get(f"/proposals/{proposal.number}/edit/", follow=True)

    assert response.redirect_chain == [(f"/proposals/{proposal.number}/", 303)]
    assert "Voting has opened, so the proposal can no longer be changed." in response.text


# --- looking first --------------------------------------------------------------------------------


def test_check_shows_the_window_and_what_publishing_asks_for(signed_in):
    response = signed_in.post(NEW, WRITTEN | {"step": "check"})

    closes = NEXT_WEEK + 5 * DAY
    html = response.text
    assert response.status_code == 200
    assert f"{NEXT_WEEK:%-d %b %Y, %H:%M} UTC</time></b>" in html
    assert f"{closes:%-d %b %Y, %H:%M} UTC</time></b>" in html
    assert {check.key: check.met for check in response.context["checks"]} == {
        "text": True,
        "opens": True,
        "lasts": True,
        "power": True,
    }
    assert not Proposal.objects.exists()


def test_preview_is_what_the_page_will_show(signed_in):
    response = signed_in.post(NEW, WRITTEN | {"title": "", "lasts": "-1", "step": "preview"})

    html = response.text
    assert response.status_code == 200
    assert "<strong>rain barrel</strong>" in html
    assert "7 words" in html
    assert '<div hidden><textarea name="description"' in html
    assert 'name="lasts" value="-1"' in html
    assert not response.context["form"].errors
    assert not Proposal.objects.exists()


def test_preview_says_nothing_of_a_window_that_was_typed_over(signed_in, ada):
    draft = ProposalFactory(proposer=ada)
    address = f"/proposals/{draft.number}/edit/"
    assert "Voting opens <b>" in signed_in.get(address).text

    html = signed_in.post(address, WRITTEN | {"step": "preview"}).text

    assert "raised beds" in html
    assert "Voting opens <b>" not in html


def test_write_brings_the_text_back(signed_in):
    html = signed_in.post(NEW, WRITTEN | {"step": "write"}).text

    assert "a **rain barrel**.</textarea>" in html
    assert "hidden><textarea" not in html


@pytest.mark.parametrize("step", ["write", "preview"])
def test_htmx_gets_the_editor_alone(signed_in, step):
    response = signed_in.post(NEW, WRITTEN | {"step": step}, headers=EDITOR)

    html = response.text.strip()
    assert html.startswith('<div class="fld" id="editor">')
    assert f'value="{step}"\n                  aria-pressed="true"' in html
    assert "<html" not in html


def test_preview_is_as_safe_as_the_page(signed_in):
    text = '<script>steal()</script> <img src="x" onerror="y"> [x](javascript:alert)'

    html = signed_in.post(NEW, {"description": text, "step": "preview"}, headers=EDITOR).text

    preview = html[html.index('class="preview') : html.index("<div hidden>")]
    assert "<script" not in preview
    assert "<img" not in preview
    assert "href" not in preview


# --- cost -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("others", [1, 3])
def test_the_form_costs_the_same_among_few_and_many(signed_in, ada, others):
    for _ in range(others):
        ProposalFactory(proposer=ada)
        give_power(UserFactory(), Decimal(1))

    clear_option_cache()
    with CaptureQueriesContext(connection) as queries:
        signed_in.get(NEW)

    # session, member; settings, token; power for the card, badge; unread
    assert len(queries) == 7, [query["sql"] for query in queries]


EXPLODES = one_long_address(49_988)

TOO_LARGE = "This text becomes too large."


# --- a text that explodes -------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, EDITOR], ids=["page", "htmx"])
def test_preview_says_that_a_text_becomes_too_large(signed_in, headers):
    sent = {"description": EXPLODES, "step": "preview"}

    response = signed_in.post(NEW, sent, headers=headers)

    html = response.text
    assert response.status_code == 200
    assert TOO_LARGE in html[html.index('class="preview') : html.index("<div hidden>")]
    assert EXPLODES.strip() in html  # what was typed is still there


@pytest.mark.parametrize("step", ["save", "check"])
def test_a_text_that_becomes_too_large_is_refused_at_its_field(signed_in, step):
    response = signed_in.post(NEW, WRITTEN | {"description": EXPLODES, "step": step})

    assert response.status_code == 422
    [error] = response.context["form"].errors["description"]
    assert error.startswith(TOO_LARGE)
    assert response.context["form"]["title"].value() == "Fund the garden"
    assert EXPLODES.strip() in response.text
    assert not Proposal.objects.exists()


def test_a_draft_keeps_its_text_when_the_new_one_becomes_too_large(signed_in, ada):
    draft = ProposalFactory(proposer=ada)
    old = content_of(draft)

    response = signed_in.post(
        f"/proposals/{draft.number}/edit/", WRITTEN | {"description": EXPLODES, "step": "save"}
    )

    assert response.status_code == 422
    assert content_of(draft) == old
