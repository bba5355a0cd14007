"""Members and wallets in the admin: who may look, what is found, and what is never shown."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Profile, User, Wallet
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

MEMBERS = reverse("admin:accounts_user_changelist")


def usernames(client: Client, **query: str) -> list[str]:
    members = client.get(MEMBERS, query).context["cl"].queryset
    return sorted(members.values_list("username", flat=True))


def test_members_are_found_by_how_their_username_begins(moderator: Client):
    for name in ("Mirabel", "mira", "tomira"):
        UserFactory(username=name)
    assert usernames(moderator, q="MIRA") == ["Mirabel", "mira"]


def test_a_wildcard_is_a_character(moderator: Client):
    UserFactory(username="a_b")
    UserFactory(username="aXb")
    assert usernames(moderator, q="a_b") == ["a_b"]
    assert usernames(moderator, q="%") == []


def test_addresses_are_searched_by_administrators_only(administrator: Client, moderator: Client):
    UserFactory(username="ada", email="countess@example.org")
    assert usernames(administrator, q="Countess@") == ["ada"]
    assert usernames(moderator, q="Countess@") == []


def test_addresses_are_shown_to_administrators_only(administrator: Client, moderator: Client):
    user = UserFactory(username="ada", email="countess@example.org")
    page = reverse("admin:accounts_user_change", args=[user.pk])
    for address in (MEMBERS, page):
        assert "countess@example.org" in administrator.get(address).text
        for_moderators = moderator.get(address).text
        assert "ada" in for_moderators
        assert "countess@example.org" not in for_moderators


def test_secrets_are_never_shown(administrator: Client):
    user = UserFactory(two_factor_secret="gAAAAAB-ciphertext")
    page = administrator.get(reverse("admin:accounts_user_change", args=[user.pk]))
    text = page.content.decode()
    assert user.username in text
    assert user.password not in text
    assert "gAAAAAB-ciphertext" not in text


def test_role_and_activity_filter(moderator: Client):
    UserFactory(username="grace", role=User.Role.MODERATOR)
    UserFactory(username="gone", is_active=False)
    assert usernames(moderator, role__exact="moderator") == ["grace", "the-moderator"]
    assert usernames(moderator, is_active__exact="0") == ["gone"]


@pytest.mark.parametrize("model", ["user", "wallet"])
def test_nothing_can_be_written(administrator: Client, model: str):
    user = UserFactory()
    row = user if model == "user" else Wallet.objects.create(user=user, address="0x1")
    change = reverse(f"admin:accounts_{model}_change", args=[row.pk])
    assert administrator.get(change).status_code == 200
    assert administrator.post(change, {"username": "x", "address": "x"}).status_code == 403
    assert administrator.get(reverse(f"admin:accounts_{model}_add")).status_code == 403
    delete = reverse(f"admin:accounts_{model}_delete", args=[row.pk])
    assert administrator.post(delete, {"post": "yes"}).status_code == 403
    assert type(row).objects.get(pk=row.pk).updated_at == row.updated_at


def test_wallets_are_found_by_how_they_begin(moderator: Client):
    user = UserFactory()
    for address in ("0xAbC1", "0xabd2"):
        Wallet.objects.create(user=user, address=address)
    page = moderator.get(reverse("admin:accounts_wallet_changelist"), {"q": "0XABC"})
    assert [wallet.address for wallet in page.context["cl"].queryset] == ["0xAbC1"]


def test_wallets_are_found_by_whose_they_are(moderator: Client):
    ada = UserFactory(username="ada")
    Wallet.objects.create(user=ada, address="0x1")
    Wallet.objects.create(user=UserFactory(), address="0x2")
    page = moderator.get(reverse("admin:accounts_wallet_changelist"), {"q": "ADA"})
    assert [wallet.address for wallet in page.context["cl"].queryset] == ["0x1"]


def test_a_members_page_leads_to_everything_about_them(moderator: Client):
    ada = UserFactory(username="ada")
    Wallet.objects.create(user=ada, address="0xabc", is_verified=True)
    Profile.objects.create(user=ada, bio="I grow beans.")

    page = moderator.get(reverse("admin:accounts_user_change", args=[ada.pk])).content.decode()

    for words in ("I grow beans.", "0xabc", "(verified)", "/members/ada/", "may sign in"):
        assert words in page
    for address in ("governance/vote", "social/comment", "treasury/usertoken", "core/auditlog"):
        assert f"/admin/{address}/?q=ada" in page


def test_ordinary_members_see_no_admin(signed_in: Client):
    assert signed_in.get(MEMBERS).status_code != 200


def test_other_apps_bring_no_way_around(administrator: Client):
    text = administrator.get(reverse("admin:index")).content.decode()
    assert "/admin/accounts/user/" in text
    for address in ("/admin/auth/", "/admin/account/", "/admin/usersessions/"):
        assert address not in text


@pytest.mark.parametrize("members", [1, 30])
def test_list_asks_the_same_for_one_and_for_many(
    administrator: Client, django_assert_num_queries, members: int
):
    for _member in range(members):
        Wallet.objects.create(user=UserFactory(), address=f"0x{_member}")
    with django_assert_num_queries(6):  # session, member, first year, count, rows, options
        administrator.get(MEMBERS)
    with django_assert_num_queries(5):  # the options are kept
        administrator.get(reverse("admin:accounts_wallet_changelist"))
