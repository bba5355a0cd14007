"""The addresses of social."""

from django.urls import path

from .views import notifications

app_name = "social"

urlpatterns = [
    path("notifications/", notifications.notification_list, name="notification_list"),
    path("notifications/read/", notifications.notification_read, name="notification_read"),
    path("notifications/bell/", notifications.notification_bell, name="notification_bell"),
    path(
        "notifications/<uuid:notification_id>/open/",
        notifications.notification_open,
        name="notification_open",
    ),
]
