"""Every form that makes something is sent twice: at once, again later, by others, and anew."""

import re
from collections import Counter
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import Profile, User
from accounts.services.profiles import update_profile
from dao_portal.core.models import AuditLog, FormKey
from dao_portal.core.web.middleware import is_collision
from governance.models import Proposal
from social.models import Comment
from tests.factories import PASSWORD, ProposalFactory, UserFactory, comment_on
from tests.threads import all_at_once, second_session, wait_until_blocked

SIGN_UP = "/accounts/signup/"
NEWCOMER = {
    "email": "nora@example.org",
    "username": "nora",
    "password1": "four random words do",
}
DRAFT = {"title": "A bench", "description": "Of oak.", "lasts": "7", "unit": "days"}
HTMX = {"HX-Request": "true"}
KEY = re.compile(r'name="key" value="([0-9a-f-]{36})"')


def client_of(member: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if member:
        client.force_login(member)
    return client


def key_on(client: Client, path: str) -> str:
    keys = KEY.findall(client.get(path).text)
    assert len(keys) == 1
    return keys[0]


@pytest.fixture
def proposal(db) -> Proposal:
    return ProposalFactory(upcoming=True)


# --- again later --------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_comment_that_is_sent_again_shows_the_first(ada, proposal, headers):
    client, path = client_of(ada), f"{proposal.get_absolute_url()}comments/"
    form = {"content": "Well said.", "key": key_on(client, proposal.get_absolute_url())}

    first = client.post(path, form, headers=headers)
    second = client.post(path, form, headers=headers)
    client.logout()
    again = client_of(ada)
    third = again.post(path, form, headers=headers)

    (comment,) = Comment.objects.all()
    assert first.status_code == second.status_code == third.status_code == (200 if headers else 303)
    assert AuditLog.objects.filter(action="comment.posted").count() == 1
    if headers:
        for answer in (first, second, third):
            assert f'id="c-{comment.pk}"' in answer.text
            assert KEY.findall(answer.text) != [form["key"]]  # the next comment is another one
    else:
        assert first["Location"] == second["Location"] == third["Location"]


def test_draft_that_is_sent_again_shows_the_first(ada):
    client = client_of(ada)
    form = DRAFT | {"key": key_on(client, "/proposals/new/")}

    answers = [client.post("/proposals/new/", form) for _time in range(2)]

    (draft,) = Proposal.objects.all()
    assert [answer["Location"] for answer in answers] == [draft.get_absolute_url()] * 2
    assert AuditLog.objects.filter(action="proposal.created").count() == 1


def test_draft_that_was_deleted_since_is_not_made_again(ada):
    client = client_of(ada)
    form = DRAFT | {"key": key_on(client, "/proposals/new/")}
    draft = client.post("/proposals/new/", form)["Location"]
    deletion = {"key": key_on(client, f"{draft}delete/")}

    for _time in range(2):
        assert client.post(f"{draft}delete/", deletion)["Location"] == "/proposals/"
    again = client.post("/proposals/new/", form)

    assert again.status_code == 422
    assert "deleted in the meantime" in again.text
    assert not Proposal.objects.exists()


def test_form_filled_in_anew_under_its_old_key_keeps_the_words_and_gets_a_new_key(ada, proposal):
    client, path = client_of(ada), f"{proposal.get_absolute_url()}comments/"
    key = str(uuid4())
    client.post(path, {"content": "First.", "key": key})

    refused = client.post(path, {"content": "Second.", "key": key})

    assert refused.status_code == 422
    assert "This form was sent before" in refused.text
    assert "Second." in refused.text
    (fresh,) = KEY.findall(refused.text)
    assert client.post(path, {"content": "Second.", "key": fresh}).status_code == 303
    assert [comment.content for comment in Comment.objects.order_by("id")] == ["First.", "Second."]


def test_key_serves_again_after_a_refusal(ada, proposal):
    client, path, key = client_of(ada), f"{proposal.get_absolute_url()}comments/", str(uuid4())

    assert client.post(path, {"content": " ", "key": key}).status_code == 422
    assert client.post(path, {"content": "Well.", "key": key}).status_code == 303
    assert Comment.objects.count() == 1


def test_nobody_sees_what_somebody_elses_key_made(ada, proposal):
    path, form = f"{proposal.get_absolute_url()}comments/", {"content": "Yes.", "key": uuid4()}
    client_of(ada).post(path, form)

    client_of(UserFactory(username="mira")).post(path, form)

    assert [comment.user.username for comment in Comment.objects.order_by("id")] == ["ada", "mira"]


def test_post_without_a_key_is_new(ada, proposal):
    for _time in range(2):
        comment_on(proposal, "Yes.", author=ada)
        client_of(ada).post(f"{proposal.get_absolute_url()}comments/", {"content": "Yes."})
        client_of(ada).post("/proposals/new/", DRAFT)

    assert Comment.objects.count() == 4
    assert Proposal.objects.filter(proposer=ada).count() == 2


def test_sign_up_that_is_sent_again_shows_the_first(db):
    client = client_of(None)
    form = NEWCOMER | {"key": key_on(client, SIGN_UP)}

    answers = [client.post(SIGN_UP, form), client_of(None).post(SIGN_UP, form)]

    assert [answer["Location"] for answer in answers] == ["/accounts/confirm-email/"] * 2
    assert User.objects.get().username == "nora"
    assert len(mail.outbox) == 1


def test_sign_up_with_a_known_address_looks_the_same_also_the_second_time(ada):
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True, primary=True)
    form = NEWCOMER | {"email": ada.email, "key": str(uuid4())}

    answers = [client_of(None).post(SIGN_UP, form) for _time in range(2)]

    assert [answer["Location"] for answer in answers] == ["/accounts/confirm-email/"] * 2
    assert set(User.objects.values_list("username", "email")) == {
        (ada.username, ada.email),
        ("nora", None),
    }
    assert [message.to for message in mail.outbox] == [[ada.email]]


