"""The addresses of members. Sign-in and passwords are allauth's, under /accounts/."""

from django.urls import path

from . import views

app_name = "accounts"

urlpatterns = [
    path("members/<str:username>/", views.member_detail, name="member_detail"),
    path("account/", views.profile_edit, name="profile_edit"),
    path("account/picture/remove/", views.picture_remove, name="picture_remove"),
    path("media/pictures/<slug:name>.webp", views.picture, name="picture"),
]
