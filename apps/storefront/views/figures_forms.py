"""Which figures a creator asks for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms

from apps.accounts.models import Profile
from apps.finance.subscriptions.selectors.analytics import Wanted

#: How far back -> its days, today among them; at most selectors.analytics.MOST_DAYS.
RANGES = {"": 30, "90": 90, "365": 365, "1095": 1095}


class FiguresForm(forms.Form):
    """Narrows the figures; what cannot be read narrows nothing and is said beside it."""

    days = forms.ChoiceField(
        label="Range",
        choices=[
            ("", "Last 30 days"),
            ("90", "Last 90 days"),
            ("365", "Last 12 months"),
            ("1095", "Last 3 years"),
        ],
        required=False,
    )
    plan = forms.ChoiceField(label="Plan", required=False)

    def __init__(self, *args: Any, plans: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plans = {str(plan.public_id): plan for plan in plans}
        field = self.fields["plan"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [
            ("", "All plans"),
            *((key, plan.name) for key, plan in self._plans.items()),
        ]

    def given(self) -> dict[str, str]:
        """Return what narrows the figures, as it stands in an address."""
        valid = self.cleaned_data if self.is_bound and self.errors is not None else {}
        return {name: str(value) for name, value in valid.items() if value}

    def wanted(self, creator: Profile, *, today: date) -> Wanted:
        """Return what is asked for, of this creator alone; days are UTC, today is the last."""
        given = self.given()
        days = RANGES[given.get("days", "")]
        plan = self._plans.get(given.get("plan", ""))
        return Wanted(
            start=today - timedelta(days=days - 1),
            end=today,
            creator_id=creator.pk,
            plan_id=plan.pk if plan else None,
        )
