"""The list of members and one's own profile, as a visitor's browser sees them."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from accounts.models import Profile
from tests.factories import UserFactory
from tests.flows.conftest import OpenPage, World


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.jpg"
    Image.new("RGB", (400, 300), (30, 110, 120)).save(path)
    return path


def test_member_list_is_searched_while_one_types(open_page: OpenPage, world: World) -> None:
    page = open_page(user=world.ada)
    page.goto("/members/")
    cards = page.locator(".person")
    expect(cards.filter(has_text="@mira")).to_be_visible()

    page.locator("#q").press_sequentially("ada")

    expect(cards).to_have_count(1)
    expect(page.locator("#q")).to_be_focused()
    assert page.url.endswith("/members/?q=ada&sort=")
    cards.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("ada", ignore_case=True)


def test_member_list_without_javascript(open_page: OpenPage, world: World) -> None:
    UserFactory(username="grace", role="moderator")
    page = open_page(js=False, width=390)
    page.goto("/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Members").click()

    page.locator("#q").fill("@mi")
    page.locator("#sort").select_option("name")
    page.get_by_role("button", name="Apply").click()

    expect(page.locator(".person")).to_have_count(1)
    page.locator("#q").fill("")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("link", name="Moderators").click()
    expect(page.locator(".person h2")).to_have_text(["@alan Administrator", "@grace Moderator"])
    expect(page.locator("#sort")).to_have_value("name")


@pytest.mark.parametrize("js", [True, False])
def test_picture_and_zone(open_page: OpenPage, world: World, portrait: Path, js: bool) -> None:
    page = open_page(user=world.ada, js=js)
    page.goto("/account/")

    page.get_by_label("Picture").set_input_files(portrait)
    page.get_by_label("Time zone").select_option(label="Tokyo (UTC+9)")
    page.get_by_role("button", name="Save changes").click()

    expect(page.locator(".top img.av")).to_be_visible()
    size = (
        page.locator(".who img.av").evaluate(
            "image => image.decode().then(() => image.naturalWidth)"
        )
        if js
        else 256
    )
    assert size == 256
    page.goto(f"/proposals/{world.open.number}/")
    expect(page.locator("time").filter(has_text="JST").first).to_be_visible()
    assert Profile.objects.get(user=world.ada).picture

    page.goto("/account/")
    page.get_by_role("button", name="Remove picture").click()
    expect(page.locator("img.av")).to_have_count(0)
    expect(page.locator(".top .av")).to_have_count(1)


def test_refused_picture_is_explained_and_nothing_is_lost(
    open_page: OpenPage, world: World
) -> None:
    page = open_page(user=world.ada)
    page.goto("/account/")
    page.get_by_label("About you").fill("I was typing this.")
    file = BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    page.get_by_label("Picture").set_input_files(
        {"name": "me.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )

    page.get_by_role("button", name="Save changes").click()

    expect(page.locator(".errsum")).to_be_focused()
    page.locator(".errsum a").click()
    expect(page.get_by_label("Picture")).to_be_focused()
    expect(page.get_by_label("About you")).to_have_value("I was typing this.")


@pytest.mark.parametrize("width", [320, 1280])
def test_username_stands_beside_each_name_at_any_width(
    open_page: OpenPage, world: World, width: int
) -> None:
    """What cannot be imitated never hides, and the badge does not depend on JavaScript."""
    page = open_page(js=False, width=width)
    number = world.open.number
    for address in (
        f"/proposals/{number}/",
        f"/proposals/{number}/votes/",
        "/proposals/",
        "/members/",
    ):
        page.goto(address)
        names, usernames = page.locator(".nm"), page.locator(".nm .un")
        assert names.count() > 0
        for username in usernames.all():
            expect(username).to_be_visible()
        assert set(usernames.all_inner_texts()) <= {"@ada", "@mira", "@tomo", "@alan"}


@pytest.mark.parametrize(
    "names",
    [
        {"username": "max", "first_name": "Anna", "last_name": "x" * 75},
        {"username": "x" * 64, "first_name": "Anna"},
        {"username": "old", "first_name": "x" * 150, "last_name": "y" * 150},  # from before
    ],
    ids=["name", "username", "old"],
)
def test_longest_names_break_on_a_members_page(
    open_page: OpenPage, world: World, names: dict[str, str]
) -> None:
    member = UserFactory(**names)
    page = open_page(width=390)
    page.goto(f"/members/{member.username}/")

    expect(page.get_by_role("heading", level=1)).to_contain_text(names["first_name"])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
