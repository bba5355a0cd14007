"""The addresses of the treasury."""

from django.urls import path

from . import views

app_name = "treasury"

urlpatterns = [
    path("treasury/", views.show_treasury_overview, name="treasury_overview"),
    path("treasury/transactions/", views.show_transaction_list, name="transaction_list"),
    path("tokens/", views.show_token_list, name="token_list"),
    path("tokens/<str:symbol>/", views.show_token_detail, name="token_detail"),
]
