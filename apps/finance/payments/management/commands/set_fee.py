"""``manage.py set_fee TIP CARD --platform-bps 1200 --from 2027-01-01 --reason "..."``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from apps.clusters.models import Cluster
from apps.core.errors import DomainError
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.rules.fees import Rates


class Command(BaseCommand):
    help = "Set what payments of a kind cost from a future moment on; 1500 basis points are 15 %."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=Kind.values)
        parser.add_argument("method", choices=Method.values)
        parser.add_argument("--brand", help="slug; without it: every brand without its own rate")
        parser.add_argument("--platform-bps", type=int, default=0)
        parser.add_argument("--processing-bps", type=int, default=0)
        parser.add_argument("--processing-fixed-minor", type=int, default=0)
        parser.add_argument("--from", dest="start", required=True, help="date or time, in UTC")
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            fee = payments.set_fee(
                cluster=_brand(options["brand"]),
                kind=Kind(options["kind"]),
                method=Method(options["method"]),
                rates=Rates(
                    options["platform_bps"],
                    options["processing_bps"],
                    options["processing_fixed_minor"],
                ),
                effective_from=_moment(options["start"]),
                by=None,
                reason=options["reason"],
                now=timezone.now(),
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{fee}: {fee.platform_bps} + {fee.processing_bps} basis points")


def _brand(slug: str | None) -> Cluster | None:
    if slug is None:
        return None
    try:
        return Cluster.objects.get(slug=slug)
    except Cluster.DoesNotExist:
        raise CommandError(f"There is no brand {slug}.") from None


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    day = parse_date(text)
    if moment is None and day is not None:
        moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001 (made aware below)
    if moment is None:
        raise CommandError(f"{text} is neither a date nor a time.")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
