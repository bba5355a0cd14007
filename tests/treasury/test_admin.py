"""Tokens and holdings in the admin: found, exact, and read-only."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import HoldingFactory, TokenFactory, UserFactory
from treasury.models import UserToken

pytestmark = pytest.mark.django_db

HOLDINGS = reverse("admin:treasury_usertoken_changelist")


@pytest.fixture
def moderator() -> Client:
    client = Client()
    client.force_login(UserFactory(role=User.Role.MODERATOR))
    return client


def test_holdings_are_found_by_the_whole_username(moderator: Client):
    HoldingFactory(user=UserFactory(username="Mira"))
    HoldingFactory(user=UserFactory(username="mirabel"))
    found = moderator.get(HOLDINGS, {"q": " mira "}).context["cl"].queryset
    assert [holding.user.username for holding in found] == ["Mira"]


def test_amounts_are_exact(moderator: Client):
    holding = HoldingFactory(balance="1234567890123.000000000000000001")
    for page in (HOLDINGS, reverse("admin:treasury_usertoken_change", args=[holding.pk])):
        assert "1,234,567,890,123.000000000000000001" in moderator.get(page).content.decode()


def test_supply_is_exact(moderator: Client):
    token = TokenFactory(total_supply="1234567890123.000000000000000001")
    for page in (
        reverse("admin:treasury_token_changelist"),
        reverse("admin:treasury_token_change", args=[token.pk]),
    ):
        assert "1,234,567,890,123.000000000000000001" in moderator.get(page).content.decode()


@pytest.mark.parametrize("model", ["token", "usertoken"])
def test_nothing_can_be_written(model: str):
    client = Client()
    client.force_login(UserFactory(role=User.Role.ADMIN))
    holding = HoldingFactory()
    row = holding if model == "usertoken" else holding.token
    change = reverse(f"admin:treasury_{model}_change", args=[row.pk])
    assert client.post(change, {"balance": "7", "name": "x"}).status_code == 403
    assert client.get(reverse(f"admin:treasury_{model}_add")).status_code == 403
    delete = reverse(f"admin:treasury_{model}_delete", args=[row.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert UserToken.objects.get().balance == 100


@pytest.mark.parametrize("holdings", [1, 30])
def test_list_asks_the_same_for_one_and_for_many(
    moderator: Client, django_assert_num_queries, holdings: int
):
    for _holding in range(holdings):
        HoldingFactory()
    with django_assert_num_queries(6):
        moderator.get(HOLDINGS)
