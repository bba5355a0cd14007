"""Times in the member's zone: shown, named, and read."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.middleware import ViewerZone
from accounts.models import Profile, User
from accounts.preferences import validate_preferences, zone_choices, zone_names, zone_of
from accounts.services.profiles import update_profile
from dao_portal.core.models import AuditLog
from governance.models import Proposal
from social.notices.words import spell_time
from tests.accounts.profile_form import FORM
from tests.factories import ProposalFactory, UserFactory, open_proposal_with

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


def live_in(zone: str, **fields) -> User:
    member = UserFactory(**fields)
    Profile.objects.create(user=member, preferences={"time_zone": zone})
    return member


def viewer_zone(zone: str) -> ViewerZone:
    request = RequestFactory().get("/")
    request.user = User(username="ada")
    request.user.profile = Profile(preferences={"time_zone": zone})
    return ViewerZone(request)


# --- preferences ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "preferences",
    [
        [],
        "dark",
        None,
        {"theme": "pink"},
        {"theme": ["dark"]},
        {"time_zone": "Europe/Atlantis"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": None},
        {"colour": "red"},
    ],
    ids=str,
)
def test_unknown_preferences_are_refused(preferences):
    with pytest.raises(ValidationError):
        validate_preferences(preferences)


@pytest.mark.parametrize(
    "preferences",
    [{}, {"theme": "dark"}, {"time_zone": "UTC"}, {"theme": "auto", "time_zone": "Asia/Kathmandu"}],
    ids=str,
)
def test_known_preferences(preferences):
    validate_preferences(preferences)


@pytest.mark.parametrize(
    "stored", [{}, {"time_zone": "Europe/Atlantis"}, {"time_zone": 7}], ids=str
)
def test_zone_that_is_not_known_any_more_is_utc(stored):
    assert zone_of(stored) is UTC


def test_choices_are_grouped_by_region_and_begin_with_the_place():
    choices = dict(zone_choices(NOON))

    assert choices["UTC"] == "UTC"
    europe = dict(next(zones for region, zones in choices.items() if str(region) == "Europe"))
    assert europe["Europe/Oslo"] == "Oslo (UTC+1)"
    labels = {name: label for zones in choices.values() if zones != "UTC" for name, label in zones}
    assert set(labels) | {"UTC"} == zone_names()
    assert labels["America/Argentina/Buenos_Aires"] == "Buenos Aires, Argentina (UTC-3)"
    assert labels["Asia/Kathmandu"] == "Kathmandu (UTC+5:45)"
    assert labels["America/St_Johns"] == "St Johns (UTC-3:30)"
    assert labels["Africa/Accra"] == "Accra (UTC)"


def test_offsets_are_those_of_today():
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    labels = {name: label for _region, zones in zone_choices(summer)[1:] for name, label in zones}

    assert labels["Europe/Oslo"] == "Oslo (UTC+2)"


@given(
    st.sampled_from(sorted(zone_names())),
    st.datetimes(datetime(1980, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_readers_zone_is_the_zone_itself(name, moment):
    zone, reader = ZoneInfo(name), viewer_zone(name)

    local = moment.astimezone(reader)

    assert local.isoformat() == moment.astimezone(zone).isoformat()
    assert local.tzname() == moment.astimezone(zone).tzname()
    naive = local.replace(tzinfo=None)
    for fold in (0, 1):
        read = naive.replace(fold=fold)
        assert read.replace(tzinfo=reader).utcoffset() == read.replace(tzinfo=zone).utcoffset()
    assert str(reader) == name


def test_nobody_is_loaded_before_a_time_is_written():
    request = RequestFactory().get("/")
    zone = ViewerZone(request)  # request.user would raise

    with timezone.override(zone):
        timezone.now()
    request.user = AnonymousUser()

    assert NOON.astimezone(zone).tzname() == "UTC"


# --- shown ----------------------------------------------------------------------------------


@pytest.fixture
def proposal(db):
    return open_proposal_with({"mira": 5})


@pytest.mark.parametrize(
    ("zone", "hour", "name"),
    [
        ("Africa/Lagos", 1, "WAT"),
        ("Asia/Kathmandu", 5.75, "UTC+0545"),
        ("America/Sao_Paulo", -3, "UTC-03"),
        ("UTC", 0, "UTC"),
    ],
)
def test_times_are_the_members_with_utc_in_the_title(client, proposal, zone, hour, name):
    client.force_login(live_in(zone))
    end = proposal.voting_end
    local = end.astimezone(ZoneInfo(zone))
    assert (local.utcoffset().total_seconds() / 3600, local.strftime("%M")) == (
        hour,
        local.strftime("%M"),
    )

    page = client.get(f"/proposals/{proposal.number}/").text

    exact = f'datetime="{end:%Y-%m-%dT%H:%M:%SZ}" title="{end:%Y-%m-%d %H:%M:%S} UTC"'
    assert f"<time {exact}>{local.day} {local:%b, %H:%M} {name}</time>" in page


def test_signed_out_reads_utc_also_after_somebody_elses_request(client, proposal):
    client.force_login(live_in("Asia/Tokyo"))
    assert "JST</time>" in client.get(f"/proposals/{proposal.number}/").text
    client.logout()

    page = client.get(f"/proposals/{proposal.number}/").text

    assert "JST" not in page
    assert " UTC</time>" in page
    assert timezone.get_current_timezone_name() == "UTC"


def test_member_without_a_profile_reads_utc(client, proposal):
    client.force_login(UserFactory())

    assert " UTC</time>" in client.get(f"/proposals/{proposal.number}/").text


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_zone_costs_no_query(client, proposal, django_assert_num_queries, zone):
    client.force_login(live_in(zone))
    client.get("/help/voting/")  # the settings are read

    with django_assert_num_queries(5):  # session, member with profile, power, unread, the list
        client.get("/notifications/")


def test_polled_answer_still_knows_no_session(client, proposal, django_assert_num_queries):
    client.force_login(live_in("Asia/Tokyo"))
    page = client.get(f"/proposals/{proposal.number}/")
    seen = page.text.split("results/?v=")[1].split('"')[0]
    client.get(f"/proposals/{proposal.number}/results/?v={seen}")

    with django_assert_num_queries(0):
        response = client.get(f"/proposals/{proposal.number}/results/?v={seen}")

    assert response.status_code == 204


def test_results_that_are_fetched_later_keep_the_members_zone(client, proposal):
    client.force_login(live_in("Asia/Tokyo"))
    page = client.get(f"/proposals/{proposal.number}/").text
    part = client.get(f"/proposals/{proposal.number}/results/").text

    assert (" UTC</time>" in page, " UTC</time>" in part) == (False, False)


# --- chosen ---------------------------------------------------------------------------------


def test_choosing_a_zone(client, proposal):
    member = UserFactory()
    client.force_login(member)

    client.post("/account/", FORM | {"time_zone": "Asia/Tokyo"})

    assert Profile.objects.get(user=member).preferences == {
        "theme": "dark",
        "time_zone": "Asia/Tokyo",
    }
    assert "JST</time>" in client.get(f"/proposals/{proposal.number}/").text
    assert '<option value="Asia/Tokyo" selected>' in client.get("/account/").text
    [event] = AuditLog.objects.filter(action="profile.changed")
    assert "Asia/Tokyo" not in str(event.new_values)


@pytest.mark.parametrize("zone", ["", "Mars/Base", "US/Eastern", "Asia/Tokyo\n"])
def test_unknown_zone_is_refused(client, db, zone):
    client.force_login(UserFactory())

    response = client.post("/account/", FORM | {"time_zone": zone})

    assert response.status_code == 422
    assert response.context["form"]["first_name"].value() == "Ada"
    assert not Profile.objects.exists()


def test_form_shows_the_theme_of_this_browser(client, db):
    member = UserFactory()
    Profile.objects.create(user=member, preferences={"theme": "dark"})
    client.force_login(member)
    client.cookies["theme"] = "light"

    assert client.get("/account/").context["form"]["theme"].value() == "light"


@pytest.mark.parametrize(("theme", "cookie"), [("dark", "dark"), ("auto", "")])
def test_sign_in_brings_the_theme_along(client, db, theme, cookie):
    member = UserFactory(username="ada", password="correct horse battery")
    member.emailaddress_set.create(email=member.email, verified=True, primary=True)
    Profile.objects.create(user=member, preferences={"theme": theme})
    client.cookies["theme"] = "light"

    response = client.post(
        "/accounts/login/", {"login": "ada", "password": "correct horse battery"}
    )

    assert response.status_code == 302
    assert response.cookies["theme"].value == cookie


# --- read -----------------------------------------------------------------------------------

DRAFT = {
    "title": "Fund the garden",
    "description": "Ten raised beds.",
    "opens_on": "2026-12-03",
    "opens_at": "09:00",
    "lasts": "7",
    "unit": "days",
    "step": "save",
}


def last_sunday(month: int) -> date:
    """On which Oslo changes its clocks next year: in March and in October, months of 31 days."""
    end = date(timezone.now().year + 1, month, 31)
    return end - timedelta(days=(end.weekday() + 1) % 7)


GAP, REPEAT = last_sunday(3), last_sunday(10)
WINTER, SUMMER = GAP.replace(month=1, day=20), GAP.replace(month=6, day=20)


@pytest.fixture
def author(client, db):
    member = live_in("Europe/Oslo")
    client.force_login(member)
    return member


def save(client, day: date, hour: str):
    return client.post("/proposals/new/", DRAFT | {"opens_on": str(day), "opens_at": hour})


@pytest.mark.parametrize(
    ("day", "hour", "start"),
    [
        (WINTER, "09:00", f"{WINTER}T08:00:00+00:00"),
        (SUMMER, "09:00", f"{SUMMER}T07:00:00+00:00"),
        (SUMMER, "00:30", f"{SUMMER - timedelta(days=1)}T22:30:00+00:00"),
        (GAP, "01:59", f"{GAP}T00:59:00+00:00"),  # the minute before the gap
        (GAP, "03:00", f"{GAP}T01:00:00+00:00"),  # and the one after it
        (REPEAT, "01:59", f"{REPEAT - timedelta(days=1)}T23:59:00+00:00"),
        (REPEAT, "03:00", f"{REPEAT}T02:00:00+00:00"),
    ],
)
def test_window_is_read_and_shown_in_the_authors_zone(client, author, day, hour, start):
    response = save(client, day, hour)

    assert response.status_code == 303
    draft = Proposal.objects.get()
    assert draft.voting_start.astimezone(UTC).isoformat() == start
    page = client.get(f"/proposals/{draft.number}/edit/")
    form = page.context["form"]
    assert (str(form["opens_on"].value()), str(form["opens_at"].value())[:5]) == (str(day), hour)
    assert "At (Europe/Oslo)" in page.text


@pytest.mark.parametrize(
    ("day", "hour", "complaint"),
    [
        (GAP, "02:00", "skip this time"),
        (GAP, "02:59", "skip this time"),
        (REPEAT, "02:00", "show this time twice"),
        (REPEAT, "02:59", "show this time twice"),
    ],
)
def test_hour_that_the_clocks_skip_or_repeat_is_refused(client, author, day, hour, complaint):
    response = save(client, day, hour)

    assert response.status_code == 422
    assert (
        f"On this day the clocks in Europe/Oslo {complaint}. Choose another one." in response.text
    )
    assert response.context["form"]["opens_at"].value() == hour
    assert not Proposal.objects.exists()


def test_untouched_window_in_a_repeated_hour_stays_as_it_is(client, author):
    """Somebody in another zone had no trouble with that hour."""
    start = datetime.combine(REPEAT, time(1, 30), UTC)  # 02:30 for the second time
    draft = ProposalFactory(
        proposer=author, voting_start=start, voting_end=start + timedelta(days=9)
    )
    form = client.get(f"/proposals/{draft.number}/edit/").context["form"]
    fields = {name: form[name].value() for name in ("opens_on", "opens_at", "lasts", "unit")}

    response = client.post(
        f"/proposals/{draft.number}/edit/",
        DRAFT | fields | {"opens_at": fields["opens_at"].strftime("%H:%M"), "title": "Another"},
    )

    draft.refresh_from_db()
    assert (response.status_code, draft.title) == (303, "Another")
    assert draft.voting_start == start


def test_signed_out_author_of_another_zone_means_another_moment(client, author):
    save(client, SUMMER, "09:00")
    client.force_login(live_in("America/New_York"))
    save(client, SUMMER, "09:00")

    starts = Proposal.objects.order_by("voting_start").values_list("voting_start", flat=True)

    assert [start.hour for start in starts] == [7, 13]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_ends_of_the_calendar_are_refused_in_any_zone(client, db, day):
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        client.force_login(live_in(zone))
        for hour in ("00:00", "23:59"):
            assert save(client, day, hour).status_code == 422


def test_service_judges_preferences_whatever_the_door(db):
    fields = FORM | {"time_zone": "Europe/Atlantis"}

    with pytest.raises(ValidationError):
        update_profile(actor=UserFactory(), **fields)

    assert not Profile.objects.exists()


def test_what_many_are_told_is_in_utc_whoever_sets_it_off():
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert spell_time(NOON) == "1 Dec 2026, 12:00 UTC"
