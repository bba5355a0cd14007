"""Who is asking: allauth's sign-in, and the member with their profile in one statement."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from dao_portal.core.base import under

from .models import Profile, User


class MemberBackend(AuthenticationBackend):
    """Signs in by username or e-mail. Every page shows the picture and the time zone of whoever
    is signed in, so the profile comes along.
    """

    def get_user(self, user_id: Any) -> User | None:
        members = User.objects.select_related("profile")
        user = members.defer(*under("profile", Profile.BODIES)).filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
