"""The host name selects the brand, and nothing else does (RTE-1)."""

import pytest
from django.test import Client, override_settings

from apps.clusters import selectors
from apps.clusters.models import Cluster, Domain
from tests.factories.clusters import DomainFactory

OTHERS = (
    "boyfanz",
    "girlfanz",
    "daddyfanz",
    "pupfanz",
    "taboofanz",
    "transfanz",
    "cougarfanz",
    "fanzcock",
)
pytestmark = pytest.mark.django_db


def slug_of(host: str) -> str:
    cluster = selectors.cluster_of_host(host)
    return cluster.slug if cluster else ""


def test_nine_brands_are_there_in_order_and_only_the_first_is_the_portal():
    found = list(Cluster.objects.order_by("position").values_list("slug", "is_portal"))

    assert found == [("fanzlab", True)] + [(slug, False) for slug in OTHERS]


def test_only_public_domains_are_stored():
    assert set(Domain.objects.values_list("host", flat=True)) == {
        f"{slug}.com" for slug in Cluster.objects.values_list("slug", flat=True)
    }


@pytest.mark.parametrize(
    ("host", "slug"),
    [
        ("boyfanz.localhost", "boyfanz"),
        ("BoyFanz.LocalHost", "boyfanz"),
        ("girlfanz.localhost.", "girlfanz"),
        ("boyfanz.com", "boyfanz"),
        ("localhost", "fanzlab"),
        ("127.0.0.1", "fanzlab"),
        ("evil.localhost", None),
        ("boyfanz.localhost.evil.example", None),
        ("xboyfanz.com", None),
        ("", None),
    ],
)
def test_a_host_selects(host, slug):
    found = selectors.cluster_of_host(host)

    assert (found.slug if found else None) == slug


def test_development_names_are_unknown_where_the_setting_is_off():
    with override_settings(DEVELOPMENT_DOMAINS=False):
        selectors.forget_directory()
        assert selectors.cluster_of_host("boyfanz.localhost") is None
        assert selectors.cluster_of_host("127.0.0.1") is None
        assert slug_of("boyfanz.com") == "boyfanz"


def test_an_unknown_host_is_refused_without_any_brands_look_even_when_django_allows_it(client):
    with override_settings(ALLOWED_HOSTS=["*"]):
        response = client.get("/", headers={"host": "stranger.example"})

    page = response.content.decode()
    assert response.status_code == 421
    assert "No site by this name" in page
    assert "fanz" not in page.lower()


def test_a_host_outside_allowed_hosts_stays_a_bad_request(client):
    assert client.get("/", headers={"host": "stranger.example"}).status_code == 400


def test_an_inactive_brand_is_refused(client):
    Cluster.objects.filter(slug="pupfanz").update(is_active=False)
    selectors.forget_directory()

    assert client.get("/", headers={"host": "pupfanz.localhost:8000"}).status_code == 421


def test_many_look_ups_cost_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        for _ in range(100):
            assert slug_of("boyfanz.localhost") == "boyfanz"


def test_a_change_shows_once_the_memory_is_old(settings):
    DomainFactory.create(host="new.example", cluster=Cluster.objects.get(slug="boyfanz"))
    assert selectors.cluster_of_host("new.example") is None

    settings.CLUSTER_DIRECTORY_SECONDS = 0

    assert slug_of("new.example") == "boyfanz"


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/login/"])
def test_the_console_exists_on_the_portal_only(path):
    assert Client(headers={"host": "boyfanz.localhost"}).get(path).status_code == 404
    assert Client(headers={"host": "fanzlab.localhost"}).get(path).status_code in {301, 302}
