"""Every page against axe (WCAG 2.2 AA and best practice), on a desk and a phone, light and dark.

A new page is one more line in PAGES.
"""

from typing import Literal

import pytest
from playwright.sync_api import expect

from dao_portal.core.models import AuditLog
from social.models import Comment
from tests.explosive import one_long_address
from tests.factories import cast
from tests.flows.axe import overflow, violations
from tests.flows.conftest import OpenPage, World

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

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
        "/proposals/{late}/",
        "/proposals/?status=expired",
        "/proposals/{open}/votes/",
        "/help/voting/",
        "/treasury/",
        "/treasury/transactions/",
        "/tokens/DPT/",
        "/members/",
        "/members/?q=nobody+like+this",
        "/members/mira/",
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
        "/proposals/{missed}/",
        "/proposals/{passed}/",
        "/proposals/{draft}/",
        "/proposals/{draft}/edit/",
        "/proposals/{draft}/publish/",
        "/proposals/{draft}/delete/",
        "/proposals/new/",
        "/notifications/",
        "/notifications/?show=unread",
        "/members/ada/",
        "/account/",
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
        "/admin/accounts/user/",
        "/admin/core/outgoingmail/",
        "/admin/core/setting/",
        "/admin/governance/proposal/",
        "/admin/governance/vote/",
        "/admin/social/comment/",
        "/admin/treasury/usertoken/",
        "/admin/core/auditlog/?when=2026",
        "/admin/core/auditlog/{entry}/change/",
        "/admin/social/comment/{comment}/change/",
        "/admin/accounts/user/{ada_key}/change/",
    ),
}
REFUSED = {("", "/nowhere/"): 404, ("ada", "/admin/"): 403}
REFUSALS = frozenset({*REFUSED.values(), 422})


def keys_of(world: World) -> dict[str, object]:
    """What the addresses of the admin's single rows are filled with."""
    return {
        "entry": AuditLog.objects.latest("id").pk,
        "comment": Comment.objects.filter(depth__gt=0).latest("id").pk,
        "ada_key": world.ada.pk,
    }


@pytest.mark.parametrize("who", PAGES)
def test_every_page_is_for_everybody(world: World, open_page: OpenPage, who: str) -> None:
    """Each address is opened once, then looked at on a desk and a phone, light and dark."""
    page = open_page(user=getattr(world, who) if who else None, expect_status=REFUSALS)
    found: list[str] = []
    keys = keys_of(world) if who == "alan" else {}
    for address in PAGES[who]:
        name = address.format(**world.numbers, **keys)
        response = page.goto(name)
        assert response
        if response.status != REFUSED.get((who, address), 200):
            found.append(f"{name}: answered {response.status}")
            continue
        if "default-src 'none'" not in response.headers.get("content-security-policy", ""):
            found.append(f"{name}: no content security policy")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                found += violations(f"{name} at {width} px, {scheme}", page)
        found += overflow(name, page)
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
    page.goto("/account/")
    page.locator("[name=version]").evaluate("field => { field.value = 'older' }")
    page.get_by_label("Discord").fill("another")
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator(".errsum")).to_be_focused()
    found += violations("profile that another window saved", page)

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

    other = open_page(user=world.mira, width=width, scheme=scheme)
    other.goto(f"/proposals/{world.open.number}/vote/")
    cast(world.open, world.mira, "no", "Two tranches would do.")
    other.locator("#vote").get_by_role("button", name="Review vote").click()
    expect(other.get_by_role("heading", name="Another vote of yours stands")).to_be_focused()
    found += violations("two votes of one member", other)
    found += overflow("two votes of one member", other)

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

    page.get_by_label("Text", exact=True).fill(one_long_address(9_990))
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("This text becomes too large.")
    found += violations("proposal that becomes too large", page)
    page.get_by_role("button", name="Write").click()

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


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_axe_finds_nothing_while_discussing(
    world: World, open_page: OpenPage, width: int, scheme: str
) -> None:
    """A comment refused, an answer being written and just posted, a like, a thread folded."""
    found: list[str] = []
    page = open_page(user=world.ada, width=width, scheme=scheme)
    page.goto(f"/proposals/{world.open.number}/")

    page.get_by_role("button", name="Post comment").click()
    expect(page.get_by_text("Write something before you post.")).to_be_visible()
    found += violations("comment refused", page)

    page.get_by_role("link", name="Reply to Mira Castellanos").first.click()
    box = page.get_by_role("textbox", name="Reply to Mira Castellanos")
    expect(box).to_be_focused()
    found += violations("answer being written", page)

    box.fill("I see.")
    page.get_by_role("button", name="Post reply").click()
    expect(page.locator(".cm[data-fresh]")).to_be_focused()
    like = page.locator(".cm[data-fresh]").get_by_role("button").first
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    found += violations("answer posted and liked", page)

    page.locator(".thread > summary").first.click()
    found += violations("thread folded", page)

    assert not found, "\n".join(found)
