"""The portal's main job from end to end, in a browser: from signing up to reading the result.

Time is moved in the database, never waited for; what the clock does is called by hand.
"""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from dao_portal.core.models import AuditLog
from dao_portal.environment import PortalUrl
from governance.models import Proposal, Vote
from governance.services.advancing import advance_proposals
from tests.factories import DAY, HOUR, UserFactory, cast, give_power, shift_window
from tests.flows.conftest import OpenPage

PASSWORD = "four random words do"
TITLE = "Fund the garden"
REASON = "It pays for itself in two summers."


@pytest.fixture
def mail_on_this_machine(settings: Settings, tmp_path: Path, live_server: LiveServer) -> None:
    """What is mailed can be read at /dev/mail/, and its links lead to the server under test."""
    address = urlsplit(live_server.url)
    assert address.hostname
    settings.EMAIL_BACKEND = "dao_portal.core.outbox.EmailBackend"
    settings.MAIL_TRANSPORT = "dao_portal.core.devmail.EmailBackend"
    settings.DEV_MAIL_DIR = tmp_path / "mail"
    settings.PORTAL_URL = PortalUrl(address.scheme, address.hostname, address.port)


@pytest.mark.parametrize("js", [True, False], ids=["scripts", "no_scripts"])
def test_from_signing_up_to_the_result(
    mail_on_this_machine: None, open_page: OpenPage, js: bool
) -> None:
    mira = give_power(UserFactory(username="mira"), 40).user
    page = open_page(js=js)

    sign_up(page)
    confirm_address(page)
    sign_in(page)
    nora = give_power(User.objects.get(username="nora"), "60.5").user

    write_draft(page)
    publish(page)
    proposal = Proposal.objects.get()
    shift_window(proposal, start=-HOUR)
    assert advance_proposals().opened == [proposal.number]

    follow_notification(page, "A proposal needs your vote")
    vote(page, "Against", REASON)
    expect(page.locator("#results")).to_contain_text("this would not pass")
    page.locator("#vote").get_by_role("link", name="Change my vote").click()
    expect(page.get_by_role("heading", name="Change your vote")).to_be_visible()
    vote(page, "For")
    expect(page.locator("#results")).to_contain_text("this would pass")
    cast(proposal, mira, "no")
    shift_window(proposal, end=timedelta(0))
    assert advance_proposals().closed == [proposal.number]

    page.goto("/")
    expect(page.get_by_text("No vote is open right now.")).to_be_visible()
    follow_notification(page, "Passed with 60.1% For")
    expect(page.get_by_role("heading", name="Passed with 60.1% For")).to_be_visible()
    expect(page.locator(".outcome")).to_contain_text("2 members voted.")
    expect(page.locator("#vote")).to_contain_text("You voted For")
    page.goto("/notifications/")
    expect(page.locator(".nrow.new")).to_have_count(0)

    proposal.refresh_from_db()
    result = (proposal.status, proposal.yes_power, proposal.no_power)
    assert result == ("passed", Decimal("60.5"), Decimal(40))
    kept = Vote.objects.get(voter=nora)
    assert (kept.vote_type, kept.reason) == ("yes", REASON)
    history = AuditLog.objects.filter(user=nora).order_by("id").values_list("action", flat=True)
    assert list(history) == [
        "member.joined",
        "member.email_verified",
        "proposal.created",
        "proposal.published",
        "vote.cast",
        "vote.changed",
    ]


def sign_up(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Join the community").click()
    page.get_by_label("E-mail").fill("nora@example.org")
    page.get_by_label("Username").fill("nora")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()


def confirm_address(page: Page) -> None:
    page.goto("/dev/mail/")
    page.locator(".nrow").get_by_role("link").click()
    expect(page.locator(".mail-h")).to_contain_text("nora@example.org")
    page.get_by_role("link", name="/accounts/confirm-email/").click()
    page.get_by_role("button", name="Confirm address").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def sign_in(page: Page) -> None:
    page.get_by_label("Username or e-mail").fill("nora")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Hello, nora")).to_be_visible()


def write_draft(page: Page) -> None:
    page.get_by_role("link", name="New proposal").click()
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("Text", exact=True).fill("Ten raised beds and a **rain barrel**.")
    page.get_by_label("Opens on").fill(f"{timezone.now() + 2 * DAY:%Y-%m-%d}")
    page.get_by_role("button", name="Preview").click()
    preview = page.get_by_role("region", name="Preview of your text")
    expect(preview.locator("strong")).to_have_text("rain barrel")
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator("#toasts")).to_contain_text("Draft saved. Only you can see it.")


def publish(page: Page) -> None:
    page.get_by_role("link", name="Review and publish").click()
    expect(page.get_by_role("heading", name="Publish this proposal?")).to_be_visible()
    page.get_by_role("button", name="Publish proposal").click()
    expect(page.locator("#toasts")).to_contain_text("Published. Voting opens by itself.")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()


def follow_notification(page: Page, title: str) -> None:
    """Read it in the inbox, and go where it leads: to the proposal."""
    page.goto("/notifications/")
    page.locator(".nrow.new").get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()


def vote(page: Page, choice: str, reason: str = "") -> None:
    """Choose, look once more, cast; a reason that was given before stays."""
    card = page.locator("#vote")
    card.get_by_label(choice, exact=True).check()
    if reason:
        card.get_by_text("Add a public reason").click()
        card.get_by_label("Public reason", exact=True).fill(reason)
    card.get_by_role("button", name="Review vote").click()
    expect(card.get_by_role("heading", name="Check your vote")).to_be_visible()
    expect(card.locator(".review")).to_contain_text(REASON)
    card.get_by_role("button", name="Cast vote").click()
    expect(card.get_by_role("heading", name=f"You voted {choice}")).to_be_visible()