def test_sign_up_with_the_address_mended_is_another_one(db):
    key = str(uuid4())
    client_of(None).post(SIGN_UP, NEWCOMER | {"key": key})

    mended = NEWCOMER | {"email": "nora@example.com", "username": "nora2", "key": key}
    refused = client_of(None).post(SIGN_UP, mended)

    assert "This form was sent before" in refused.text
    fresh = KEY.findall(refused.text)[0]
    assert client_of(None).post(SIGN_UP, mended | {"key": fresh}).status_code == 302
    assert User.objects.count() == 2


# --- at once ------------------------------------------------------------------------------------


@pytest.mark.stress
@pytest.mark.django_db(transaction=True)
def test_fifty_times_the_same_comment_is_one():
    ada, proposal = UserFactory(), ProposalFactory(upcoming=True)
    form = {"content": "Well said.", "key": str(uuid4())}
    client = client_of(ada)
    path = f"{proposal.get_absolute_url()}comments/"

    answers = all_at_once([lambda: client.post(path, form)] * 50)

    (comment,) = Comment.objects.all()
    assert Counter(answer.status_code for answer in answers) == {303: 50}
    assert {answer["Location"] for answer in answers} == {
        f"{proposal.get_absolute_url()}#c-{comment.pk}"
    }


@pytest.mark.stress
@pytest.mark.django_db(transaction=True)
def test_the_same_draft_at_once_is_one():
    client, form = client_of(UserFactory()), DRAFT | {"key": str(uuid4())}

    answers = all_at_once([lambda: client.post("/proposals/new/", form)] * 10)

    (draft,) = Proposal.objects.all()
    assert {answer["Location"] for answer in answers} == {draft.get_absolute_url()}


@pytest.mark.stress
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", [{}, {"key": "7b1c9c1e-98d1-4b16-9a3f-0a4d5c9d2f11"}], ids=str)
def test_the_same_sign_up_at_once_is_one_account(key):
    answers = all_at_once([lambda: client_of(None).post(SIGN_UP, NEWCOMER | key)] * 6)

    assert User.objects.get().username == "nora"
    assert EmailAddress.objects.get().email == "nora@example.org"
    statuses = Counter(answer.status_code for answer in answers)
    if key:
        assert statuses == {302: 6}
    else:  # whoever lost is told that the name is taken, as a moment later
        assert statuses[302] >= 1
        assert set(statuses) <= {200, 302, 422}
    assert AuditLog.objects.filter(action="member.joined").count() == 1


