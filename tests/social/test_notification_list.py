"""The inbox: what is listed, what is marked read, with and without htmx."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from dao_portal.core.actions import Action
from social.models import Notification
from social.selectors.notification_list import PER_PAGE, _by_period
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

INBOX = "/notifications/"
UNKNOWN = UUID(int=7)
FEED = {"HX-Request": "true", "HX-Target": "feed"}


def told(user: User, title: str = "A proposal needs your vote", **fields) -> Notification:
    fields = {"type": Action.PROPOSAL_OPENED, "data": {"url": "/proposals/7/"}} | fields
    return Notification.objects.create(
        user=user, title=title, message="“Garden” is open.", **fields
    )


def titles(response) -> list[str]:
    return [notification.title for notification in response.context["inbox"].page]


def read_marks() -> dict[str, bool]:
    return dict(Notification.objects.values_list("title", "is_read"))


# --- the list -----------------------------------------------------------------------------------


def test_inbox_shows_own_notifications_newest_first(signed_in, ada):
    told(ada, "first")
    told(ada, "second", is_read=True)
    told(UserFactory(), "somebody else's")

    response = signed_in.get(INBOX)

    assert titles(response) == ["second", "first"]
    assert b"<title>Notifications (1)" in response.content


def test_unread_filter_leaves_out_what_was_read(signed_in, ada):
    told(ada, "new")
    told(ada, "old", is_read=True)

    assert titles(signed_in.get(INBOX, {"show": "unread"})) == ["new"]
    assert titles(signed_in.get(INBOX, {"show": "nonsense"})) == ["old", "new"]


def test_htmx_gets_the_feed_alone_with_bell_and_dot(signed_in, ada):
    told(ada)

    response = signed_in.get(INBOX, headers=FEED)

    html = response.content.decode()
    assert html.strip().startswith('<div id="feed">')
    assert "<html" not in html
    assert html.count('hx-swap-oob="true"') == 2
    assert "Notifications, 1 unread" in html
    assert response["Vary"].startswith("HX-Request, HX-Target, ")


def test_whole_page_swaps_nothing_out_of_band(signed_in, ada):
    told(ada)

    html = signed_in.get(INBOX).content.decode()

    assert "hx-swap-oob" not in html
    assert (html.count('id="bell"'), html.count('id="unread-dot"')) == (1, 1)


@pytest.mark.parametrize("age", [0, 1, 6, 7])
def test_periods_follow_the_readers_day(age):
    now = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
    notification = Notification(title="x")
    notification.created_at = now - timedelta(days=age, minutes=29)

    labels = [str(period.label) for period in _by_period([notification], now)]

    assert labels == [{0: "Today", 1: "This week", 6: "This week", 7: "Earlier"}[age]]


def test_periods_keep_the_order_and_leave_out_empty_ones():
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    notifications = [Notification(title=title) for title in "abc"]
    for notification, days in zip(notifications, (0, 0, 30), strict=True):
        notification.created_at = now - timedelta(days=days)

    periods = _by_period(notifications, now)

    assert [(str(p.label), [n.title for n in p.notifications]) for p in periods] == [
        ("Today", ["a", "b"]),
        ("Earlier", ["c"]),
    ]


def test_pages_keep_the_filter(signed_in, ada):
    for _ in range(PER_PAGE + 1):
        told(ada)

    response = signed_in.get(INBOX, {"show": "unread", "page": "2"})

    assert len(titles(response)) == 1
    assert b'href="?show=unread&amp;page=1"' in response.content


@pytest.mark.parametrize(
    ("query", "heading"), [("", "Nothing here yet"), ("?show=unread", "You are all caught up")]
)
def test_an_empty_inbox_says_why(signed_in, query, heading):
    response = signed_in.get(INBOX + query)

    assert f"<h2>{heading}</h2>" in response.content.decode()
    assert b"Mark all as read" not in response.content


@pytest.mark.parametrize("count", [1, 3])
def test_inbox_costs_the_same_for_one_and_for_three(signed_in, ada, count):
    for _ in range(count):
        told(ada)

    with CaptureQueriesContext(connection) as queries:
        signed_in.get(INBOX)

    # session, member; settings; count, page, unread; power badge
    assert len(queries) == 7, [query["sql"] for query in queries]


def test_titles_and_messages_are_text_not_html(signed_in, ada):
    told(ada, "<b>bold</b>")

    assert b"&lt;b&gt;bold&lt;/b&gt;" in signed_in.get(INBOX).content


# --- reading ------------------------------------------------------------------------------------


def test_mark_all_reads_own_only_and_goes_back_to_the_same_list(signed_in, ada):
    told(ada, "mine")
    told(ada, "mine too")
    told(UserFactory(), "another's")

    response = signed_in.post("/notifications/read/?show=unread&page=2")

    assert (response.status_code, response["Location"]) == (303, f"{INBOX}?show=unread&page=2")
    assert read_marks() == {"mine": True, "mine too": True, "another's": False}


def test_mark_one(signed_in, ada):
    one = told(ada, "one")
    told(ada, "two")

    response = signed_in.post("/notifications/read/", {"id": one.pk})

    assert (response.status_code, response["Location"]) == (303, INBOX)
    assert read_marks() == {"one": True, "two": False}


def test_one_cannot_read_anothers(signed_in):
    theirs = told(UserFactory(), "theirs")

    signed_in.post("/notifications/read/", {"id": theirs.pk})

    assert read_marks() == {"theirs": False}


def test_an_id_that_is_none_changes_nothing(signed_in, ada):
    told(ada, "mine")

    response = signed_in.post("/notifications/read/", {"id": "all"})

    assert response.status_code == 400
    assert read_marks() == {"mine": False}


def test_htmx_follows_to_the_feed_and_the_focus_stays_at_the_row(signed_in, ada):
    one = told(ada, "one")
    told(ada, "two")
    form = f"read-{one.pk.hex}"

    response = signed_in.post(
        "/notifications/read/",
        {"id": one.pk},
        headers=FEED | {"HX-Trigger": form},
        follow=True,
    )

    html = response.content.decode()
    assert "<html" not in html
    assert f'href="/notifications/{one.pk}/open/" autofocus' in html
    assert html.count("autofocus") == 1


@pytest.mark.parametrize(
    ("show", "trigger", "focused"),
    [
        ("", "read-all", "show-all"),
        ("unread", "read-all", "show-unread"),
        ("unread", f"read-{UNKNOWN.hex}", "show-unread"),
        ("", "show-all", None),
    ],
)
def test_the_focus_never_falls_off_the_page(signed_in, ada, show, trigger, focused):
    told(ada)

    html = signed_in.get(INBOX, {"show": show}, headers=FEED | {"HX-Trigger": trigger}).content

    links = html.decode().split("<a")
    assert [link.split('id="')[1].split('"')[0] for link in links if "autofocus" in link] == (
        [focused] if focused else []
    )


# --- opening ------------------------------------------------------------------------------------


def test_opening_reads_it_and_goes_there(signed_in, ada):
    one = told(ada, "one")
    told(ada, "two")

    response = signed_in.get(f"/notifications/{one.pk}/open/")

    assert (response.status_code, response["Location"]) == (303, "/proposals/7/")
    assert read_marks() == {"one": True, "two": False}
    assert "no-store" in response["Cache-Control"]


def test_opening_what_leads_nowhere_goes_to_the_inbox(signed_in, ada):
    one = told(ada, data={})

    assert signed_in.get(f"/notifications/{one.pk}/open/")["Location"] == INBOX


def test_anothers_notification_does_not_exist(signed_in):
    theirs = told(UserFactory(), "theirs")

    assert signed_in.get(f"/notifications/{theirs.pk}/open/").status_code == 404
    assert read_marks() == {"theirs": False}


# --- the bell -----------------------------------------------------------------------------------


def test_bell_is_silent_while_its_number_is_right(signed_in, ada):
    told(ada)

    response = signed_in.get("/notifications/bell/", {"n": "1"})

    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize("shown", ["0", "2", "", "many"])
def test_bell_says_the_new_number(signed_in, ada, shown):
    told(ada)

    response = signed_in.get("/notifications/bell/", {"n": shown})

    html = response.content.decode()
    assert response.status_code == 200
    assert "Notifications, 1 unread" in html
    assert 'hx-get="/notifications/bell/?n=1"' in html
    assert html.count('id="unread-dot" hx-swap-oob="true"') == 1


def test_bell_of_who_signed_out_meanwhile_stays_as_it_is(client):
    assert client.get("/notifications/bell/", {"n": "3"}).status_code == 204


@pytest.mark.parametrize("path", ["", "read/", f"{UNKNOWN}/open/"])
def test_visitors_are_asked_to_sign_in(client, path):
    method = client.post if path == "read/" else client.get

    response = method(f"/notifications/{path}")

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_reading_is_never_a_link(signed_in, ada):
    told(ada, "mine")

    assert signed_in.get("/notifications/read/").status_code == 405
    assert read_marks() == {"mine": False}
