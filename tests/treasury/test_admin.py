"""Tokens and holdings in the admin: found, exact, and read-only."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import HoldingFactory, TokenFactory, TransactionFactory, UserFactory
from treasury.models import TransactionHash, UserToken, WaitingHolding

pytestmark = pytest.mark.django_db

HOLDINGS = reverse("admin:treasury_usertoken_changelist")


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


def listed(client: Client, model: str, **query: str) -> list[object]:
    page = client.get(reverse(f"admin:treasury_{model}_changelist"), query)
    return list(page.context["cl"].result_list)


def test_movements_are_found_by_member_hash_and_proposal(moderator: Client):
    ada = UserFactory(username="ada")
    hers = TransactionFactory(user=ada)
    decided = TransactionFactory(metadata={"proposal": 42})
    known = TransactionFactory()
    TransactionHash.objects.create(transaction=known, network="ethereum", hash="0xfeed")

    assert listed(moderator, "transaction", q="Ada") == [hers]
    assert listed(moderator, "transaction", q="#42") == [decided]
    assert listed(moderator, "transaction", q="0xfeed") == [known]
    assert listed(moderator, "transactionhash", q="0xfeed")[0].transaction == known
    assert listed(moderator, "transaction", q="0xfee") == []


def test_a_movement_shows_its_hash_and_exact_amount(moderator: Client):
    amount = "1234567890123.000000000000000001"
    movement = TransactionFactory(amount=amount, treasury_change=f"-{amount}")
    TransactionHash.objects.create(transaction=movement, network="ethereum", hash="0xfeed")

    page = moderator.get(reverse("admin:treasury_transaction_change", args=[movement.pk]))

    for words in (
        "Deposit: 1,234,567,890,123.000000000000000001 DPT",
        "\N{MINUS SIGN}1,234,567,890,123.000000000000000001 DPT",
        "0xfeed",
    ):
        assert words in page.content.decode()


def test_tokens_are_found_by_symbol_and_contract(moderator: Client):
    token = TokenFactory(symbol="DPT", contract_address="0xabc")
    TokenFactory(symbol="ABC")

    for words in ("dp", "DPT", "0xABC"):
        assert listed(moderator, "token", q=words) == [token]


def test_holdings_of_one_token(moderator: Client):
    holding = HoldingFactory()
    HoldingFactory(token=TokenFactory(symbol="OLD"))

    assert listed(moderator, "usertoken", token="DPT") == [holding]
    assert listed(moderator, "usertoken", token="NONE") == []


def test_who_waits_for_a_holding_is_for_administrators():
    WaitingHolding.objects.create(token=TokenFactory(), holder="tomo@example.org", balance=7)
    for role, found in ((User.Role.MODERATOR, 403), (User.Role.ADMIN, 200)):
        client = Client()
        client.force_login(UserFactory(role=role))
        page = client.get(
            reverse("admin:treasury_waitingholding_changelist"), {"q": "Tomo@example.org"}
        )
        assert page.status_code == found
    assert [row.holder for row in page.context["cl"].result_list] == ["tomo@example.org"]


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
    with django_assert_num_queries(7):
        moderator.get(HOLDINGS)
