"""The admin as a whole: one door for everybody, and no page that leads around it."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _


class PortalAdminSite(AdminSite):
    """Django's admin, where the portal's own pages look at passwords, with their brakes.

    Django's would let whoever has a moderator's open session guess without end.
    """

    index_title = _("Administration")
    enable_nav_sidebar = False  # the index is the list, and a phone has no room for both

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """All but the shortcut to "any row of any kind": it fails at kinds and keys that are none,
        and nothing leads to it, because each page names its own address on the portal.
        """
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    @method_decorator(secure_admin_login)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The portal's sign-in; a moderator who is signed in already goes on to the index."""
        return redirect("admin:index")

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The portal's page for it: a redirect, where Django's answers with a page."""
        return redirect("account_change_password")

    password_change_done = password_change
