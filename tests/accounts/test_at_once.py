"""Two changes of one account at the same moment: the second sees what the first left."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from accounts.models import Profile
from accounts.services.addresses import release_address
from accounts.services.names import rename_member
from accounts.services.profiles import remove_picture, update_profile
from dao_portal.core.actions import Action
from dao_portal.core.models import AuditLog
from tests.accounts.profile_form import FORM
from tests.factories import UserFactory
from tests.pictures import saved
from tests.threads import PATIENCE, second_session, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)


def test_second_rename_begins_with_the_name_that_the_first_gave():
    member = UserFactory(username="eve")

    with second_session() as start:
        with transaction.atomic():
            rename_member(actor=None, member=member, username="eva")
            second = start(rename_member, actor=None, member=member, username="evita")
            wait_until_blocked()
        assert second.result(PATIENCE).username == "evita"

    renames = AuditLog.objects.filter(action=Action.MEMBER_RENAMED).order_by("created_at")
    assert [(each.old_values["username"], each.new_values["username"]) for each in renames] == [
        ("eve", "eva"),
        ("eva", "evita"),
    ]


def test_address_is_not_taken_from_a_member_who_just_gave_it_up():
    """What they changed it to must not be lost with it."""
    owner = UserFactory()
    other = UserFactory(email="grace@example.org", email_verified=False)

    with second_session() as start:
        with transaction.atomic():
            other.email = "other@example.org"
            other.save()
            release = start(release_address, owner=owner, address="grace@example.org")
            wait_until_blocked()
        release.result(PATIENCE)

    other.refresh_from_db()
    assert other.email == "other@example.org"
    assert not AuditLog.objects.filter(action=Action.EMAIL_REMOVED).exists()


def files_of_pictures() -> list[str]:
    return [f"pictures/{name}" for name in default_storage.listdir("pictures")[1]]


@pytest.fixture(autouse=True)
def no_pictures():
    """Their storage is the whole run's."""
    default_storage.save("pictures/one", ContentFile(b""))
    for name in files_of_pictures():
        default_storage.delete(name)


def test_picture_that_is_removed_while_a_new_one_comes_leaves_no_file():
    member = UserFactory()
    update_profile(actor=member, **FORM, picture=saved("PNG"))

    with second_session() as start:
        with transaction.atomic():
            update_profile(actor=member, **FORM, picture=saved("PNG", color=(0, 0, 9)))
            removal = start(remove_picture, actor=member)
            wait_until_blocked()
        removal.result(PATIENCE)

    assert not Profile.objects.get(user=member).picture
    assert files_of_pictures() == []


def test_profile_saved_while_its_picture_is_removed_does_not_bring_it_back():
    member = UserFactory()
    update_profile(actor=member, **FORM, picture=saved("PNG"))
    assert files_of_pictures() == [Profile.objects.get(user=member).picture.name]

    with second_session() as start:
        with transaction.atomic():
            remove_picture(actor=member)
            save = start(update_profile, actor=member, **FORM | {"bio": "Newer."})
            wait_until_blocked()
        save.result(PATIENCE)

    profile = Profile.objects.get(user=member)
    assert (profile.bio, profile.picture.name) == ("Newer.", "")
    assert files_of_pictures() == []
