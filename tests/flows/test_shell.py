"""What portal.js adds to the shell, and what stays when it is not there."""

import pytest
from django.core import mail
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from governance.models import Proposal
from tests.factories import UserFactory, cast, open_proposal_with, voters_of
from tests.flows.conftest import OpenPage

TICK = "document.body.dispatchEvent(new CustomEvent('portal:tick'))"
# how many requests one tick sends
COUNT_SENT = f"""() => {{
  let sent = 0;
  document.body.addEventListener("htmx:beforeSend", () => sent++, {{once: true}});
  {TICK};
  return sent;
}}"""
HIDE = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => true})"
SHOW = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => false})"


@pytest.fixture
def proposal(live_server: LiveServer) -> Proposal:
    """Open, with one vote cast and one to come."""
    proposal = open_proposal_with([60, 40])
    cast(proposal, voters_of(proposal)[1], "no")
    return proposal


def polls_of(page: Page) -> list[str]:
    """The addresses that this page asks for results from now on, as they come."""
    polls: list[str] = []
    page.on("request", lambda request: "/results/" in request.url and polls.append(request.url))
    return polls


@pytest.mark.parametrize("js", [True, False])
def test_theme_is_chosen_and_kept(open_page: OpenPage, js: bool) -> None:
    page = open_page(user=UserFactory(), js=js)
    page.goto("/proposals/?status=upcoming")
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Dark").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.url.endswith("/proposals/?status=upcoming")
    page.locator(".menu summary").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Auto").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("js", [True, False])
def test_signing_out_works_from_the_menu(open_page: OpenPage, js: bool) -> None:
    page = open_page(user=UserFactory(), js=js)
    page.goto("/proposals/")
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Join", exact=True)).to_be_visible()


def test_menu_closes_on_escape_and_on_a_click_elsewhere(open_page: OpenPage) -> None:
    page = open_page(user=UserFactory())
    page.goto("/proposals/")
    menu, handle = page.locator(".menu-b"), page.locator(".menu summary")

    handle.click()
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(handle).to_be_focused()

    handle.click()
    page.get_by_role("heading", level=1).click()
    expect(menu).to_be_hidden()


def test_password_can_be_looked_at(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/accounts/login/")
    field = page.locator("#id_password")
    field.fill("four random words do")
    page.get_by_role("button", name="Show Password").click()
    expect(field).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide Password").click()
    expect(field).to_have_attribute("type", "password")


def test_password_button_is_not_there_without_scripts(open_page: OpenPage) -> None:
    page = open_page(js=False)
    page.goto("/accounts/login/")
    expect(page.locator(".reveal")).to_be_hidden()


def test_skip_link_leads_to_the_content(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/proposals/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_results_are_asked_for_only_while_somebody_looks(
    proposal: Proposal, open_page: OpenPage
) -> None:
    page = open_page()
    page.clock.install()
    page.goto(f"/proposals/{proposal.number}/")
    polls = polls_of(page)

    page.evaluate(HIDE)
    page.clock.run_for(60_000)
    assert polls == []

    page.evaluate(SHOW)
    with page.expect_response("**/results/*") as answer:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert answer.value.status == 204  # nothing is new, so nothing is swapped
    with page.expect_request("**/results/*"):
        page.clock.run_for(24_000)
    assert len(polls) == 2


def test_results_are_left_alone_while_the_focus_is_inside(
    proposal: Proposal, open_page: OpenPage
) -> None:
    page = open_page()
    page.goto(f"/proposals/{proposal.number}/")

    page.locator("#results a").first.focus()
    assert page.evaluate(COUNT_SENT) == 0

    page.evaluate("document.activeElement.blur()")
    assert page.evaluate(COUNT_SENT) == 1


def test_a_request_that_failed_says_so_and_the_word_leaves_again(
    proposal: Proposal, open_page: OpenPage
) -> None:
    page = open_page(user=voters_of(proposal)[0], expect_status=frozenset({422, 503}))
    page.clock.install()
    page.goto(f"/proposals/{proposal.number}/")
    page.route("**/vote/", lambda route: route.fulfill(status=503))
    page.locator("#vote").get_by_role("button", name="Review vote").click()

    toast = page.locator(".toast.error")
    expect(toast).to_contain_text("That did not go through.")
    page.clock.run_for(9_000)
    expect(toast).to_have_count(0)


def test_a_poll_that_failed_says_nothing(proposal: Proposal, open_page: OpenPage) -> None:
    page = open_page(expect_status=frozenset({503}))
    page.goto(f"/proposals/{proposal.number}/")
    page.route("**/results/*", lambda route: route.fulfill(status=503))
    with page.expect_response("**/results/*"):
        page.evaluate(TICK)
    expect(page.locator("#results")).to_be_visible()
    assert page.locator(".toast").count() == 0


def test_vote_pill_steps_aside_and_goes_with_the_vote(
    proposal: Proposal, open_page: OpenPage
) -> None:
    page = open_page(user=voters_of(proposal)[0], width=390)
    page.goto(f"/proposals/{proposal.number}/")
    pill, card = page.locator(".votebar"), page.locator("#vote")

    card.scroll_into_view_if_needed()
    expect(pill).to_be_hidden()
    page.locator(".foot").scroll_into_view_if_needed()
    expect(pill).to_be_visible()

    card.get_by_label("For", exact=True).check()
    card.get_by_role("button", name="Review vote").click()
    card.get_by_role("button", name="Cast vote").click()
    expect(card.get_by_role("heading", name="You voted For")).to_be_visible()
    expect(pill).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_confirmation_mail_can_be_read(open_page: OpenPage, scheme: str) -> None:
    page = open_page(scheme=scheme, width=390)
    page.goto("/accounts/signup/")
    page.get_by_label("E-mail").fill("new@example.org")
    page.get_by_label("Username").fill("brand-new")
    page.locator("#id_password1").fill("four random words do")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()

    (message,) = mail.outbox
    reader = open_page(scheme=scheme, width=390)
    reader.set_content(message.alternatives[0].content)  # type: ignore[attr-defined]
    button = reader.get_by_role("link", name="Confirm address")
    expect(button).to_be_visible()
    assert str(button.get_attribute("href")) in str(message.body)
    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")
