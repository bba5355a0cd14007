"""The addresses of the treasury."""

from django.urls import path

from . import views

app_name = "treasury"

urlpatterns = [
    path("treasury/", views.treasury_overview, name="treasury_overview"),
    path("treasury/transactions/", views.transaction_list, name="transaction_list"),
    path("tokens/", views.token_list, name="token_list"),
    path("tokens/<str:symbol>/", views.token_detail, name="token_detail"),
]
