""" "Back" shows what the server knows, not the page as it was before; and takes no words away."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from governance.models import Proposal
from social.models import Comment
from tests.factories import cast, open_proposal_with, voters_of
from tests.flows.conftest import OpenPage

# As when Chromium brings a page back from its memory, which it never does under a driver.
COMES_BACK = "dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"


@pytest.fixture
def proposal(live_server, ada: User) -> Proposal:
    return open_proposal_with({ada: 60, "mira": 40})


@pytest.fixture
def page(open_page: OpenPage, proposal: Proposal, ada: User) -> Page:
    page = open_page(user=ada)
    page.goto(proposal.get_absolute_url())
    return page


def go_elsewhere_and_back(page: Page) -> None:
    page.goto("/treasury/")
    page.go_back()


def test_back_after_a_vote_shows_the_vote(page):
    page.locator("#vote").get_by_role("radio", name="For", exact=True).check()
    page.get_by_role("button", name="Review vote").click()
    page.get_by_role("button", name="Cast vote").click()
    expect(page.locator("#vote")).to_contain_text("You voted For")

    go_elsewhere_and_back(page)

    expect(page.locator("#vote")).to_contain_text("You voted For")
    expect(page.get_by_role("button", name="Review vote")).to_have_count(0)


def test_back_after_a_comment_shows_it_and_its_form_makes_another(page):
    text = page.get_by_label("Add to the discussion")
    for words in ("First.", "Second."):
        text.fill(words)
        page.get_by_role("button", name="Post comment").click()
        expect(page.locator("#discussion article", has_text=words)).to_be_visible()
        go_elsewhere_and_back(page)
        expect(page.locator("#discussion article", has_text=words)).to_be_visible()
        expect(text).to_have_value("")

    assert Comment.objects.count() == 2


def test_page_from_the_browsers_memory_is_fetched_anew(page, proposal, ada):
    expect(page.get_by_role("button", name="Review vote")).to_be_visible()
    cast(proposal, ada, "no")  # in another window

    page.evaluate(COMES_BACK)

    expect(page.locator("#vote")).to_contain_text("You voted Against")


def test_page_from_the_browsers_memory_keeps_what_was_typed(page, proposal, ada):
    mira = voters_of(proposal)[1]
    words = page.get_by_label("Add to the discussion")
    words.fill("Half a thought")
    cast(proposal, mira, "no")

    page.evaluate(COMES_BACK)

    expect(page.locator("#results")).to_contain_text("1 voter")  # what polls is up to date
    expect(words).to_have_value("Half a thought")
