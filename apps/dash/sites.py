"""The console's site object: who enters, what may run in its pages, what goes on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from csp.decorators import csp_replace
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django_otp.admin import OTPAdminSite
from unfold.sites import UnfoldAdminSite

from apps.audit import services as audit
from apps.core.middleware import client_ip
from apps.core.show import seen_by_caller
from apps.dash import views

#: Alpine, which the console's library is made of, evaluates expressions of its templates and
#: sets styles; nothing else is looser than on the brand pages, and no other host is named.
CONSOLE_POLICY = {
    "default-src": ["'self'"],
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "object-src": ["'none'"],
    "base-uri": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}

#: The sidebar, by work: title, icon, model, filter, and the queue whose length is its badge.
#: "@chart" instead of a filter is the page of that name beside the model's list.
MENU: dict[str, tuple[tuple[str, str, str, str, str], ...]] = {
    "Money": (
        ("Transactions", "credit_card", "payments.transaction", "", "stuck_transactions"),
        ("Merchant accounts", "storefront", "payments.merchantaccount", "", ""),
        ("MIDs and thresholds", "speed", "monitoring.standing", "", ""),
        (
            "Alerts of MIDs",
            "notification_important",
            "monitoring.alert",
            "queue=open",
            "mid_alerts",
        ),
        ("Networks' thresholds", "straighten", "monitoring.threshold", "", ""),
        ("Refunds to approve", "undo", "payments.refund", "queue=approve", "refunds_to_approve"),
        ("Refunds in doubt", "help", "payments.refund", "queue=person", "refunds_for_a_person"),
        ("Disputes to answer", "gavel", "payments.dispute", "queue=due", "disputes_to_answer"),
        ("Refund policies", "policy", "payments.refundpolicy", "", ""),
        ("Fees", "sell", "payments.feeschedule", "", ""),
        ("Webhooks", "webhook", "payments.webhookevent", "", "failed_webhooks"),
    ),
    "Sales": (
        ("Purchases", "shopping_bag", "purchases.purchase", "", ""),
        ("Paid twice", "undo", "purchases.purchase", "queue=twice", ""),
        ("Items", "sell", "purchases.item", "", ""),
        ("Goals", "flag", "purchases.goal", "", ""),
        ("Access", "key", "entitlements.entitlement", "", ""),
    ),
    "Routing": (
        ("Versions", "alt_route", "routing.ruleset", "", ""),
        ("Simulator", "science", "payments.routesimulation", "", ""),
        ("Decisions", "call_split", "routing.decision", "", ""),
        ("Replays", "replay", "routing.replay", "", ""),
    ),
    "Risk": (
        ("To review", "front_hand", "risk.assessment", "queue=review", "payments_to_review"),
        ("Assessments", "policy", "risk.assessment", "", ""),
        ("Rules", "rule_settings", "risk.riskrule", "", ""),
        ("Limits", "speed", "risk.risklimits", "", ""),
        ("Block lists", "block", "risk.blockentry", "", ""),
        ("Tests of rules", "experiment", "risk.backtest", "", ""),
    ),
    "Bank payments": (
        ("Debits", "account_balance", "debits.debit", "", ""),
        ("Mandates", "draw", "debits.mandate", "", ""),
        ("Files for banks", "upload_file", "debits.debitfile", "", "bank_files_to_approve"),
        ("Files in doubt", "report", "debits.debitfile", "queue=doubt", "bank_files_in_doubt"),
        ("Files of banks", "download", "debits.bankfile", "", ""),
        (
            "Files not read",
            "unknown_document",
            "debits.foundfile",
            "queue=unread",
            "unread_bank_files",
        ),
        ("Needs a person", "help", "debits.bankitem", "queue=person", "bank_news"),
        ("Returned debits", "undo", "debits.returnrate", "", "returns_near_a_line"),
        ("Transfers", "move_down", "debits.transfer", "", ""),
    ),
    "Subscriptions": (
        ("All subscriptions", "autorenew", "subscriptions.subscription", "", ""),
        ("Past due", "credit_card_off", "subscriptions.pastdue", "queue=person", "past_due"),
        ("Charges held", "front_hand", "subscriptions.pastdue", "queue=held", "charges_held"),
        ("Schedules of tries", "event_repeat", "subscriptions.dunningpolicy", "", ""),
        ("Billing runs", "play_circle", "subscriptions.billingrun", "", ""),
        (
            "Billing failures",
            "report",
            "subscriptions.billingfailure",
            "queue=open",
            "billing_failures",
        ),
        ("Gifts", "redeem", "subscriptions.gift", "", ""),
        ("Plans", "loyalty", "subscriptions.plan", "", ""),
        ("Changes of prices", "price_change", "subscriptions.pricechange", "", ""),
        ("Promotions", "sell", "subscriptions.promotion", "", ""),
        ("Figures", "trending_up", "subscriptions.dailyfact", "", ""),
        ("Movements of MRR", "swap_vert", "subscriptions.mrrmove", "", ""),
    ),
    "Payouts": (
        ("To approve", "fact_check", "payouts.payout", "queue=approve", "payouts_to_approve"),
        ("Needs a person", "help", "payouts.payout", "queue=person", "payouts_for_a_person"),
        ("All payouts", "payments", "payouts.payout", "", ""),
        ("Payout methods", "account_balance_wallet", "payouts.payoutmethod", "", ""),
    ),
    "Ledger": (
        ("Journal", "menu_book", "ledger.entry", "", ""),
        ("Chart of accounts", "account_tree", "ledger.account", "@chart", ""),
        ("Accounts", "account_balance", "ledger.account", "", ""),
        ("Holds", "front_hand", "ledger.hold", "", ""),
        ("To decide", "rule", "ledger.proposal", "queue=decide", "proposals_to_decide"),
        ("All proposals", "edit_note", "ledger.proposal", "", ""),
        ("Months", "event_available", "ledger.period", "", ""),
        ("Checks of the books", "verified", "ledger.bookscheck", "", ""),
    ),
    "Reconciliation": (
        ("Statements", "receipt_long", "reconciliation.statement", "", ""),
        (
            "Exceptions",
            "difference",
            "reconciliation.reconciliationexception",
            "queue=open",
            "open_exceptions",
        ),
        ("Sources", "hub", "reconciliation.statementsource", "", ""),
    ),
    "Currencies": (
        ("Exchange rates", "currency_exchange", "fx.exchangerate", "", ""),
        ("Exchanges", "swap_horiz", "fx.exchange", "", ""),
        ("Positions", "donut_small", "fx.currencyposition", "", ""),
    ),
    "Tax": (
        ("Tax on sales", "receipt", "tax.taxline", "", ""),
        ("Tax rates", "percent", "tax.taxrate", "", ""),
        ("Brands that collect", "toggle_on", "tax.brandtaxation", "", ""),
        ("Yearly statements", "description", "tax.statementrun", "", ""),
        ("People in them", "badge", "tax.statementline", "", ""),
    ),
    "People": (
        ("Users", "person", "accounts.user", "", ""),
        ("Profiles", "badge", "accounts.profile", "", ""),
        ("Roles", "shield_person", "auth.group", "", ""),
    ),
    "Compliance": (("Audit log", "history", "audit.auditrecord", "", ""),),
    "System": (
        ("Brands", "language", "clusters.cluster", "", ""),
        ("Outbox", "outbox", "core.outboxmessage", "", "stuck_events"),
        ("Webhook endpoints", "share", "webhooks.endpoint", "", "failed_endpoints"),
        ("Messages to front ends", "outgoing_mail", "webhooks.sending", "", ""),
        ("Mail", "mail", "notifications.message", "", ""),
        (
            "Mail that did not arrive",
            "unsubscribe",
            "notifications.message",
            "queue=look",
            "mail_to_look_at",
        ),
    ),
}
#: A menu of so many pages is seen at once; a longer one is folded.
FITS = 14
MORE_REPORTS = (
    ("Analytics", "monitoring", "analytics"),
    ("How paying works", "query_stats", "paying"),
    ("General ledger", "list_alt", "books"),
    ("Creator statement", "receipt_long", "creator"),
)
PAGES = {entry[3] for entries in MENU.values() for entry in entries}


class ConsoleSite(OTPAdminSite, UnfoldAdminSite):
    """Unfold's look, django-otp's gate, allauth's sign-in."""

    login_form = None
    login_template = "admin/login.html"
    index_template = "admin/console/home.html"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the missing step: sign in, enrol a second factor, or pass it again.

        Passwords and codes are asked for on allauth's pages only, where tries are counted.
        Somebody signed in who is not staff is told so, and is not asked for a factor.
        """
        del extra_context
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
            wanted = reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return HttpResponseRedirect(wanted)
        user = request.user
        if not user.is_authenticated:
            step = "account_login"
        elif not (user.is_active and user.is_staff):
            raise PermissionDenied
        elif not is_mfa_enabled(user):
            step = "mfa_activate_totp"
        else:
            step = "mfa_reauthenticate"
        return HttpResponseRedirect(f"{reverse(step)}?{urlencode({'next': wanted})}")

    def admin_view(
        self,
        view: Callable[..., HttpResponse],
        cacheable: bool = False,  # noqa: FBT001, FBT002
    ) -> Callable[..., HttpResponse]:
        guarded: Callable[..., HttpResponse] = super().admin_view(seen_by_caller(view), cacheable)
        return csp_replace(CONSOLE_POLICY)(guarded)  # type: ignore[return-value]

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to allauth's page, which counts the tries and ends the person's other sessions."""
        del request, extra_context
        return HttpResponseRedirect(reverse("account_change_password"))

    password_change_done = password_change

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to allauth's page; 307 keeps the method, so the menu's button signs out at once."""
        del request, extra_context
        return HttpResponseRedirect(reverse("account_logout"), preserve_request=True)

    def extra_urls(self) -> list[Any]:
        return [
            path("books/check/", self.admin_view(views.check_books_now), name="check_books"),
            path("reports/entries/", self.admin_view(views.report_entries), name="report_entries"),
            path("reports/analytics/", self.admin_view(views.analytics_page), name="analytics"),
            path("reports/payments/", self.admin_view(views.paying_page), name="paying"),
            path("reports/general-ledger/", self.admin_view(views.ledger_page), name="books"),
            path("reports/creator/", self.admin_view(views.creator_page), name="creator"),
            path("reports/<slug:name>/", self.admin_view(views.report_page), name="report"),
        ]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        context = views.home_context(request) | (extra_context or {})
        page: TemplateResponse = super().index(request, context)
        return page

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Return the menu this person may use, with how much waits behind each entry."""
        waiting = {queue.key: queue.text for queue in views.queues_of(request)}
        home = {
            "title": "Home",
            "icon": "home",
            "link": reverse("admin:index"),
            "active": request.path == reverse("admin:index"),
            "has_permission": True,
        }
        menu = [{"title": "", "items": [home]}]
        for title, entries in MENU.items():
            items = [self.menu_item(request, entry, waiting) for entry in entries]
            menu.append({"title": title, "items": [item for item in items if item]})
            if title == "Ledger":
                menu.append({"title": "Reports", "items": report_items(request)})
        return folded([group for group in menu if group["items"]])

    def menu_item(
        self,
        request: HttpRequest,
        entry: tuple[str, str, str, str, str],
        waiting: dict[str, str],
    ) -> dict[str, Any]:
        """Return one entry of the sidebar, empty if this person may not open it."""
        title, icon, label, query, queue = entry
        app, model = label.split(".")
        registered = {m._meta.label_lower: a for m, a in self._registry.items()}  # noqa: SLF001
        if label not in registered or not registered[label].has_view_permission(request):
            return {}
        address = reverse(f"admin:{app}_{model}_changelist")
        asked = request.GET.urlencode()
        pages = {f"{address}{page[1:]}/" for page in PAGES if page.startswith("@")}
        if query.startswith("@"):
            address, query = reverse(f"admin:{app}_{model}_{query[1:]}"), ""
            here = request.path == address
        else:
            here = request.path.startswith(address) and request.path not in pages
            here = here and (query in asked if query else "queue=" not in asked)
        text = waiting.get(queue, "0")
        return {
            "title": title,
            "icon": icon,
            "link": f"{address}?{query}" if query else address,
            "active": here,
            "has_permission": True,
            "badge": text if text != "0" else "",
            "badge_variant": "warning",
        }

    def record_export(
        self, request: HttpRequest, model: str, filters: dict[str, str], rows: int
    ) -> None:
        """Put on record who took a list out of the console, and which part of it."""
        with transaction.atomic():
            audit.record(
                by=request.user,
                action="console.exported",
                subject=f"{model}:list",
                facts={"filters": filters, "rows": rows},
                ip=client_ip(request),
            )


def folded(menu: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fold the groups of a long menu, but those where something waits or is being looked at."""
    if sum(len(group["items"]) for group in menu) <= FITS:
        return menu
    for group in menu:
        group["collapsible"] = bool(group["title"])
        group["is_open"] = any(item["active"] or item.get("badge") for item in group["items"])
    return menu


def report_items(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the reports of the sidebar for whoever may read them."""
    if not request.user.has_perm("reports.view_report"):
        return []
    entries = [
        (kind.title, kind.icon, reverse("admin:report", args=[name]))
        for name, kind in views.REPORTS.items()
    ]
    entries += [(title, icon, reverse(f"admin:{name}")) for title, icon, name in MORE_REPORTS]
    return [
        {
            "title": title,
            "icon": icon,
            "link": address,
            "active": request.path == address,
            "has_permission": True,
        }
        for title, icon, address in entries
    ]
