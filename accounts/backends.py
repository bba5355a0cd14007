"""Who is asking: a sign-in that takes as long for everybody, and the member with their profile."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from dao_portal.core.db.base import under

from .guesses import members_called
from .models import Profile, User


class MemberBackend(AuthenticationBackend):
    """Signs in by username or e-mail. Every page shows the picture and the time zone of whoever
    is signed in, so the profile comes along.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """The member with that name and password.

        One hash for each member who may be meant, and one where nobody is. allauth's own looks
        twice at an address that is known, once at another: the clock told them apart.
        """
        password = credentials.get("password")
        if not password:
            return None
        names = {credentials[key] for key in ("username", "email") if credentials.get(key)}
        members = members_called(names)
        if not members:
            make_password(password)
        return next((each for each in members if self._check_password(each, password)), None)

    def get_user(self, user_id: Any) -> User | None:
        members = User.objects.select_related("profile")
        user = members.defer(*under("profile", Profile.BODIES)).filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
