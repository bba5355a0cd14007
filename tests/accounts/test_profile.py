"""A member's page, and the form behind it."""

import pytest

from accounts.models import Profile, User
from accounts.services.members import find_or_create_imported_members
from accounts.services.profiles import (
    ProfileChanged,
    remove_picture,
    update_profile,
    version_of,
    written_profile,
)
from dao_portal.core.models import AuditLog
from tests.accounts.profile_form import FORM
from tests.explosive import one_long_address
from tests.factories import ProposalFactory, UserFactory, cast, open_proposal_with

pytestmark = pytest.mark.django_db


def test_profile_is_saved_and_shown(signed_in, ada):
    response = signed_in.post("/account/", FORM)

    assert (response.status_code, response["Location"]) == (303, "/account/")
    assert response.cookies["theme"].value == "dark"
    page = signed_in.get("/members/ada/").text
    assert "<h1><bdi>Ada Okafor</bdi></h1>" in page
    assert "<p>I vote on <strong>everything</strong>.</p>" in page
    assert (
        '<a href="https://ada.example" rel="nofollow noopener ugc">https://ada.example</a>' in page
    )
    assert signed_in.get("/account/").context["form"]["theme"].value() == "dark"


def test_who_has_no_profile_yet_starts_with_an_empty_form(signed_in, ada):
    form = signed_in.get("/account/").context["form"]

    empty = ("first_name", "last_name", "bio", "website", "twitter", "discord", "telegram")
    assert {form[name].value() for name in empty} == {""}
    assert (form["theme"].value(), form["time_zone"].value()) == ("auto", "UTC")


def test_profile_audit_names_fields_and_no_values(signed_in, ada):
    signed_in.post("/account/", FORM)

    [event] = AuditLog.objects.filter(action="profile.changed")

    assert event.user == ada
    assert event.new_values == {
        "changed": [
            "first_name",
            "last_name",
            "bio",
            "website",
            "twitter",
            "discord",
            "preferences",
        ]
    }


def test_profile_saved_twice_is_audited_once(signed_in, ada):
    signed_in.post("/account/", FORM)
    signed_in.post("/account/", FORM)

    assert AuditLog.objects.filter(action="profile.changed").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("bio", "x" * 601, "at most 600 characters"),
        ("website", "not an address", "Write the whole address"),
        ("website", "javascript:alert(1)", "Write the whole address"),
        ("theme", "pink", "Select a valid choice"),
        ("twitter", "x" * 65, "at most 64 characters"),
    ],
)
def test_bad_input_is_refused_and_kept(signed_in, ada, field, value, complaint):
    response = signed_in.post("/account/", FORM | {field: value})

    assert response.status_code == 422
    assert complaint in response.text
    assert "<title>Error: Profile" in response.text
    assert response.context["form"]["last_name"].value() == "Okafor"
    assert response.context["form"][field].value() == value
    assert not Profile.objects.exists()
    assert User.objects.get(pk=ada.pk).last_name == ""


def test_profile_page_needs_a_sign_in(client):
    response = client.get("/account/")

    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/account/")


def test_bio_is_made_safe(signed_in, ada):
    signed_in.post(
        "/account/", FORM | {"bio": "<script>x</script> [a](javascript:x) ![i](http://b/c)"}
    )

    page = signed_in.get("/members/ada/").text

    assert "&lt;script&gt;" in page
    assert 'href="javascript' not in page
    assert "<img" not in page


def test_member_page_compares_votes_with_the_readers_own(signed_in, ada):
    mira = UserFactory(username="mira", first_name="Mira")
    for theirs, mine in (("yes", "yes"), ("no", "yes"), ("abstain", None)):
        proposal = open_proposal_with({ada: 5, mira: 7})
        cast(proposal, mira, theirs)
        if mine:
            cast(proposal, ada, mine)

    response = signed_in.get("/members/mira/")

    detail = response.context["detail"]
    assert (detail.votes, detail.both, detail.same, detail.voted_recently) == (3, 2, 1, 3)
    assert "1 of 2" in response.text
    assert response.text.count("same as you") == 1
    assert response.text.count("you voted differently") == 1


def test_member_page_does_not_compare_a_member_with_themselves(signed_in, ada):
    cast(open_proposal_with({ada: 5}), ada, "yes")

    response = signed_in.get("/members/ada/")

    detail = response.context["detail"]
    assert (detail.votes, detail.both, detail.same) == (1, 0, 0)
    assert "Voted in 1 of the last 1" in response.text
    assert "same as you" not in response.text