@pytest.mark.stress
@pytest.mark.django_db(transaction=True)
def test_the_first_profile_at_once_is_one():
    ada = UserFactory()
    words = dict.fromkeys(
        ("first_name", "last_name", "bio", "website", "twitter", "discord", "telegram"), ""
    )

    results = all_at_once(
        [lambda: update_profile(actor=ada, **words, theme="auto", time_zone="UTC")] * 10
    )

    assert [result for result in results if isinstance(result, Exception)] == []
    assert Profile.objects.count() == 1


# --- what collides without a key ----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("taken", ["username", "email"])
def test_sign_up_that_loses_a_race_is_told_so(taken):
    """The form has looked and found the name free; then somebody else's is saved first."""
    winner = {"username": "somebody", "email": "else@example.org"} | {taken: NEWCOMER[taken]}
    with second_session() as start:
        with transaction.atomic():
            member = UserFactory(**winner)
            EmailAddress.objects.create(user=member, email=member.email, primary=True)
            answer = start(client_of(None).post, SIGN_UP, NEWCOMER)
            wait_until_blocked()
        answer = answer.result(timeout=60)

    if taken == "username":
        assert answer.status_code == 422
        assert "This name looks like that of another member." in answer.text
    else:  # as for any address that is known: nobody learns that it is
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/confirm-email/")
    assert User.objects.get(email=winner["email"]) == member
    assert User.objects.count() == (1 if taken == "username" else 2)


@pytest.mark.django_db(transaction=True)
def test_new_address_that_loses_a_race_is_told_so():
    ada = UserFactory()
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True, primary=True)
    client, form = client_of(None), {"email": "new@example.org", "action_add": ""}
    client.post("/accounts/login/", {"login": ada.username, "password": PASSWORD})
    with second_session() as start:
        with transaction.atomic():
            EmailAddress.objects.create(user=ada, email="new@example.org")
            answer = start(client.post, "/accounts/email/", form)
            wait_until_blocked()
        answer = answer.result(timeout=60)

    assert answer.status_code == 302  # it is there: the link is sent once more
    assert EmailAddress.objects.filter(email="new@example.org").count() == 1


def test_address_that_a_stranger_once_typed_goes_to_who_proves_it(ada):
    stranger = UserFactory(email="ada.new@example.org", email_verified=False)
    EmailAddress.objects.create(user=stranger, email=stranger.email, primary=True)
    EmailAddress.objects.create(user=ada, email=ada.email, verified=True, primary=True)
    proved = EmailAddress.objects.create(user=ada, email="Ada.New@example.org")
    client = client_of(ada)

    confirmed = client.post(f"/accounts/confirm-email/{EmailConfirmationHMAC(proved).key}/")
    with transaction.atomic():
        proved.refresh_from_db()
        proved.set_as_primary()

    assert confirmed.status_code == 302
    ada.refresh_from_db()
    stranger.refresh_from_db()
    assert (ada.email.lower(), stranger.email) == ("ada.new@example.org", None)
    assert not EmailAddress.objects.filter(user=stranger).exists()


def test_who_collides_again_is_told_to_look(ada, monkeypatch):
    """A view that cannot but collide: what no form of ours sees coming."""

    def collide(**values):
        with transaction.atomic():
            Profile.objects.bulk_create([Profile(user=ada), Profile(user=ada)])

    monkeypatch.setattr("governance.views.drafts.proposals.create_draft", collide)
    answer = client_of(ada).post("/proposals/new/", DRAFT)

    assert answer.status_code == 409
    assert "Nothing of it was saved." in answer.text


def test_only_unique_constraints_are_collisions(ada):
    with pytest.raises(IntegrityError) as broken, transaction.atomic():
        User.objects.filter(pk=ada.pk).update(role="king")
    assert not is_collision(broken.value)
    assert not is_collision(ValueError())


def test_forms_that_make_nothing_carry_no_key(ada, proposal):
    client = client_of(ada)
    draft = ProposalFactory(proposer=ada)

    for path in (f"{draft.get_absolute_url()}edit/", "/account/", "/notifications/"):
        assert KEY.findall(client.get(path).text) == []
    assert not FormKey.objects.exists()
