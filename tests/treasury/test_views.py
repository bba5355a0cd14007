"""The treasury's pages: everybody may look, nobody may write."""

import pytest
from django.core.cache import cache
from django.db import connection

from tests.factories import HoldingFactory, TokenFactory, TransactionFactory, UserFactory

pytestmark = pytest.mark.django_db

OVERVIEW = "/treasury/"
TRANSACTIONS = "/treasury/transactions/"
TOKEN = "/tokens/DPT/"


@pytest.fixture
def member(client):
    user = UserFactory()
    HoldingFactory(user=user, balance=12_480)
    client.force_login(user)
    return user


@pytest.mark.parametrize("item_count", [1, 3])
@pytest.mark.parametrize(("address", "queries"), [(OVERVIEW, 7), (TRANSACTIONS, 7), (TOKEN, 10)])
def test_page_asks_as_often_for_one_item_as_for_three(
    client, member, django_assert_num_queries, address, queries, item_count
):
    for _ in range(item_count):
        TransactionFactory(user=UserFactory(), metadata={})
        HoldingFactory()
    client.get("/help/voting/")  # the session and the settings are read
    cache.clear()

    with django_assert_num_queries(queries):
        response = client.get(address)

    assert response.status_code == 200


def test_overview_without_tokens_says_that_nothing_moved(client):
    response = client.get(OVERVIEW)

    assert "Nothing has moved yet" in response.text


def test_overview_shows_every_digit(client):
    TokenFactory()
    TransactionFactory(amount="3412880.000000000000000001")

    response = client.get(OVERVIEW)

    assert '<p class="big">3,412,880.000000000000000001</p>' in response.text
    assert "+3,412,880.000000000000000001 this month" in response.text


def test_overview_chooses_the_chart(client):
    TokenFactory()
    TokenFactory(symbol="ETH")

    response = client.get(OVERVIEW, {"token": "ETH"})

    assert response.context["chosen"].token.symbol == "ETH"
    assert client.get(OVERVIEW, {"token": "NO"}).context["chosen"].token.symbol == "DPT"


def test_transactions_say_failed_and_are_struck_through(client):
    TransactionFactory(status="failed", amount=900, treasury_change=-900, type="transfer")

    response = client.get(TRANSACTIONS)

    assert '<strong class="void">\N{MINUS SIGN}900</strong>' in response.text
    assert "Failed" in response.text
    assert "Payout" in response.text


def test_transactions_partial_is_the_table_alone(client):
    TransactionFactory()

    response = client.get(TRANSACTIONS, headers={"HX-Request": "true", "HX-Target": "transactions"})

    assert response.text.strip().startswith('<div id="transactions">')
    assert "<html" not in response.text
    assert response["Vary"].startswith("HX-Request, HX-Target")


def test_transactions_with_rubbish_in_the_address_answer(client):
    TransactionFactory()

    response = client.get(
        TRANSACTIONS, {"page": "x", "type": "nonsense", "status": "%", "sort": "drop"}
    )

    assert response.status_code == 200
    assert "No transaction like this" in response.text


def test_nul_in_an_address_is_a_bad_request(client):
    assert client.get(TRANSACTIONS, {"q": "\0"}).status_code == 400
    assert client.get("/tokens/%00/").status_code == 400


def test_transaction_text_is_escaped(client):
    TransactionFactory(metadata={"party": "<script>alert(1)</script>", "proposal": "7"})

    response = client.get(TRANSACTIONS)

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in response.text
    assert "/proposals/7/" not in response.text


def test_transaction_links_the_proposal_that_decided_it(client):
    TransactionFactory(metadata={"party": "Grants council", "proposal": 7})

    assert '<a href="/proposals/7/">#7</a>' in client.get(TRANSACTIONS).text


def test_token_page_is_found_in_any_case(client, member):
    response = client.get("/tokens/dpt/")

    assert "Where the supply is" in response.text
    assert '<p class="big">12,480</p>' in response.text


def test_large_counts_are_written_with_separators(client, member):
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH people AS ("
            "  INSERT INTO users (username, password_hash)"
            "  SELECT 'holder' || n, '!'"
            "  FROM generate_series(1, 2500) AS n RETURNING id"
            ") INSERT INTO user_tokens (user_id, token_id, balance, voting_power)"
            "  SELECT people.id, tokens.id, 1000, 1000 FROM people, tokens"
        )

    html = client.get(TOKEN).text

    assert "<dd>2,501</dd>" in html
    assert "<strong>1,245 largest</strong> of 2,501 holders" in html
    assert "Rank 51 to 2,501" in html


def test_token_page_without_holders_says_so(client):
    TokenFactory()

    assert "No member holds DPT here" in client.get(TOKEN).text


def test_unknown_token_is_not_found(client):
    assert client.get("/tokens/NOPE/").status_code == 404


@pytest.mark.parametrize("address", [OVERVIEW, TRANSACTIONS, TOKEN])
def test_pages_take_no_post(client, address):
    assert client.post(address).status_code == 405
