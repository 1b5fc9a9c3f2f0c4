"""Staff enter FanzDash with a second factor, or not at all (SSO-2, DSH-3)."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django_otp import devices_for_user, match_token, user_has_device

from apps.accounts import services
from tests.factories.accounts import PASSWORD, TOTP_SECRET, UserFactory

pytestmark = pytest.mark.django_db


def code(secret=TOTP_SECRET):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.fixture
def browser():
    return Client(headers={"host": "fanzlab.localhost"})


def sign_in(browser, user):
    return browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})


def test_a_password_alone_leads_to_enrolment_and_a_code_opens_the_console(browser, now):
    user = UserFactory.create()
    services.grant_role(user=user, role="finance", by=None, reason="test", now=now)
    assert browser.get("/admin/").url == "/admin/login/?next=/admin/"
    assert browser.get("/admin/login/?next=/admin/").url == "/accounts/login/?next=%2Fadmin%2F"
    sign_in(browser, user)
    assert browser.get("/admin/login/?next=/admin/").url.startswith("/accounts/2fa/totp/activate/")
    again = browser.get("/accounts/2fa/totp/activate/")
    assert again.url.startswith("/accounts/reauthenticate/")
    browser.post(again.url, {"password": PASSWORD})
    secret = browser.get("/accounts/2fa/totp/activate/").context["form"].secret
    assert browser.get("/admin/").status_code == 302
    browser.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    assert secret not in str(Authenticator.objects.get(type="totp").data)
    assert [device.type for device in devices_for_user(user)] == ["totp", "recovery_codes"]
    cache.clear()  # the code of these 30 seconds was spent on enrolment
    assert browser.get("/admin/login/").url.startswith("/accounts/2fa/reauthenticate/")
    browser.post("/accounts/2fa/reauthenticate/", {"code": "000000"})
    assert browser.get("/admin/").status_code == 302

    browser.post("/accounts/2fa/reauthenticate/", {"code": code(secret)})

    assert browser.get("/admin/").status_code == 200


def test_a_fresh_sign_in_stops_at_the_code_and_a_recovery_code_passes_once(browser, staff):
    user = staff("finance")
    codes = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()

    assert sign_in(browser, user).url.startswith("/accounts/2fa/authenticate/")
    assert browser.get("/admin/").status_code == 302
    assert browser.post("/accounts/2fa/authenticate/", {"code": codes[0]}).status_code == 302
    assert browser.get("/admin/").status_code == 200

    other = Client(headers={"host": "fanzlab.localhost"})
    sign_in(other, user)
    other.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert other.get("/admin/").status_code == 302


def test_a_factor_that_is_deleted_closes_the_console_at_once(console):
    browser = console("finance")
    assert browser.get("/admin/").status_code == 200

    Authenticator.objects.all().delete()

    assert browser.get("/admin/").status_code == 302


def test_a_factor_counts_for_twelve_hours(console):
    browser = console("finance")
    session = browser.session
    session["account_authentication_methods"][0]["at"] -= 12 * 3600 - 60
    session.save()
    assert browser.get("/admin/").status_code == 200

    session["account_authentication_methods"][0]["at"] -= 60
    session.save()

    assert browser.get("/admin/").status_code == 302


def test_a_code_is_refused_the_second_time(staff):
    user = staff("finance")

    assert user_has_device(user)
    assert match_token(user, "000000") is None
    good = code()
    assert match_token(user, good).type == "totp"
    assert match_token(user, good) is None


def test_a_fan_with_a_factor_is_told_no_and_a_revoked_role_closes_at_once(console, now):
    browser = console("support")
    assert browser.get("/admin/").status_code == 200

    services.revoke_role(user=browser.user, role="support", by=None, reason="left", now=now)

    assert browser.get("/admin/").status_code == 302
    assert browser.get("/admin/login/").status_code == 403


def test_a_redirect_after_sign_in_stays_on_the_site(console):
    answer = console("finance").get("/admin/login/?next=https://evil.example/")

    assert answer.url == "/admin/"


def test_a_session_copied_to_another_brand_is_nobodys(fan, girlfanz):
    home, abroad = Client(headers={"host": "boyfanz.localhost"}), Client()
    home.post("/accounts/login/", {"login": fan.user.email, "password": PASSWORD})
    assert home.get("/api/v1/me/").status_code == 200
    abroad.cookies["sessionid"] = home.cookies["sessionid"].value

    copied = abroad.get("/api/v1/me/", headers={"host": "girlfanz.localhost"})

    assert copied.status_code in {401, 403}
    assert home.get("/api/v1/me/").status_code == 200
    cookie = home.cookies["sessionid"]
    assert (cookie["domain"], cookie["samesite"], cookie["httponly"]) == ("", "Lax", True)