def test_member_page_keeps_drafts_to_the_author(signed_in, ada):
    ProposalFactory(proposer=ada, title="A secret draft")
    ProposalFactory(proposer=ada, title="A public plan", upcoming=True)

    page = signed_in.get("/members/ada/?show=proposals").text

    assert "A public plan" in page
    assert "A secret draft" not in page


@pytest.mark.parametrize("item_count", [1, 3])
@pytest.mark.parametrize(("show", "queries"), [("votes", 13), ("proposals", 15), ("comments", 13)])
def test_member_page_asks_as_often_for_one_item_as_for_three(
    signed_in, ada, django_assert_num_queries, show, queries, item_count
):
    mira = UserFactory(username="mira")
    for _ in range(item_count):
        proposal = open_proposal_with({ada: 5, mira: 7}, proposer=mira)
        cast(proposal, mira, "yes")
    signed_in.get("/help/voting/")  # the session and the settings are read

    with django_assert_num_queries(queries):
        signed_in.get("/members/mira/", {"show": show})


def test_member_is_found_in_any_case(client):
    UserFactory(username="Mira")

    assert client.get("/members/mira/").status_code == 200
    assert client.get("/members/nobody/").status_code == 404


def test_imported_member_says_so(client):
    find_or_create_imported_members(wallet_addresses=["0x" + "1" * 40])

    response = client.get(f"/members/0x{'1' * 40}/")

    assert "known from imported votes" in response.text


def test_words_that_become_too_large_are_refused_and_the_rest_of_the_form_stays(signed_in, ada):
    response = signed_in.post("/account/", FORM | {"bio": one_long_address(600, "&")})

    assert response.status_code == 422
    [error] = response.context["form"].errors["bio"]
    assert error.startswith("This text becomes too large.")
    assert response.context["form"]["website"].value() == "https://ada.example"
    assert not Profile.objects.filter(user=ada).exists()


# --- two windows --------------------------------------------------------------------------------


def opened(client):
    """The form as a window that opens it now would send it."""
    return FORM | {"version": client.get("/account/").context["form"]["version"].value()}


def stored():
    member = User.objects.get(username="ada")
    return written_profile(member, Profile.objects.get(user=member))


def test_profile_that_another_window_saved_is_not_overwritten(signed_in, ada):
    signed_in.post("/account/", FORM)
    one, other = opened(signed_in), opened(signed_in)
    signed_in.post("/account/", one | {"bio": "From one.", "telegram": "ada_one", "twitter": ""})

    refused = signed_in.post("/account/", other | {"bio": "From the other.", "discord": "other"})

    assert refused.status_code == 422
    assert "Your profile was changed in another window" in refused.text
    assert "Saved in the other window: From one." in refused.text
    assert "Saved in the other window: ada_one" in refused.text
    assert "Saved in the other window: ada.okafor" in refused.text
    assert "Empty in the other window." in refused.text
    form = refused.context["form"]
    assert (form["bio"].value(), form["discord"].value()) == ("From the other.", "other")
    assert (stored()["bio"], stored()["telegram"], stored()["twitter"]) == (
        "From one.",
        "ada_one",
        "",
    )

    typed = {name: form[name].value() or "" for name in FORM} | {"version": form["version"].value()}
    assert signed_in.post("/account/", typed).status_code == 303
    assert (stored()["bio"], stored()["discord"]) == ("From the other.", "other")


def test_profile_form_that_says_what_stands_or_has_no_version_is_saved(signed_in, ada):
    signed_in.post("/account/", FORM)
    old = opened(signed_in)
    signed_in.post("/account/", FORM | {"bio": "Newer."})

    assert signed_in.post("/account/", old | {"bio": "Newer."}).status_code == 303
    assert signed_in.post("/account/", FORM | {"bio": "Newest."}).status_code == 303
    assert stored()["bio"] == "Newest."


def test_profile_that_only_a_sign_in_or_a_picture_touched_is_current(signed_in, ada):
    signed_in.post("/account/", FORM)
    old = opened(signed_in)
    signed_in.post("/accounts/login/", {"login": "ada", "password": "wrong"})
    User.objects.get(pk=ada.pk).save()
    Profile.objects.get(user=ada).save()
    remove_picture(actor=ada)

    assert signed_in.post("/account/", old | {"bio": "Mine."}).status_code == 303


def test_second_save_with_one_version_is_refused_by_the_service(signed_in, ada):
    signed_in.post("/account/", FORM)
    version = opened(signed_in)["version"]
    words = {name: value for name, value in FORM.items() if name != "bio"}
    update_profile(actor=ada, **words, bio="First.", version=version)

    with pytest.raises(ProfileChanged) as refusal:
        update_profile(actor=ada, **words, bio="Second.", version=version)
    assert refusal.value.standing == stored()
    assert refusal.value.version == version_of(stored())
