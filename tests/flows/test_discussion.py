"""Taking part in a discussion, in a real browser, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from governance.models import Proposal
from social.models import Comment
from tests.factories import ProposalFactory, UserFactory, comment_on
from tests.flows.conftest import OpenPage

BOTH = pytest.mark.parametrize("js", [True, False], ids=["js", "no-js"])


@pytest.fixture
def proposal(live_server) -> Proposal:
    return ProposalFactory(upcoming=True)


@pytest.fixture
def mira(live_server) -> User:
    return UserFactory(username="mira")


def article(page: Page, comment: Comment) -> Locator:
    return page.locator(f"#c-{comment.pk}")


def said(page: Page, text: str) -> Locator:
    return page.locator("#discussion article", has=page.get_by_text(text, exact=True))


@BOTH
def test_member_comments_answers_and_likes(open_page: OpenPage, proposal, mira, ada, js):
    first = comment_on(proposal, "Could somebody post the report?", author=mira)
    page = open_page(user=ada, js=js)
    page.goto(proposal.get_absolute_url())
    expect(page.get_by_role("heading", name="Discussion 1")).to_be_visible()

    # a comment of her own
    page.get_by_label("Add to the discussion").fill("I read it, and I am **for** it.")
    page.get_by_role("button", name="Post comment").click()
    expect(page.get_by_text("Your comment is posted.")).to_be_visible()
    expect(page.get_by_role("heading", name="Discussion 2")).to_be_visible()
    own = said(page, "I read it, and I am for it.")
    expect(own).to_be_in_viewport()
    expect(page.get_by_label("Add to the discussion")).to_have_value("")

    # an answer: the form opens below the comment, with the focus in it
    article(page, first).get_by_role("link", name="Reply to @mira").click()
    text = page.get_by_role("textbox", name="Reply to @mira")
    expect(text).to_be_focused()
    text.fill("Here it is.")
    page.get_by_role("button", name="Post reply").click()
    expect(page.get_by_role("heading", name="Discussion 3")).to_be_visible()
    thread = page.locator(f"#thread-{first.pk}")
    expect(thread.get_by_text("1 reply to @mira")).to_be_visible()
    expect(thread.locator("article")).to_have_count(2)
    expect(thread.get_by_text("Here it is.")).to_be_in_viewport()
    expect(page.get_by_role("textbox", name="Reply to @mira")).to_have_count(0)

    # likes: the button says so, and again takes it back
    for pressed, likes in ((True, 1), (False, 0)):
        button = article(page, first).get_by_role("button", name=re.compile("^Like"))
        button.click()
        expect(button).to_have_accessible_name(f"Like this comment, likes: {likes}")
        expect(button).to_have_attribute("aria-pressed", str(pressed).lower())
        if js:
            expect(button).to_be_focused()
    button = article(page, first).get_by_role("button", name=re.compile("^Dislike"))
    button.click()
    expect(button).to_have_accessible_name("Dislike this comment, dislikes: 1")
    expect(button).to_have_attribute("aria-pressed", "true")


@BOTH
def test_what_was_typed_stays_when_it_is_refused(open_page: OpenPage, proposal, mira, ada, js):
    first = comment_on(proposal, "What do you think?", author=mira)
    page = open_page(user=ada, js=js)
    page.goto(proposal.get_absolute_url())

    page.get_by_role("button", name="Post comment").click()
    box = page.get_by_label("Add to the discussion")
    expect(page.get_by_text("Write something before you post.")).to_be_visible()
    expect(box).to_be_focused()
    expect(box).to_have_attribute("aria-invalid", "true")

    article(page, first).get_by_role("link", name="Reply to @mira").click()
    long = "Not so short. " * 800
    page.get_by_role("textbox", name="Reply to @mira").fill(long)
    page.get_by_role("button", name="Post reply").click()
    expect(page.get_by_text("Keep it to 10,000 characters; these are 11,199.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Reply to @mira")).to_have_value(long)


@BOTH
def test_order_is_remembered(open_page: OpenPage, proposal, ada, js):
    comments = [comment_on(proposal, word) for word in ("first", "second")]
    page = open_page(user=ada, js=js)
    page.goto(proposal.get_absolute_url())
    articles = page.locator("#discussion article")
    expect(articles.first).to_have_id(f"c-{comments[1].pk}")

    page.get_by_role("link", name="Oldest").click()
    expect(articles.first).to_have_id(f"c-{comments[0].pk}")
    expect(page.get_by_role("link", name="Oldest")).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile(r"\?sort=oldest"))

    page.goto(proposal.get_absolute_url())
    expect(articles.first).to_have_id(f"c-{comments[0].pk}")


def test_cancel_takes_the_form_away_and_gives_the_focus_back(open_page, proposal, mira, ada):
    first = comment_on(proposal, author=mira)
    page = open_page(user=ada)
    page.goto(proposal.get_absolute_url())
    reply = article(page, first).get_by_role("link", name="Reply to @mira")
    reply.click()
    expect(page.get_by_role("textbox", name="Reply to @mira")).to_be_focused()

    page.get_by_role("link", name="Cancel").click()

    expect(page.get_by_role("textbox", name="Reply to @mira")).to_have_count(0)
    expect(reply).to_be_focused()


def test_text_that_is_being_typed_survives_what_happens_around_it(open_page, proposal, mira, ada):
    first, second = (comment_on(proposal, word, author=mira) for word in ("first", "second"))
    answer = comment_on(proposal, "answer", parent=first, author=mira)
    page = open_page(user=ada)
    page.goto(proposal.get_absolute_url())
    page.get_by_label("Add to the discussion").fill("half a comm")
    article(page, answer).get_by_role("link", name="Reply").click()
    page.get_by_role("textbox", name="Reply to @mira").fill("half an ans")

    # asking for the same form again, another order, an answer elsewhere in the thread
    article(page, answer).get_by_role("link", name="Reply").click()
    page.get_by_role("link", name="Oldest").click()
    expect(page.get_by_role("link", name="Oldest")).to_have_attribute("aria-current", "true")
    article(page, first).get_by_role("link", name="Reply").click()
    box = page.locator(f"#reply-{first.pk}")
    expect(box).to_be_focused()
    box.fill("whole")
    page.locator(f"#form-{first.pk}").get_by_role("button", name="Post reply").click()
    expect(said(page, "whole")).to_be_focused()

    expect(page.get_by_label("Add to the discussion")).to_have_value("half a comm")
    expect(page.locator(f"#reply-{answer.pk}")).to_have_value("half an ans")
    expect(box).to_have_count(0)
    assert second


def test_thread_folds(open_page, proposal, ada):
    root = comment_on(proposal, "root")
    comment_on(proposal, "answer", parent=root)
    page = open_page(user=ada, js=False)
    page.goto(proposal.get_absolute_url())

    page.get_by_text("1 reply").click()

    expect(said(page, "answer")).to_be_hidden()


@BOTH
def test_permalink_leads_to_the_comment(open_page: OpenPage, proposal, js):
    comments = [comment_on(proposal, f"number {n}") for n in range(22)]
    page = open_page(js=js)

    page.goto(comments[0].get_absolute_url())

    expect(said(page, "number 0")).to_be_in_viewport()
    expect(page).to_have_url(re.compile(rf"\?page=2#c-{comments[0].pk}$"))
    page.get_by_role("link", name="Previous").click()
    expect(said(page, "number 21")).to_be_visible()
