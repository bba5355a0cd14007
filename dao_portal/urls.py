"""The addresses of the portal. Each app brings its own; the floor has the pages of no app."""

from django.contrib import admin
from django.urls import include, path

from accounts.urls import door_patterns
from governance.urls import home_patterns

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include(door_patterns)),  # before allauth's own of the same names
    path("accounts/", include("allauth.urls")),
    path("", include("dao_portal.core.urls")),
    path("", include(home_patterns)),
    path("", include("governance.urls")),
    path("", include("treasury.urls")),
    path("", include("accounts.urls")),
    path("", include("social.urls")),
]

handler500 = "dao_portal.core.views.server_error"
