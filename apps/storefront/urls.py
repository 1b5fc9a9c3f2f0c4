"""Addresses of the brand pages."""

from django.urls import path

from apps.storefront.views import (
    bank,
    cards,
    checkout,
    earnings,
    pages,
    payments,
    profile,
    tipping,
    wallet,
)

app_name = "storefront"
urlpatterns = [
    path("", pages.home, name="home"),
    path("theme/<slug:slug>.css", pages.theme, name="theme"),
    path("theme/<slug:slug>.svg", pages.icon, name="icon"),
    path("favicon.ico", pages.own_icon, name="own_icon"),
    path("@<slug:handle>/", tipping.creator, name="creator"),
    path("checkout/ccbill/return/", checkout.ccbill_return, name="ccbill_return"),
    path("checkout/<uuid:public_id>/", checkout.show, name="checkout"),
    path("checkout/<uuid:public_id>/return/", checkout.come_back, name="checkout_return"),
    path("wallet/", wallet.show, name="wallet"),
    path("wallet/cards/", cards.show, name="cards"),
    path("wallet/cards/<uuid:public_id>/prefer/", cards.prefer, name="prefer_card"),
    path("wallet/cards/<uuid:public_id>/remove/", cards.remove, name="remove_card"),
    path("wallet/bank/", bank.show, name="bank"),
    path("wallet/bank/transfer/", bank.transfer, name="bank_transfer"),
    path("wallet/bank/sign/<slug:kind>/", bank.sign, name="sign_mandate"),
    path("wallet/bank/<uuid:public_id>/pay/", bank.pay, name="pay_by_bank"),
    path("wallet/bank/<uuid:public_id>/revoke/", bank.revoke, name="revoke_mandate"),
    path("payments/", payments.show, name="payments"),
    path("earnings/", earnings.show, name="earnings"),
    path("earnings/statement/", earnings.statement, name="statement"),
    path("earnings/methods/", earnings.add_method, name="add_method"),
    path(
        "earnings/methods/<uuid:public_id>/remove/", earnings.remove_method, name="remove_method"
    ),
    path("earnings/payouts/<uuid:public_id>/cancel/", earnings.cancel, name="cancel_payout"),
    path("profile/", profile.edit, name="profile"),
    path("become-creator/", profile.become_creator, name="become_creator"),
]
