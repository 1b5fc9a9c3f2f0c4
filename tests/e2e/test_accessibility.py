"""What axe finds on the pages people use, on a phone and a desktop, dark and light: nothing."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from apps.clusters.models import Cluster
from tests import given
from tests.e2e.test_tip import sign_in
from tests.factories.accounts import CreatorFactory, ProfileFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
#: WCAG 2.2 at level AA, which contains 2.1 and 2.0, and what axe calls good practice.
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = [("dark", 1280), ("light", 390)]
LARGEST_PAGE = 100 * 1024


def found_on(page):
    """Return axe's findings as rule and place."""
    findings = Axe().run(page, options={"runOnly": STANDARD}).response["violations"]
    return [(rule["id"], node["html"][:120]) for rule in findings for node in rule["nodes"]]


def assert_fine(page, urls):
    found = {}
    for url in urls:
        for scheme, width in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.goto(url)
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            problems = found_on(page) + (
                [("scrolls sideways", f"{wider} px")] if wider > 0 else []
            )
            if problems:
                found[f"{url} {scheme} {width}"] = problems
    assert found == {}


@pytest.fixture
def cluster(site):
    cluster = Cluster.objects.get(slug="boyfanz")
    site.open_for_business(cluster)
    return cluster


def test_pages_for_everybody(site, someone, cluster):
    CreatorFactory.create(
        cluster=cluster, handle="leo", display_name="Leo " + "Hart" * 15, bio="x" * 90
    )
    paths = ["/", "/@leo/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/",
             "/nowhere/", "/help/", "/help/charges/"]  # fmt: skip
    page = someone()
    assert_fine(page, [site.url("boyfanz", path) for path in paths] + [site.url("fanzlab", "/")])


@pytest.mark.parametrize("brand", ["daddyfanz", "taboofanz", "transfanz"])
def test_colours_that_are_hard_to_read_on(site, someone, brand):
    CreatorFactory.create(cluster=Cluster.objects.get(slug=brand), handle="leo")
    assert_fine(someone(), [site.url(brand, "/"), site.url(brand, "/@leo/")])


def test_pages_of_a_fan(site, someone, cluster):
    now = timezone.now()
    fan, creator = (
        ProfileFactory.create(cluster=cluster),
        CreatorFactory.create(cluster=cluster, handle="leo"),
    )
    given.a_funded_wallet(fan, "90.00", now=now)
    urls = []
    for status in ("REQUIRES_ACTION", "PROCESSING", "FAILED", "CAPTURED"):
        tip = given.a_card_tip(fan, creator, now=now, key=status)
        captured = {"captured_at": now} if status == "CAPTURED" else {}
        type(tip).objects.filter(pk=tip.pk).update(status=status, **captured)
        urls.append(site.url("boyfanz", f"/checkout/{tip.public_id}/"))
    page = someone()
    sign_in(page, site.url("boyfanz", "/accounts/login/"), fan.user.email)
    paths = ["/wallet/", "/earnings/", "/profile/", "/become-creator/", "/accounts/2fa/", "/age/"]
    assert_fine(page, urls + [site.url("boyfanz", path) for path in paths])


def test_pages_of_a_creator(site, someone, cluster):
    now = timezone.now()
    creator = given.a_creator("80000000.00", now=now, cluster=cluster)
    given.a_requested_payout("70000000.00", creator=creator, now=now)
    page = someone()
    sign_in(page, site.url("boyfanz", "/accounts/login/"), creator.user.email)
    paths = ["/earnings/", "/earnings/statement/", f"/@{creator.handle}/"]
    assert_fine(page, [site.url("boyfanz", path) for path in paths])


def test_a_page_weighs_less_than_100_kb_of_style_and_script(site, someone, cluster):
    CreatorFactory.create(cluster=cluster, handle="leo")
    page = someone()
    weights = {}
    page.on(
        "response",
        lambda answer: (
            weights.update({answer.url: len(answer.body())})
            if re.search(r"\.(css|js)(\?|$)", answer.url)
            else None
        ),
    )
    page.goto(site.url("boyfanz", "/@leo/"), wait_until="networkidle")
    assert any("/theme/boyfanz.css" in url for url in weights)
    assert sum(weights.values()) < LARGEST_PAGE


@pytest.mark.parametrize("width", [320, 480, 640, 1280])
def test_the_account_menu_opens_on_the_screen(site, someone, cluster, width):
    page = someone()
    fan = ProfileFactory.create(cluster=cluster)
    sign_in(page, site.url("boyfanz", "/accounts/login/?next=/help/"), fan.user.email)
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_text("Account", exact=True).click()
    box = page.locator(".menu > div").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_the_first_tab_leads_past_the_header(site, someone, cluster):
    page = someone()
    page.goto(site.url("boyfanz", "/"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
