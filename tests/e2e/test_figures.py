"""A creator's figures in a browser: for everybody, on phones, in both lights."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from apps.clusters.models import Cluster
from apps.finance.subscriptions.services.facts import make_facts
from tests.e2e.test_accessibility import assert_fine
from tests.e2e.test_tip import sign_in
from tests.factories.accounts import CreatorFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory
from tests.finance.subscriptions.histories import History, a_fan_with_money

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_figures_are_fine_for_everybody_empty_and_full(site, someone):
    site.open_for_business(Cluster.objects.get(slug="boyfanz"))
    creator = CreatorFactory.create(handle="ada", display_name="Ada")
    price = PriceFactory.create(plan=PlanFactory.create(creator=creator), amount="10.00")
    page, here = someone(), site.url("boyfanz", "/creator/figures/")
    sign_in(page, site.url("boyfanz", "/accounts/login/"), creator.user.email)
    assert_fine(page, [here])
    expect(page.get_by_text("No figures yet")).to_be_visible()

    now = timezone.now()
    for months in range(1, 5):
        began = now - timedelta(days=31 * months)
        it = History(a_fan_with_money(began), price, at=began).begins(began)
        if months % 2:
            it.ends(now - timedelta(days=3))
    make_facts(now=now)

    assert_fine(page, [here, f"{here}?days=365"])
    page.get_by_text("The charts as a table").click()
    expect(page.get_by_role("columnheader", name="MRR at the end")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename.startswith("mrr-")
