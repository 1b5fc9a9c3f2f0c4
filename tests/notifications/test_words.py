"""What every kind of mail says, on every brand, in both forms: what law and networks ask for."""

from __future__ import annotations

import html
import re

import pytest

from apps.clusters.models import Cluster
from apps.notifications.exports import day_text, subject_of, write
from apps.notifications.rules.kinds import KINDS, SUBSCRIPTION, kind_of
from tests.notifications.given import TERMS, WORDS, context_of

pytestmark = pytest.mark.django_db
_TAGS = re.compile(r"<(style|title)>.*?</\1>|<[^>]*>", re.DOTALL)
SUBSCRIPTIONS = [name for name in KINDS if name.startswith("subscription.")]
#: What else must be readable in each, by R-SUB-01 to R-SUB-08.
DUTIES: dict[str, tuple[str, ...]] = {
    "payment.receipt": ("$12.34", "your wallet", "a-reference", TERMS["descriptor"],
                        "15 January 2026"),
    "subscription.confirmed": ("$12.34", "$12.00 every month", "$11.11", "22 January 2026",
                               "until you cancel"),
    "subscription.receipt": ("$12.34", "$12.56", "15 February 2026", "15 January 2026", "$2.05"),
    "subscription.trial_ending": ("$11.11", "22 January 2026", "15 February 2026", "every month",
                                  "nothing is charged"),
    "subscription.renewal_ahead": ("$12.56", "15 February 2026", "nothing is charged"),
    "subscription.price_change": ("$10.00", "$15.00", "1 March 2026", "We need you to agree"),
    "subscription.declined": ("$12.34", WORDS["reason"], "18 January 2026", "20 February 2026",
                              "You were not charged"),
    "subscription.payer_needed": ("$12.34", "You were not charged"),
    "subscription.cancelled": ("nothing more will be charged", "20 February 2026"),
    "subscription.stopping": (WORDS["reason"], "20 February 2026", "Nothing more will be charged",
                              "choose another way to pay"),
    "subscription.ended": ("Nothing more will be charged", WORDS["reason"]),
    "subscription.paused": ("Nothing is charged while it is paused", "15 February 2026"),
    "subscription.resumed": ("$12.56", "15 February 2026", "until you cancel"),
    "subscription.changed": ("$10.00", "$12.00 every month", "$12.56", "15 February 2026"),
    "subscription.annual_reminder": ("$12.00 every month", "$12.56", "15 February 2026"),
    "subscription.win_back": ("20 % off for 3 months", "$11.11", "Nothing is charged unless"),
    "gift.received": ("Ada", "Enjoy <b>it</b>", "20 February 2026", "never be charged"),
    "gift.given": ("Bob", "$12.34", TERMS["descriptor"], "does not renew"),
    "gift.returned": ("Bob", "$12.34", "goes back to you"),
    "purchase.receipt": ("A video", "$12.34", TERMS["descriptor"], "nothing renews"),
    "goal.reached": ("New lights",),
    "creator.new_subscriber": ("A Fan", "Gold & more"),
    "creator.subscriber_ended": ("A Fan", "20 February 2026"),
    "debit.notice": ("$12.34", "3 February 2026", "FANZ-M-7", "DE98ZZZ09999999999", "8 weeks"),
    "staff.endpoint_disabled": ("https://front.example/hook", "10 January 2026", "#4"),
    "card.expiring": ("Visa ending in 4242", "28 February 2026", TERMS["cancel_how"]),
}  # fmt: skip


def written(kind, brand, context=None):
    return write(kind=kind, context=context or context_of(kind), brand=brand, user_id=3)


def read(page: str) -> str:
    """What a person reads of a page."""
    return " ".join(html.unescape(_TAGS.sub(" ", page)).split())


def test_every_kind_has_its_duties_written_down():
    assert DUTIES.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_both_forms_say_what_they_must_on_every_brand(kind):
    for brand in Cluster.objects.all():
        mail = written(kind, brand)
        text, page = " ".join(mail.text.split()), read(mail.html)
        for duty in (*DUTIES[kind], brand.name):
            assert duty in text, (brand.slug, duty)
            assert duty in page, (brand.slug, duty)
        assert mail.subject.startswith(f"[{brand.name}] ")
        assert "{" not in mail.subject + mail.text
        assert f"http://{brand.slug}.localhost:" in mail.text
        if kind not in {"payment.receipt", "staff.endpoint_disabled"}:
            link = WORDS["pay_url"] if "pay_url" in KINDS[kind].may else TERMS["manage_url"]
            assert link in mail.text
            assert f'href="{link}"' in mail.html


@pytest.mark.parametrize("kind", SUBSCRIPTIONS)
def test_mail_of_a_subscription_says_its_terms_and_where_to_cancel(kind, boyfanz):
    mail = written(kind, boyfanz)
    for form in (mail.text, read(mail.html)):
        for name in ("creator", "plan", "descriptor"):
            assert TERMS[name] in form
        price = "$10.00" if kind == "subscription.price_change" else "$12.00"
        assert f"{price} every month" in form
    is_over = kind.rpartition(".")[2] in {"cancelled", "ended", "stopping", "win_back"}
    assert (f"How to cancel: {TERMS['cancel_how']}\n{TERMS['manage_url']}" in mail.text) is (
        not is_over
    )
    assert (f"How to cancel: {TERMS['cancel_how']}" in read(mail.html)) is (not is_over)
    assert f'href="{TERMS["manage_url"]}"' in mail.html or kind == "subscription.payer_needed"


