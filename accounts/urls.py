"""The addresses of members. Sign-in and passwords are allauth's, under /accounts/."""

from allauth.account import views as allauth
from allauth.usersessions import views as sessions
from django.db.transaction import atomic
from django.urls import path, re_path

from . import views
from .reauthentication import asks_again

# Pages of allauth that write. What they write is one transaction, with its audit entry and its
# mails; what changes how an account is protected asks for the password again, unless its own form
# does (password/change/) or a mailed link has led there.
door_patterns = [
    path("signup/", atomic(allauth.signup)),
    path("email/", asks_again(atomic(views.addresses))),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", atomic(views.confirm_email)),
    path("password/change/", atomic(allauth.password_change)),
    path("password/set/", atomic(views.password_by_mail)),
    path("password/reset/", atomic(allauth.password_reset)),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        atomic(allauth.password_reset_from_key),
    ),
    path("sessions/", asks_again(atomic(sessions.list_usersessions))),
]

app_name = "accounts"

urlpatterns = [
    path("members/<str:username>/", views.show_member_detail, name="member_detail"),
    path("account/", views.profile_edit, name="profile_edit"),
    path("account/picture/remove/", views.picture_remove, name="picture_remove"),
    path("media/pictures/<slug:name>.webp", views.picture, name="picture"),
]
