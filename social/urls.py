"""The addresses of social."""

from django.urls import path

from . import views

app_name = "social"

urlpatterns = [
    path("notifications/", views.notification_list, name="notification_list"),
    path("notifications/read/", views.notification_read, name="notification_read"),
    path("notifications/bell/", views.notification_bell, name="notification_bell"),
    path(
        "notifications/<uuid:notification_id>/open/",
        views.notification_open,
        name="notification_open",
    ),
]