@pytest.mark.parametrize("kind", KINDS)
def test_with_the_least_it_is_told_it_leaves_no_gap(kind, boyfanz):
    mail = written(kind, boyfanz, context_of(kind, is_whole=False))
    assert "None" not in mail.subject + mail.text + mail.html
    assert "\n\n\n" not in mail.text
    assert not re.search(r" \.|  on |“”", mail.text)
    assert not re.search(r":\n\n", mail.text)


@pytest.mark.parametrize("kind", KINDS)
def test_only_optional_kinds_can_be_turned_off(kind, boyfanz):
    mail = written(kind, boyfanz)
    is_optional = not KINDS[kind].is_required
    assert bool(mail.unsubscribe_url) is is_optional
    assert ("Unsubscribe" in mail.text) is is_optional
    assert ("/mail/unsubscribe/" in mail.html) is is_optional
    assert mail.unsubscribe_url in mail.html


def test_receipts_reminders_and_refusals_cannot_be_turned_off():
    optional = {name for name, kind in KINDS.items() if not kind.is_required}
    assert optional == {
        "subscription.win_back", "goal.reached", "creator.new_subscriber",
        "creator.subscriber_ended",
    }  # fmt: skip


def test_what_people_wrote_is_no_markup(boyfanz):
    mail = written("gift.received", boyfanz)
    assert "<b>it</b>" not in mail.html
    assert "Leo &lt;3" in mail.html
    assert "Leo <3" in mail.text


def test_a_subject_stays_on_its_line(boyfanz):
    context = context_of("subscription.receipt") | {"creator": "Leo\r\nBcc: all@example.com {x}"}
    subject = subject_of(kind_of("subscription.receipt"), context, boyfanz.name)
    assert subject == "[BoyFanz] Your receipt: $12.34 for Leo Bcc: all@example.com {x}"


def test_a_brand_may_have_words_of_its_own(boyfanz, girlfanz, settings, tmp_path):
    own = tmp_path / "emails" / "boyfanz" / "goal"
    own.mkdir(parents=True)
    (own / "reached.txt").write_text("Woof, {{ creator }}", encoding="utf-8")
    template, *others = settings.TEMPLATES
    settings.TEMPLATES = [{**template, "DIRS": [tmp_path, *template["DIRS"]]}, *others]

    assert written("goal.reached", boyfanz).text.startswith("Woof, Leo")
    assert written("goal.reached", girlfanz).text.startswith("Leo <3 reached a goal")


def test_what_renews_is_never_called_a_single_payment(boyfanz):
    for kind in ("subscription.confirmed", "subscription.receipt"):
        least = context_of(kind, is_whole=False)
        assert "until you cancel" in " ".join(written(kind, boyfanz, least).text.split())
        once = written(kind, boyfanz, least | {"period": ""})
        assert "does not renew" in " ".join(once.text.split())
        assert "$12.00, once" in once.text


def test_what_was_cancelled_meanwhile_is_not_said_to_renew(boyfanz):
    for kind in ("subscription.confirmed", "subscription.receipt"):
        context = context_of(kind) | {"next_charge_on": "", "next_amount": "", "trial_ends_on": ""}
        text = " ".join(written(kind, boyfanz, context).text.split())
        assert "othing more will be charged" in text
        assert "your access ends on 20 February 2026" in text
        assert "renews" not in text


def test_a_price_change_without_consent_asks_for_nothing(boyfanz):
    context = context_of("subscription.price_change") | {"consent_needed": False}
    context["consent_url"] = ""
    mail = written("subscription.price_change", boyfanz, context)
    assert "You need do nothing" in mail.text
    assert "We need you to agree" not in mail.text
    assert "Say yes" not in mail.text + mail.html


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2026-02-01", "1 February 2026"),
        ("2026-02-01T09:05:00+00:00", "1 February 2026, 09:05 UTC"),
        ("2026-02-01T01:05:00+02:00", "31 January 2026, 23:05 UTC"),
        ("soon", "soon"),
        ("", ""),
    ],
)
def test_days_are_written_out(given, shown):
    assert day_text(given) == shown


def test_the_terms_of_a_subscription_are_asked_of_every_kind():
    assert all(KINDS[name].needs >= SUBSCRIPTION for name in SUBSCRIPTIONS)
    assert TERMS.keys() == SUBSCRIPTION


class TestLooks:
    def test_it_is_readable_in_the_dark_and_by_machines(self, boyfanz):
        page = written("subscription.receipt", boyfanz).html
        assert '<html lang="en">' in page
        assert "prefers-color-scheme: dark" in page
        assert '<meta name="color-scheme" content="light dark">' in page
        assert page.count('role="presentation"') == 1
        assert f"background-color:{boyfanz.accent};color:{boyfanz.on_accent}" in page
        assert "<script" not in page
        assert "<img" not in page  # nobody learns whether and where it was opened


@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_says_where_support_is_and_where_mail_is_chosen(kind, boyfanz):
    mail = written(kind, boyfanz)
    for said in (mail.text, mail.html):
        assert "support@boyfanz.localhost" in said
        assert "http://boyfanz.localhost:8000/mail/preferences/" in said
        assert "Nobody reads answers" not in said
