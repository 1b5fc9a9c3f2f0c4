"""Our accounts at gateways in the console: open, test, change, switch on by two people."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin import (
    Asked,
    Cell,
    ConsoleAdmin,
    Fact,
    Facts,
    Page,
    Table,
    Way,
    amount,
    ask_with,
    state,
    when,
)
from apps.finance.payments import services as payments
from apps.finance.payments.adapters import GATEWAYS, gateway_for
from apps.finance.payments.admin.cockpit import (
    cap_facts,
    gateway_page,
    gateways_page,
    reasons_table,
    tries_drawn,
)
from apps.finance.payments.admin.fees import percent
from apps.finance.payments.admin.merchant_forms import (
    OpeningForm,
    TermsForm,
    as_initial,
    said_of,
    terms_of,
)
from apps.finance.payments.admin.merchant_verbs import VERBS, said_wish
from apps.finance.payments.choices import Gateway
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.rules.merchants import PARTS
from apps.finance.payments.selectors.merchants import credential_sets

#: As many of a gateway's currencies are named in a table; more are hinted at.
SHOWN_CURRENCIES = 6
MANAGE = "payments.manage_merchantaccount"


@admin.register(MerchantAccount)
class MerchantAccountAdmin(ConsoleAdmin):
    list_display = ("__str__", "brand", "gateway", "descriptor", "currency", "word")
    list_select_related = ("cluster",)
    list_filter = ("gateway", "is_active")
    ordering = ("cluster__position", "id")
    intro = "Our accounts at gateways, by brand. No brand charges by another's."
    empty_text = "Without an account here a brand cannot take cards."
    verbs = VERBS

    @admin.display(description="Brand")
    def brand(self, row: MerchantAccount) -> str:
        return row.cluster.name

    @admin.display(description="State")
    def word(self, row: MerchantAccount) -> SafeString:
        if row.proposed_at:
            return state("IN_REVIEW", "Waits for a second person")
        return state("ACTIVE") if row.is_active else state("OFF", "Switched off")

    # --- Opening and changing ----------------------------------------------------------------

    def ways_on(self, request: HttpRequest) -> list[Way]:
        ways = [Way("Gateways", self.address("gateways"))]
        if request.user.has_perm(MANAGE):
            ways.append(Way("Open an account", self.address("new"), is_main=True))
        return ways

    def get_urls(self) -> list[Any]:
        gate, label = self.admin_site.admin_view, "payments_merchantaccount"
        return [
            path("new/", gate(self.choose_view), name=f"{label}_new"),
            path("new/<slug:gateway>/", gate(self.open_view), name=f"{label}_open"),
            path("gateways/", gate(self.gateways_view), name=f"{label}_gateways"),
            path("gateways/<slug:gateway>/", gate(self.gateway_view), name=f"{label}_gateway"),
            path("<int:pk>/terms/", gate(self.terms_view), name=f"{label}_terms"),
            *super().get_urls(),
        ]

    def gateways_view(self, request: HttpRequest) -> HttpResponse:
        """Show how every gateway does."""
        return self._shown(
            request,
            gateways_page(lambda name: self.address("gateway", name.value), now=timezone.now()),
        )

    def gateway_view(self, request: HttpRequest, gateway: str) -> HttpResponse:
        """Show how one gateway does."""
        if gateway not in Gateway.values:
            raise Http404
        return self._shown(request, gateway_page(Gateway(gateway), now=timezone.now()))

    def _shown(self, request: HttpRequest, page: Page) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {"title": page.title, "original": page.title, "page": page, "verbs": []}
        return self.drawn(request, "admin/console/detail.html", context)

    def choose_view(self, request: HttpRequest) -> HttpResponse:
        """Choose the gateway: each asks for other parts of an account."""
        _check_may(request)
        page = Page(
            title="Open an account",
            subtitle="At which gateway? Accounts are opened switched off.",
            main=[
                Table(
                    "Gateways",
                    [Cell("Gateway"), Cell("Takes"), Cell("Currencies"), Cell("Secrets")],
                    [self._gateway(gateway) for gateway in Gateway],
                    empty="",
                )
            ],
        )
        return self._shown(request, page)

    def _gateway(self, gateway: Gateway) -> list[Any]:
        sets = credential_sets(gateway) or [gateway.value]
        whole = [name for name in sets if said_of(gateway, name) == "complete"]
        currencies = sorted(gateway_for(gateway).capabilities.currencies)
        secrets = "of our own bank" if gateway not in GATEWAYS else said_of(gateway, sets[0])
        return [
            format_html(
                '<a class="c-link" href="{}">{}</a>',
                self.address("open", gateway.value),
                gateway.label,
            ),
            MerchantAccount(gateway=gateway).method.label,
            ", ".join(currencies[:SHOWN_CURRENCIES])
            + (" …" if len(currencies) > SHOWN_CURRENCIES else ""),
            ", ".join(whole) if whole and gateway in GATEWAYS else secrets,
        ]

    def open_view(self, request: HttpRequest, gateway: str) -> HttpResponse:
        """Open an account at one gateway, switched off."""
        if gateway not in Gateway.values:
            raise Http404
        form = OpeningForm(request.POST or None, gateway)

        def do(by: Any) -> HttpResponse:
            given = form.cleaned_data
            row = payments.open_merchant_account(
                cluster=given["cluster"],
                place=form.place(),
                terms=terms_of(given, given["currency"]),
                by=by,
                reason=given["reason"],
                now=timezone.now(),
            )
            return self._done(request, row, "It is opened, switched off.")

        words = Asked(
            title=f"Open an account at {Gateway(gateway).label}",
            lead="It is opened switched off: test it, then let a second person switch it on.",
            button="Open it, switched off",
            permission=MANAGE,
        )
        return ask_with(self, request, words, form=form, do=do)

    def terms_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change how an account may be used; where its money goes is not asked here."""
        row = get_object_or_404(MerchantAccount, pk=pk)
        form = TermsForm(request.POST or None, initial=as_initial(row))

        def do(by: Any) -> HttpResponse:
            done = payments.set_merchant_terms(
                account_id=pk,
                terms=terms_of(form.cleaned_data, row.currency),
                by=by,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
            return self._done(request, done, "The terms are changed.")

        words = Asked(
            title=f"Change the terms of {row}",
            lead=f"From the next payment on. Amounts in {row.currency}.",
            button="Change the terms",
            permission=MANAGE,
        )
        return ask_with(self, request, words, form=form, do=do)

    def _done(self, request: HttpRequest, row: MerchantAccount, text: str) -> HttpResponse:
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(self.address("change", row.pk))

    # --- Page --------------------------------------------------------------------------------

    def page(self, request: HttpRequest, row: MerchantAccount) -> Page:
        now, ways = timezone.now(), []
        if request.user.has_perm(MANAGE):
            ways.append(Way("Change the terms", self.address("terms", row.pk)))
        return Page(
            title=str(row),
            subtitle=f"Merchant account of {row.cluster.name}",
            state=self.word(row),
            notice=_notice(row),
            ways=ways,
            main=[
                _place(row),
                tries_drawn([row.pk], now=now),
                reasons_table([row.pk], now=now),
                _terms(row),
            ],
            side=[cap_facts(row, now=now), _costs(row), _connection(row)],
        )


def _check_may(request: HttpRequest) -> None:
    """
    :raises PermissionDenied: the person's roles do not include merchant accounts
    """
    if not request.user.has_perm(MANAGE):
        raise PermissionDenied


def _notice(row: MerchantAccount) -> str:
    if not row.proposed_at:
        return ""
    return f"{row.proposed_by} asks for this: {said_wish(row)}. A second person must agree."


def _place(row: MerchantAccount) -> Facts:
    parts = PARTS[row.gateway]
    return Facts(
        "Account",
        [
            Fact("Gateway", row.get_gateway_display()),
            Fact("Number", row.account_number, hint=parts.number),
            Fact("Subaccount", row.subaccount or "none", hint=parts.subaccount),
            Fact("Form", row.flex_id or "none", hint=parts.form),
            Fact("On the statement", row.descriptor),
            Fact("Category code", row.mcc or "not set"),
        ],
    )


def _terms(row: MerchantAccount) -> Facts:
    cap = row.monthly_cap_minor
    return Facts(
        "What it takes",
        [
            Fact("Currency", row.currency),
            Fact("Smallest charge", amount(row.least_minor, row.currency)),
            Fact("Largest charge", amount(row.most_minor, row.currency)),
            Fact("Most in a month", amount(cap, row.currency) if cap else "no cap"),
            Fact("Countries", ", ".join(row.countries) or "all"),
            Fact("Card brands", ", ".join(row.card_brands) or "all"),
            Fact("Open from", row.processes_from or "always"),
            Fact("Open until", row.processes_until or "further notice"),
        ],
    )


def _costs(row: MerchantAccount) -> Facts:
    return Facts(
        "Costs us",
        [
            Fact("Of a charge", percent(row.cost_bps)),
            Fact("Each charge", amount(row.cost_fixed_minor, row.currency)),
            Fact("Rank", row.rank),
        ],
    )


def _connection(row: MerchantAccount) -> Facts:
    tested = {
        None: state("NONE", "Not tested"),
        True: state("ACTIVE", "Passed"),
        False: state("FAILED", "Failed"),
    }[row.test_passed]
    name = row.credentials or row.gateway
    return Facts(
        "Connection",
        [
            Fact("Set of secrets", name, hint=said_of(row.gateway, row.credentials)),
            Fact("Test", tested, hint=row.test_text),
            Fact("Tested", when(row.tested_at, "never")),
            Fact("Webhooks", f"/webhooks/{row.gateway}/<webhook_token>/"),
        ],
    )
