"""What everybody sees: front page, creators, colours, headers."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from apps.clusters.models import Cluster
from tests.factories.accounts import CreatorFactory

pytestmark = pytest.mark.django_db
BOY = {"headers": {"host": "boyfanz.localhost"}}


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def test_home_shows_this_brands_creators_only(client):
    CreatorFactory.create(display_name="Leo Hart", handle="leo")
    CreatorFactory.create(
        display_name="Rex", handle="rex", cluster=Cluster.objects.get(slug="pupfanz")
    )
    page = text_of(client.get("/", **BOY))
    assert "Leo Hart" in page
    assert "Rex" not in page


def test_a_brand_without_creators_says_what_to_do(client):
    assert "No creators here yet" in text_of(client.get("/", **BOY))


def test_the_portal_links_to_all_other_brands_and_keeps_the_port(client):
    page = text_of(client.get("/", headers={"host": "fanzlab.localhost:8123"}))
    assert page.count('class="brand-') == 8
    assert 'href="http://pupfanz.localhost:8123/"' in page


def test_another_brands_creator_is_not_found(client):
    CreatorFactory.create(handle="rex", cluster=Cluster.objects.get(slug="pupfanz"))
    response = client.get("/@rex/", **BOY)
    assert response.status_code == 404
    assert "There is nothing here" in text_of(response)


def test_creators_are_listed_by_cursor(client):
    for number in range(25):
        CreatorFactory.create(handle=f"c-{number}", display_name=f"Creator {number}")
    first = text_of(client.get("/", **BOY))
    assert first.count('<li class="creator">') == 24
    cursor = re.search(r"\?after=(\d+)", first)
    assert cursor
    second = text_of(client.get(f"/?after={cursor[1]}", **BOY))
    assert second.count('<li class="creator">') == 1
    assert "Creator 0" in second


def test_more_creators_cost_no_more_queries(client, django_assert_max_num_queries):
    for number in range(20):
        CreatorFactory.create(handle=f"c-{number}")
    with django_assert_max_num_queries(14):
        client.get("/", **BOY)


def test_the_theme_is_the_brands_row(client):
    response = client.get("/theme/boyfanz.css", **BOY)
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert ":root { --accent: #FF0040; --on-accent: #000000;" in response.content.decode()
    assert client.get("/theme/nobody.css", **BOY).status_code == 404


def test_pages_carry_a_strict_policy_and_nothing_inline(client):
    CreatorFactory.create(handle="leo")
    response = client.get("/@leo/", **BOY)
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "form-action 'self' http://127.0.0.1:" in policy
    page = response.content.decode()
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?! src=)", page)
    assert not re.search(r'(src|href)="(https?:)?//(?!\w+\.localhost)', page)


def test_a_page_loads_less_than_100_kb_of_css_and_scripts(client):
    page = client.get("/", **BOY).content.decode()
    files = re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', page)
    assert "css/site.css" in files
    weight = sum(len(Path(finders.find(name) or name).read_bytes()) for name in files)
    assert weight + len(client.get("/theme/boyfanz.css", **BOY).content) < 100_000


@pytest.mark.parametrize(
    "path",
    [
        "/wallet/",
        "/wallet/cards/",
        "/payments/",
        "/earnings/",
        "/earnings/statement/",
        "/become-creator/",
    ],
)
def test_a_stranger_is_led_to_sign_in(client, path):
    response = client.get(path, **BOY)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={path}"
