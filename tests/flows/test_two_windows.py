"""One member, two windows: the older one asks before it changes what the newer one did."""

import pytest
from playwright.sync_api import Page, expect

from governance.models import Proposal, Vote
from tests.flows.conftest import OpenPage, World

HEADING = "Another vote of yours stands"


def choose(page: Page, choice: str) -> None:
    card = page.locator("#vote")
    card.get_by_label(choice, exact=True).check()
    card.get_by_role("button", name="Review vote").click()


def cast(page: Page, choice: str) -> None:
    choose(page, choice)
    page.locator("#vote").get_by_role("button", name="Cast vote").click()


def stands(proposal: Proposal, member: str) -> str:
    return Vote.objects.get(proposal=proposal, voter__username=member).vote_type


@pytest.mark.parametrize("js", [True, False], ids=["scripts", "no_scripts"])
def test_older_window_asks_which_vote_counts(world: World, open_page: OpenPage, js: bool) -> None:
    address = f"/proposals/{world.open.number}/"
    older, newer = open_page(user=world.ada, js=js), open_page(user=world.ada, js=js, width=390)
    older.goto(address)
    newer.goto(address)
    cast(newer, "Against")
    expect(newer.get_by_role("heading", name="You voted Against")).to_be_visible()

    choose(older, "For")

    card = older.locator("#vote")
    expect(card.get_by_role("heading", name=HEADING)).to_be_focused()
    expect(card.get_by_role("alert")).to_have_text("This one was not recorded.")
    counts, other = card.locator(".rival").all()
    expect(counts).to_contain_text("Counts now")
    expect(counts).to_contain_text("Against")
    expect(other).to_contain_text("Not recorded")
    expect(other).to_contain_text("For")
    assert older.title().startswith("Error:") is not js  # htmx swaps the card, not the title
    assert stands(world.open, "ada") == "no"

    newer.locator("#vote").get_by_role("link", name="Change my vote").click()
    expect(newer.get_by_role("heading", name="Change your vote")).to_be_visible()
    cast(newer, "Abstain")
    expect(newer.get_by_role("heading", name="You voted Abstain")).to_be_visible()

    card.get_by_role("button", name="Change my vote to For").click()
    expect(card.get_by_role("heading", name=HEADING)).to_be_focused()
    expect(card.locator(".rival").first).to_contain_text("Abstain")
    assert stands(world.open, "ada") == "abstain"

    card.get_by_role("link", name="Keep Abstain").click()
    expect(card.get_by_role("heading", name="You voted Abstain")).to_be_visible()

    card.get_by_role("link", name="Change my vote").click()
    expect(card.get_by_role("heading", name="Change your vote")).to_be_visible()
    cast(older, "For")
    expect(card.get_by_role("heading", name="You voted For")).to_be_visible()
    assert stands(world.open, "ada") == "yes"
