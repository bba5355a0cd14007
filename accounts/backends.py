"""Who is asking: allauth's sign-in, and the member with their profile in one statement."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from .models import User


class MemberBackend(AuthenticationBackend):
    """Signs in by username or e-mail. Every page shows the picture and the time zone of whoever
    is signed in, so the profile comes along.
    """

    def get_user(self, user_id: Any) -> User | None:
        user = User.objects.select_related("profile").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
