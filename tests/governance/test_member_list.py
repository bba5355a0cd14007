"""The list of members: who is found, in which order, and how many there are."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Profile, User
from accounts.services.members import find_or_create_imported_members
from governance.selectors import member_list as selectors
from governance.selectors.member_list import MemberFilters, member_list
from tests.factories import (
    HoldingFactory,
    ProposalFactory,
    UserFactory,
    cast,
    decided_proposal,
    open_proposal_with,
)
from tests.sql import sql

pytestmark = pytest.mark.django_db


def names(page: object = None, **filters: str) -> list[str]:
    return [card.member.username for card in member_list(MemberFilters(**filters), page=page).cards]


def counts(**filters: str) -> list[int]:
    return [tab.count for tab in member_list(MemberFilters(**filters)).tabs]


def member(username: str, power: str = "", **fields) -> User:
    user = UserFactory(username=username, **fields)
    if power:
        HoldingFactory(user=user, balance=Decimal(power))
    return user


def joined(username: str, day: int) -> User:
    user = UserFactory(username=username)
    User.objects.filter(pk=user.pk).update(created_at=datetime(2026, 1, day, tzinfo=UTC))
    return user


def test_most_power_comes_first_then_those_without_any():
    joined("early", 1)
    joined("late", 2)
    member("mira", "7")
    member("tomo", "30.000000000000000001")
    member("ada", "30")
    member("broke", "0")

    assert names() == ["tomo", "ada", "mira", "broke", "late", "early"]


def test_only_the_governance_token_counts():
    HoldingFactory(user=UserFactory(username="rich"), token__symbol="OTHER", balance=900)
    member("ada", "1")

    shown = member_list(MemberFilters())

    assert [(card.member.username, card.power) for card in shown.cards] == [
        ("ada", Decimal(1)),
        ("rich", Decimal(0)),
    ]


def test_bar_is_relative_to_the_greatest_power_also_on_later_pages(monkeypatch):
    monkeypatch.setattr(selectors, "PER_PAGE", 1)
    member("mira", "8")
    member("ada", "2")

    [card] = member_list(MemberFilters(), page="2").cards

    assert (card.member.username, card.share) == ("ada", 25)


def test_without_any_power_the_bars_are_empty():
    member("ada")

    [card] = member_list(MemberFilters()).cards

    assert (card.power, card.share, card.votes) == (0, 0, 0)


def test_newest_and_name():
    joined("mira", 3)
    joined("ada", 1)
    joined("Tomo", 2)

    assert names(sort="newest") == ["mira", "Tomo", "ada"]
    assert names(sort="name") == ["ada", "mira", "Tomo"]


def test_name_is_what_the_page_shows():
    """Whoever gave no name is sorted by the username."""
    member("zoe", first_name="Ada", last_name="Zimmer")
    member("bea")
    member("adam", last_name="Carter")

    assert names(sort="name") == ["zoe", "bea", "adam"]


@pytest.mark.parametrize("sort", ["", "newest", "name"])
@pytest.mark.parametrize("holders", [0, 1, 2, 3, 5])
def test_pages_show_everybody_once(monkeypatch, sort, holders):
    monkeypatch.setattr(selectors, "PER_PAGE", 2)
    for number in range(5):
        member(f"m{number}", "7" if number < holders else "")

    pages = [names(sort=sort, page=str(page)) for page in (1, 2, 3)]

    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(name for page in pages for name in page) == ["m0", "m1", "m2", "m3", "m4"]


@pytest.mark.parametrize(("page", "shown"), [("0", 3), ("99", 3), ("x", 1), ("-1", 3), (None, 1)])
def test_page_out_of_range_is_the_nearest(monkeypatch, page, shown):
    monkeypatch.setattr(selectors, "PER_PAGE", 1)
    for number in range(3):
        member(f"m{number}")

    assert member_list(MemberFilters(), page=page).page.number == shown


def test_only_active_members():
    member("ada")
    member("gone", "9", is_active=False)
    find_or_create_imported_members(wallet_addresses=["0x" + "1" * 40])

    assert names() == ["ada"]
    assert counts() == [1, 0]
    assert names(words="gone") == []


def test_moderators_and_administrators_moderate():
    member("ada")
    member("grace", "1", role="moderator")
    member("alan", "2", role="admin")

    assert counts() == [3, 2]
    assert names(show="moderators") == ["alan", "grace"]
    assert counts(words="gr") == [1, 1]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("mira", ["mira"]),
        ("MIRA", ["mira"]),
        ("Mira C", ["mira"]),
        ("cast", ["mira"]),  # the last name
        ("ra", []),  # not how anything begins
        ("@mi", ["mira"]),
        ("@castellanos", []),
        ("@", ["ada", "mira", "o_neil", "zed"]),
        ("", ["ada", "mira", "o_neil", "zed"]),
        ("o_", ["o_neil"]),
        ("_", []),  # a letter, no wildcard
        ("%", []),
        ("\\", []),
        ("é", ["zed"]),
        ("ÉT", ["zed"]),
        ("ada okafor", ["ada"]),
        ("okafor", ["ada"]),
        ("' OR 1=1", []),
    ],
)
def test_search_by_how_a_name_begins(words, found):
    member("ada", first_name="Ada", last_name="Okafor")
    member("mira", first_name="Mira", last_name="Castellanos")
    member("o_neil")
    member("oxneil", is_active=False)
    member("zed", first_name="Étienne")

    assert sorted(names(words=words)) == found


@given(st.text(max_size=20))
def test_no_search_fails(words):
    member_list(MemberFilters(words=words.replace("\0", "").strip()))


def test_votes_cast_of_votes_held():
    ada, mira = member("ada"), member("mira")
    for choice in ("yes", "no"):
        cast(open_proposal_with({ada: 5, mira: 1}), ada, choice)
    decided_proposal()
    ProposalFactory(upcoming=True)

    shown = member_list(MemberFilters())

    assert shown.votes_held == 3
    votes = {card.member.username: card.votes for card in shown.cards}
    assert (votes["ada"], votes["mira"]) == (2, 0)


@pytest.mark.parametrize(
    ("words", "pages", "shown"), [("", 3, ["m0", "m1", "m2"]), ("m", 2, ["m0", "m1"])]
)
@pytest.mark.parametrize("sort", ["", "newest", "name"])
def test_of_many_only_the_first_pages_are_listed(monkeypatch, client, words, pages, shown, sort):
    monkeypatch.setattr(selectors, "MAX_COUNTED", 4)
    monkeypatch.setattr(selectors, "PER_PAGE", 1)
    monkeypatch.setattr(selectors, "PAGES_OF_MANY", 3)
    monkeypatch.setattr(selectors, "PAGES_OF_A_VAGUE_SEARCH", 2)
    for number in range(6):
        member(f"m{number}", str(9 - number))
        User.objects.filter(username=f"m{number}").update(
            created_at=datetime(2026, 1, 9 - number, tzinfo=UTC)
        )

    listed = [name for page in range(1, pages + 1) for name in names(page, words=words, sort=sort)]
    assert listed == shown
    last = member_list(MemberFilters(words=words, sort=sort), page="99").page
    assert (last.number, last.paginator.more_than) == (pages, 4)
    assert names(words="m5", sort=sort) == ["m5"]


@pytest.mark.parametrize("sort", ["", "newest", "name"])
def test_few_are_in_the_same_order_as_many(monkeypatch, sort):
    for number in range(9):
        member(f"m{number}", str(number % 3) if number % 2 else "", first_name=f"N{number % 4}")

    few = names(words="n", sort=sort)
    monkeypatch.setattr(selectors, "MAX_COUNTED", 2)
    many = names(words="n", sort=sort)

    assert len(few) == 9
    if sort:
        assert few == many
    else:  # members of the same power stand in no promised order
        powers = [
            [card.power for card in member_list(MemberFilters(words="n")).cards] for _ in (1, 2)
        ]
        assert powers[0] == sorted(powers[0], reverse=True)
        assert sorted(few) == sorted(many)


# --- the page -------------------------------------------------------------------------------


def test_card(client):
    ada = member("ada", "812000", first_name="Ada", last_name="Okafor", role="moderator")
    Profile.objects.create(
        user=ada, bio="x", bio_html="<p>I vote for <b>A&amp;B</b>.</p>\n<p>Ask me.</p>"
    )

    page = client.get("/members/").text

    assert "Ada Okafor @ada Moderator" in " ".join(strip_tags(page).split())
    assert "I vote for A&amp;B. Ask me." in page
    assert "<b>812k</b> power" in page
    assert "<b>0</b> of 0 votes" in page
    assert 'width="100.00%"' in page


def test_htmx_gets_the_list_only(client):
    member("ada")

    response = client.get("/members/?q=ada", headers={"HX-Request": "true", "HX-Target": "people"})

    assert response.text.strip().startswith('<div id="people">')
    assert "HX-Target" in response["Vary"]
    assert "<!doctype html>" in client.get("/members/?q=ada").text


def test_page_of_moderators_shows_them_alone(client):
    member("ada")
    member("grace", role="moderator")

    page = client.get("/members/?show=moderators")

    assert [card.member.username for card in page.context["list"].cards] == ["grace"]
    assert "@grace" in page.text
    assert "@ada" not in page.text


def test_filters_stay_in_the_links(client):
    member("ada", role="admin")

    page = client.get("/members/?q=a&sort=name&page=2").text

    assert '<a href="?q=a&amp;sort=name&amp;show=moderators">' in page
    assert '<option value="name" selected>' in page


def test_unknown_filters_count_as_not_asked(client):
    member("ada")

    shown = client.get("/members/?show=kings&sort=height&q=" + "a" * 500).context["list"]

    assert shown.filters == MemberFilters(words="a" * 150)


@pytest.mark.parametrize(
    ("address", "words"),
    [("/members/", "Members appear here"), ("/members/?q=zz", "begins with “zz”")],
)
def test_empty_page_says_why(client, address, words):
    assert words in client.get(address).text


def test_current_page_in_the_navigation(client):
    member("ada")

    for address in ("/members/", "/members/ada/"):
        page = client.get(address).text
        assert '<a href="/members/" aria-current="true">' in page
        assert '<a href="/proposals/" aria-current="true">' not in page


@pytest.mark.parametrize("item_count", [1, 3])
@pytest.mark.parametrize(
    ("query", "queries"), [("", 7), ("?sort=newest", 6), ("?sort=name", 6), ("?q=m", 6)]
)
def test_member_list_asks_as_often_for_one_as_for_three(
    client, django_assert_num_queries, query, queries, item_count
):
    for number in range(item_count):
        member(f"m{number}", "7")
    member("morgan")
    client.get("/help/voting/")  # the settings are read

    with django_assert_num_queries(queries):
        client.get(f"/members/{query}")


# What a plan must use when it may neither read a whole table nor sort more than a page.
PLANS = {
    "most power": (MemberFilters(), {"user_tokens_power_ix", "users_directory_newest_ix"}),
    "newest": (MemberFilters(sort="newest"), {"users_directory_newest_ix"}),
    "name": (MemberFilters(sort="name"), {"users_directory_name_ix"}),
    "moderators": (MemberFilters(show="moderators"), {"users_role_ix"}),
    "search": (
        MemberFilters(words="mi"),
        {"users_username_ci_uniq", "users_directory_name_ix", "users_directory_last_name_ix"},
    ),
    "username": (MemberFilters(words="@mi"), {"users_username_ci_uniq"}),
}


@pytest.mark.parametrize(("filters", "indexes"), PLANS.values(), ids=PLANS)
def test_each_order_and_search_has_its_index(filters, indexes):
    member("mira", "7")
    sql(
        "INSERT INTO users (username, password_hash, last_name)"
        " SELECT 'm' || n, '', 'Last' || n FROM generate_series(1, 3000) AS n"
    )
    sql("ANALYZE users")
    with CaptureQueriesContext(connection) as asked:
        member_list(filters)

    sql("SET LOCAL enable_seqscan = off")
    sql("SET LOCAL enable_sort = off")
    plans = ""
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            cursor.execute("EXPLAIN " + query["sql"])
            plans += "\n".join(line for (line,) in cursor.fetchall())

    assert {index for index in indexes if index in plans} == indexes
    assert "Seq Scan on users" not in plans
    assert "Seq Scan on user_tokens" not in plans
