"""Posting comments and answers in a browser, with htmx and without."""

import re

import pytest
from django.test import Client

from dao_portal.core.options import clear_option_cache
from dao_portal.core.services.options import set_option
from governance.models import Proposal
from social.models import Comment
from tests.factories import ProposalFactory, UserFactory, comment_on
from tests.social.comments import remove
from tests.social.discussion_pages import HTMX, UNKNOWN, articles, comments_of, page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def proposal() -> Proposal:
    return ProposalFactory(upcoming=True)


def posted(proposal: Proposal) -> list[str]:
    return list(
        Comment.objects.filter(proposal=proposal).order_by("pk").values_list("content", flat=True)
    )


# --- posting --------------------------------------------------------------------------------------


def test_comment_is_posted_and_the_member_sent_to_it(signed_in, ada, proposal):
    response = signed_in.post(comments_of(proposal), {"content": "I am for it.", "parent": ""})

    comment = Comment.objects.get(proposal=proposal)
    assert (comment.content, comment.user, comment.parent_id) == ("I am for it.", ada, None)
    assert response.status_code == 303
    assert response["Location"] == f"{page_of(proposal)}#c-{comment.pk}"
    assert "Your comment is posted." in signed_in.get(page_of(proposal)).content.decode()


def test_answer_is_posted_below_what_it_answers(signed_in, proposal):
    root = comment_on(proposal)

    signed_in.post(comments_of(proposal), {"content": "Why?", "parent": str(root.pk)})

    assert Comment.objects.get(proposal=proposal, parent=root).content == "Why?"


def test_htmx_gets_a_new_comment_an_empty_form_and_the_count(signed_in, proposal):
    comment_on(proposal, "An older one")

    response = signed_in.post(comments_of(proposal), {"content": "Mine"}, headers=HTMX)

    html = response.content.decode()
    own = Comment.objects.get(proposal=proposal, content="Mine")
    assert response.status_code == 200
    assert html.strip().startswith('<form\n    class="reply"')
    assert re.search(r"<textarea[^>]*>\s*</textarea>", html)
    assert articles(html) == [str(own.pk)]
    assert 'hx-swap-oob="afterbegin:#roots"' in html
    assert html.count(" data-fresh autofocus") == 1
    assert 'id="discussion-count" hx-swap-oob="true">2</span>' in html
    assert "Your comment is posted." in html


def test_htmx_gets_the_whole_thread_of_a_new_answer(signed_in, proposal):
    root = comment_on(proposal, "root")
    earlier = comment_on(proposal, "earlier", parent=root)
    comment_on(proposal, "another thread")

    response = signed_in.post(
        comments_of(proposal), {"content": "Mine", "parent": str(root.pk)}, headers=HTMX
    )

    html = response.content.decode()
    own = Comment.objects.get(proposal=proposal, content="Mine")
    assert articles(html) == [str(root.pk), str(earlier.pk), str(own.pk)]
    assert response["HX-Retarget"] == f"#thread-{root.pk}"
    assert f'id="slot-{earlier.pk}" hx-preserve' in html  # may hold a text that is being typed
    assert f'id="slot-{root.pk}" hx-preserve' not in html  # held this one


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_refused_comment_keeps_what_was_typed(signed_in, proposal, headers):
    long = "é" * 10_001

    response = signed_in.post(comments_of(proposal), {"content": long}, headers=headers)

    html = response.content.decode()
    assert response.status_code == 422
    assert "Keep it to 10,000 characters; these are 10,001." in html
    assert re.findall(r'<textarea[^>]* aria-invalid="true"[^>]*>\n([^<]*)</textarea>', html) == [
        long
    ]
    assert posted(proposal) == []


def test_refused_answer_keeps_what_was_typed_in_its_form(signed_in, proposal):
    older, root = comment_on(proposal, "older"), comment_on(proposal, "root")
    remove(root)

    answer = {"content": "But why?", "parent": str(root.pk)}
    part = signed_in.post(comments_of(proposal), answer, headers=HTMX).content.decode()

    assert "This comment was removed in the meantime." in part
    assert f'<input type="hidden" name="parent" value="{root.pk}">' in part
    assert "\nBut why?</textarea>" in part

    answer = {"content": " ", "parent": str(older.pk)}
    response = signed_in.post(comments_of(proposal), answer)
    page = response.content.decode()

    assert response.status_code == 422
    assert "<title>Error:" in page
    slot = page.partition(f'id="slot-{older.pk}"')[2]
    assert "Write something before you post." in slot
    assert posted(proposal) == ["older", ""]


@pytest.mark.parametrize("parent", ["nonsense", str(UNKNOWN)])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_answer_to_no_comment_of_the_discussion_is_refused(signed_in, proposal, parent, headers):
    response = signed_in.post(
        comments_of(proposal), {"content": "Why?", "parent": parent}, headers=headers
    )

    assert response.status_code == 422
    assert "is not part of this discussion" in response.content.decode()
    assert posted(proposal) == []


def test_brake_answers_in_words(signed_in, ada, proposal):
    set_option("social.comments_per_5_minutes", "1", actor=None)
    clear_option_cache()
    comment_on(proposal, "first", author=ada)

    response = signed_in.post(comments_of(proposal), {"content": "second"})

    assert response.status_code == 422
    assert "You have posted 1 comment in five minutes." in response.content.decode()


def test_comment_on_no_proposal_is_not_found(signed_in):
    assert signed_in.post("/proposals/99/comments/", {"content": "?"}).status_code == 404


def test_who_is_signed_out_signs_in_first(client, proposal):
    back = f"/accounts/login/?next=/proposals/{proposal.number}/%23discussion"

    plain = client.post(comments_of(proposal), {"content": "?"})
    htmx = client.post(comments_of(proposal), {"content": "?"}, headers=HTMX)

    assert (plain.status_code, plain["Location"]) == (303, back)
    assert (htmx.status_code, htmx["HX-Redirect"]) == (204, back)
    assert posted(proposal) == []


def test_posting_needs_the_form_s_token(ada, proposal):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)

    assert client.post(comments_of(proposal), {"content": "?"}).status_code == 403
    assert posted(proposal) == []


# --- the form to answer ---------------------------------------------------------------------------


def test_htmx_gets_the_form_to_answer(signed_in, proposal):
    comment = comment_on(proposal, author=UserFactory(first_name="Mira", last_name="Castellanos"))

    html = signed_in.get(f"{comment.get_absolute_url()}reply/", headers=HTMX).content.decode()

    assert "Reply to Mira Castellanos" in html
    assert f'<input type="hidden" name="parent" value="{comment.pk}">' in html


def test_others_get_the_page_with_the_form_open(signed_in, proposal):
    comment = comment_on(proposal)

    response = signed_in.get(f"{comment.get_absolute_url()}reply/", follow=True)

    address = f"{page_of(proposal)}?reply={comment.pk}#reply-{comment.pk}"
    assert response.redirect_chain == [(address, 302)]
    assert f'<textarea\n      id="reply-{comment.pk}"' in response.content.decode()


def test_who_is_signed_out_gets_no_form_to_answer(client, proposal):
    comment = comment_on(proposal)

    response = client.get(f"{comment.get_absolute_url()}reply/")
    page = client.get(page_of(proposal), {"reply": str(comment.pk)}).content.decode()

    assert response["Location"] == f"/accounts/login/?next={comment.get_absolute_url()}"
    assert 'id="discussion"' in page
    assert "<textarea" not in page
