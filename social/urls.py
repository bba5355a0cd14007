"""The addresses of social."""

from django.urls import path

from .views import comments, notifications

app_name = "social"

urlpatterns = [
    path("proposals/<int:number>/comments/", comments.show_comment_list, name="comment_list"),
    path("comments/<uuid:comment_id>/", comments.show_comment_detail, name="comment_detail"),
    path("comments/<uuid:comment_id>/reply/", comments.comment_reply, name="comment_reply"),
    path("comments/<uuid:comment_id>/like/", comments.comment_like, name="comment_like"),
    path("comments/<uuid:comment_id>/dislike/", comments.comment_dislike, name="comment_dislike"),
    path("notifications/", notifications.show_notification_list, name="notification_list"),
    path("notifications/read/", notifications.notification_read, name="notification_read"),
    path("notifications/bell/", notifications.show_notification_bell, name="notification_bell"),
    path(
        "notifications/<uuid:notification_id>/open/",
        notifications.notification_open,
        name="notification_open",
    ),
]
