"""Every page against axe (WCAG 2.2 AA and best practice), on a desk and a phone, light and dark.

A new page is one more line in PAGES.
"""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.flows.conftest import OpenPage, World

AXE = Axe()
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}

# who looks ("" is nobody) -> addresses; a name in braces is the number of that proposal
PAGES: dict[str, tuple[str, ...]] = {
    "": (
        "/",
        "/proposals/",
        "/proposals/?status=upcoming",
        "/proposals/?q=nothing+like+this",
        "/proposals/{open}/",
        "/proposals/{upcoming}/",
        "/proposals/{passed}/",
        "/proposals/{rejected}/",
        "/proposals/{expired}/",
        "/proposals/{withdrawn}/",
        "/proposals/{open}/votes/",
        "/help/voting/",
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/confirm-email/",
        "/accounts/confirm-email/worn-out/",
        "/accounts/inactive/",
        "/nowhere/",
    ),
    "newcomer": ("/", "/proposals/{open}/", "/notifications/"),
    "ada": (
        "/",
        "/proposals/",
        "/proposals/{open}/",
        "/proposals/{voted}/",
        "/proposals/{voted}/vote/",
        "/proposals/{voted}/votes/",
        "/proposals/{counting}/",
        "/proposals/{passed}/",
        "/proposals/{draft}/",
        "/proposals/{draft}/edit/",
        "/proposals/{draft}/publish/",
        "/proposals/new/",
        "/notifications/",
        "/notifications/?show=unread",
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/sessions/",
        "/accounts/logout/",
        "/accounts/reauthenticate/",
        "/admin/",  # not for her: the 403 page
    ),
    "mira": (
        "/proposals/{upcoming}/",
        "/proposals/{upcoming}/edit/",
        "/proposals/{upcoming}/withdraw/",
    ),
    "alan": (
        "/admin/",
        "/admin/core/auditlog/",
        "/admin/core/setting/",
        "/admin/governance/proposal/",
        "/admin/governance/vote/",
    ),
}
REFUSED = {("", "/nowhere/"): 404, ("ada", "/admin/"): 403}
REFUSALS = frozenset({*REFUSED.values(), 422})


def visits(
    world: World, open_page: OpenPage, width: int, scheme: str, wrong: list[str]
) -> Iterator[tuple[str, Page]]:
    """Each address of PAGES, opened by whom it is listed under; the rest goes to ``wrong``."""
    for who, addresses in PAGES.items():
        user = getattr(world, who) if who else None
        page = open_page(user=user, width=width, scheme=scheme, expect_status=REFUSALS)
        for address in addresses:
            target = address.format(**world.numbers)
            name = f"{who or 'nobody'} at {target}"
            response = page.goto(target)
            assert response
            if response.status != REFUSED.get((who, address), 200):
                wrong.append(f"{name}: answered {response.status}")
            elif "default-src 'none'" not in response.headers.get("content-security-policy", ""):
                wrong.append(f"{name}: no content security policy")
            else:
                yield name, page


def violations(name: str, page: Page) -> list[str]:
    """What axe has to say about the page as it stands."""
    return [
        f"{name}: {violation['id']}: {violation['help']}: "
        + "; ".join(node["html"][:160] for node in violation["nodes"][:3])
        for violation in AXE.run(page, options=RULES).response["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(world: World, open_page: OpenPage, width: int, scheme: str) -> None:
    found: list[str] = []
    for name, page in visits(world, open_page, width, scheme, found):
        found += violations(name, page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_axe_finds_nothing_in_states_between(
    world: World, open_page: OpenPage, width: int, scheme: str
) -> None:
    """What no address shows: mistakes in a form, an open menu, the steps of a vote."""
    found: list[str] = []

    page = open_page(width=width, scheme=scheme)
    page.goto("/accounts/signup/")
    page.get_by_label("E-mail").fill("x")
    page.get_by_role("button", name="Create account").click()
    expect(page.locator(".errsum")).to_be_focused()
    found += violations("sign-up with mistakes", page)

    page = open_page(user=world.ada, width=width, scheme=scheme)
    page.goto(f"/proposals/{world.open.number}/")
    page.locator(".menu summary").click()
    found += violations("account menu", page)
    page.keyboard.press("Escape")
    expect(page.locator(".menu summary")).to_be_focused()

    card = page.locator("#vote")
    card.get_by_role("button", name="Review vote").click()
    expect(card.get_by_role("alert")).to_be_visible()
    found += violations("vote without a choice", page)
    card.get_by_label("For", exact=True).check()
    card.get_by_role("button", name="Review vote").click()
    expect(card.get_by_role("button", name="Cast vote")).to_be_visible()
    found += violations("vote to check", page)
    card.get_by_role("button", name="Cast vote").click()
    expect(card.get_by_role("heading", name="You voted For")).to_be_visible()
    found += violations("vote cast", page)

    assert not found, "\n".join(found)


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_axe_finds_nothing_while_writing_and_reading(
    world: World, open_page: OpenPage, width: int, scheme: str
) -> None:
    """A proposal with mistakes, turned over, checked and refused; an inbox as it is read."""
    found: list[str] = []
    page = open_page(user=world.ada, width=width, scheme=scheme)

    page.goto("/proposals/new/")
    page.get_by_label("Opens on").fill("2020-01-01")
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator(".errsum")).to_be_focused()
    found += violations("proposal with mistakes", page)

    page.get_by_label("Title").fill("Fund the garden")
    page.get_by_label("Text", exact=True).fill(
        "## What this asks for\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    page.get_by_label("Opens on").fill("")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("region", name="Preview of your text")).to_be_visible()
    expect(page.get_by_role("button", name="Preview")).to_be_focused()
    found += violations("proposal turned over", page)

    page.get_by_role("button", name="Check the dates and text").click()
    expect(page.get_by_role("heading", name="Checked. Nothing is saved yet.")).to_be_visible()
    found += violations("proposal checked", page)

    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("heading", name="Only you can see this")).to_be_visible()
    page.get_by_role("link", name="Review and publish").click()
    expect(page.get_by_role("heading", name="It cannot be published yet")).to_be_visible()
    found += violations("proposal that cannot be published", page)

    page.goto("/notifications/")
    first = page.locator(".nrow").first
    first.get_by_role("button").click()
    expect(first.get_by_role("link")).to_be_focused()
    found += violations("inbox with one read", page)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator("#show-all")).to_be_focused()
    expect(page.locator(".nrow.new")).to_have_count(0)
    page.locator("#show-unread").click()
    expect(page.get_by_role("heading", name="You are all caught up")).to_be_visible()
    expect(page.locator("#show-unread")).to_be_focused()
    found += violations("inbox read to the end", page)

    assert not found, "\n".join(found)


def test_nothing_is_wider_than_a_small_phone(world: World, open_page: OpenPage) -> None:
    """WCAG 1.4.10: at 320 px, and so at 400 % zoom on a desk, nothing scrolls sideways."""
    too_wide: list[str] = []
    for name, page in visits(world, open_page, 320, "light", too_wide):
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if overflow > 0:
            too_wide.append(f"{name}: {overflow} px")
    assert not too_wide, "\n".join(too_wide)
