"""The addresses of no app."""

from django.urls import path

from . import views

urlpatterns = [
    path("theme/", views.theme_set, name="theme_set"),
    path("healthz", views.health, name="health"),
    path("dev/mail/", views.dev_mail_list, name="dev_mail_list"),
    path("dev/mail/<uuid:mail_id>/", views.dev_mail, name="dev_mail"),
]
