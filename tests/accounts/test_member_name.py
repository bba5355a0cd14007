"""How a member is named on a page."""

import pytest
from django.utils.html import strip_tags

from accounts.models import User
from accounts.templatetags.accounts import HUES, hue, initials, member_name
from tests.factories import UserFactory, cast, comment_on, open_proposal_with

pytestmark = pytest.mark.django_db


def words(html: str) -> str:
    return " ".join(strip_tags(html).split())


def test_name_username_and_role_stand_together():
    grace = UserFactory(
        username="grace", first_name="Grace", last_name="Lindholm", role="moderator"
    )

    assert words(member_name(grace)) == "Grace Lindholm @grace Moderator"
    assert words(member_name(grace, "You", link=False)) == "Grace Lindholm @grace Moderator You"
    assert 'href="/members/grace/"' in member_name(grace)
    assert "<a" not in member_name(grace, link=False)


def test_username_alone_is_said_once():
    assert words(member_name(UserFactory(username="mira"))) == "@mira"
    assert words(member_name(UserFactory(username="alan", role="admin"))) == "@alan Administrator"


def test_address_is_cut_and_whole_in_the_title():
    address = "0x52908400098527886E0F7030069857D2E4169EE7"
    html = member_name(UserFactory(username=address))

    assert words(html) == "@0x5290…9EE7"
    assert f'title="@{address}"' in html


def test_name_can_be_nothing_but_text_and_keeps_its_direction_to_itself():
    eve = UserFactory(username="eve", first_name="<b>Eve</b>")
    html = member_name(eve)

    assert "&lt;b&gt;Eve&lt;/b&gt;" in html
    assert html.count("<bdi") == 2


@pytest.mark.parametrize(
    "address",
    ["/proposals/", "/proposals/{n}/", "/proposals/{n}/votes/", "/members/", "/tokens/DPT/"],
)
def test_every_list_of_members_names_them_in_full(client, address):
    grace = UserFactory(
        username="grace", first_name="Grace", last_name="Lindholm", role="moderator"
    )
    proposal = open_proposal_with({grace: 5}, proposer=grace)
    cast(proposal, grace, "yes", "Because.")
    comment_on(proposal, author=grace)

    page = words(client.get(address.format(n=proposal.number)).text)

    assert "Grace Lindholm @grace Moderator" in page


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Okafor", "AO"),
        ("mira", "MI"),
        ("anna-lena.w", "AL"),
        ("x", "X"),
        ("0x8f3c", "0X"),
    ],
)
def test_initials(name, letters):
    assert initials(name) == letters


def test_hue_stays_when_a_member_changes_names():
    before = User(username="mira", first_name="Mira")
    after = User(username="mira", first_name="Mira", last_name="Castellanos")
    assert hue(before) == hue(after)
    assert {hue(User(username=f"member{n}")) for n in range(100)} == set(range(HUES))
