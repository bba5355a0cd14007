"""The addresses of the portal. Each app brings its own; the floor has the pages of no app."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls)] + [
    path(prefix, include(module))
    for prefix, module in {
        "accounts/": "allauth.urls",
        "": "dao_portal.core.urls",
    }.items()
    if find_spec(module)
] + [path("", include(f"{app}.urls")) for app in ("governance", "social") if find_spec(f"{app}.urls")]
