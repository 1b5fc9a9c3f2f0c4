"""Fixtures every test may use."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory, TransactionTestCase
from rest_framework.test import APIClient

from apps.accounts import services as accounts
from apps.accounts.models import Profile, User
from apps.clusters import selectors as clusters
from apps.clusters.models import Cluster
from apps.finance.monitoring.models import Threshold
from devstack.pytest_plugin import OURS
from tests.factories.accounts import TOTP_SECRET, CreatorFactory, ProfileFactory, UserFactory

pytest_plugins = ["tests.sandbox.fixtures"]

BRAND_HOST = "boyfanz.localhost"
CONSOLE_HOST = "fanzlab.localhost"


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 1, 15, 12, tzinfo=UTC)


#: What permissions, roles and content types say is the code's, and dear to make anew: tests that
#: change it do so in a transaction that is rolled back.
KEPT_TABLES = frozenset(
    {"django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}
)


@pytest.fixture(autouse=True, scope="session")
def _empty_past_the_guards() -> Iterator[None]:
    """Empty, after a transactional test, the tables that hold rows: also those that refuse it.

    Django would truncate all of them, each with its indexes, and make every permission anew: a
    second or more for each such test.
    """

    def empty(_case: TransactionTestCase) -> None:
        with connection.cursor() as cursor:
            names = connection.introspection.django_table_names(
                only_existing=True, include_views=False
            )
            tables = [connection.ops.quote_name(each) for each in set(names) - KEPT_TABLES]
            seen = " UNION ALL ".join(
                f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})"  # noqa: S608
                for table in tables
            )
            cursor.execute(seen)
            filled = [name for (name,) in cursor.fetchall()]
            cursor.execute("SET session_replication_role = replica")
            for name in filled:
                cursor.execute(f"DELETE FROM {name}")  # noqa: S608
            cursor.execute("RESET session_replication_role")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


@pytest.fixture(autouse=True)
def _fresh_memory(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test sees what another left in the cache or in the directory of hosts."""
    uses_database = request.node.get_closest_marker("django_db") or {
        "db", "transactional_db"
    } & set(request.fixturenames)  # fmt: skip
    cache.clear()
    clusters.forget_directory()
    if uses_database:
        request.getfixturevalue("transactional_db" if _is_transactional(request) else "db")
        reference_data()
        clusters.cluster_of_host(BRAND_HOST)
    yield
    cache.clear()
    clusters.forget_directory()


def _is_transactional(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    return "transactional_db" in request.fixturenames or bool(
        marker and marker.kwargs.get("transaction")
    )


def reference_data() -> None:
    """Put back what migrations made and a transactional test's flush took away."""
    if not Cluster.objects.exists():
        import_module("apps.clusters.migrations.0002_brands").add_brands(apps, None)
        import_module("apps.finance.payments.migrations.0002_default_fees").add(apps, None)
        sales = import_module("apps.finance.payments.migrations.0023_sales_checked")
        with connection.cursor() as cursor:
            cursor.execute(sales.GIVE_FEES)
    if not Threshold.objects.exists():
        import_module("apps.finance.monitoring.migrations.0002_lines").add(apps, None)
    if not Group.objects.exists():
        accounts.sync_roles()


@pytest.fixture
def boyfanz(db: None) -> Cluster:
    return Cluster.objects.get(slug="boyfanz")


@pytest.fixture
def girlfanz(db: None) -> Cluster:
    return Cluster.objects.get(slug="girlfanz")


@pytest.fixture
def fan(boyfanz: Cluster) -> Profile:
    return ProfileFactory.create(cluster=boyfanz, handle="a-fan", display_name="A Fan")


@pytest.fixture
def creator(boyfanz: Cluster) -> Profile:
    return CreatorFactory.create(cluster=boyfanz, handle="a-creator", display_name="A Creator")


@pytest.fixture
def staff(db: None, now: datetime) -> Callable[..., User]:
    """``staff("finance")``: a new member of staff with that role and a second factor."""

    def make(*roles: str) -> User:
        user = UserFactory.create()
        for role in roles:
            accounts.grant_role(user=user, role=role, by=None, reason="test", now=now)
        accounts.enrol_authenticator(user=user, secret=TOTP_SECRET, by=None, now=now)
        return User.objects.get(pk=user.pk)

    return make


@pytest.fixture
def console(staff: Callable[..., User]) -> Callable[..., Client]:
    """``console("finance")``: a browser on FanzDash, signed in with the second factor passed."""

    def open_for(who: User | str) -> Client:
        user = staff(who) if isinstance(who, str) else who
        client = Client(headers={"host": CONSOLE_HOST})
        client.force_login(user)
        session = client.session
        pass_second_factor(session, user)
        session.save()
        client.user = user  # type: ignore[attr-defined]
        return client

    return open_for


def pass_second_factor(session: Any, user: User) -> None:
    """Write into a session what allauth writes when a code was right."""
    factor = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    request = RequestFactory().get("/")
    request.session, request.user = session, user
    record_authentication(request, user, method="mfa", id=factor.pk, type="totp", at=time.time())


@pytest.fixture
def api() -> APIClient:
    """A client of the API on boyfanz; sign in with ``api.force_authenticate(user)``."""
    return APIClient(headers={"host": BRAND_HOST})


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Leave the database to go with its servers, where they are this run's own."""
    return OURS in os.environ
