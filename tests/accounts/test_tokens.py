"""JWT for apps, tries counted, and "me" (SSO-4, SSO-7, SSO-9)."""

import jwt
import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from apps.accounts.models import User
from tests.accounts.test_console_gate import code
from tests.factories.accounts import PASSWORD, TOTP_SECRET, UserFactory

pytestmark = pytest.mark.django_db
APP = "/_allauth/app/v1"
JSON = "application/json"


@pytest.fixture
def app():
    return Client(headers={"host": "boyfanz.localhost"})


def sign_in(app, user, password=PASSWORD, **headers):
    body = {"email": user.email, "password": password}
    return app.post(f"{APP}/auth/login", body, content_type=JSON, **headers)


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def refresh(app, token):
    return app.post(f"{APP}/tokens/refresh", {"refresh_token": token}, content_type=JSON)


class TestTokens:
    def test_an_access_token_is_signed_short_and_ends_with_the_session(self, app):
        meta = sign_in(app, UserFactory.create()).json()["meta"]
        token = meta["access_token"]
        claims = jwt.decode(token, options={"verify_signature": False})

        assert jwt.get_unverified_header(token)["alg"] == "RS256"
        assert claims["exp"] - claims["iat"] == 300
        assert app.get("/api/v1/me/", headers=bearer(token)).status_code == 200
        app.delete(f"{APP}/auth/session", headers=bearer(token))
        assert app.get("/api/v1/me/", headers=bearer(token)).status_code == 401

    def test_a_refresh_token_used_twice_ends_the_session(self, app):
        first = sign_in(app, UserFactory.create()).json()["meta"]["refresh_token"]
        second = refresh(app, first).json()["data"]
        assert app.get("/api/v1/me/", headers=bearer(second["access_token"])).status_code == 200

        assert refresh(app, first).status_code == 400

        assert refresh(app, second["refresh_token"]).status_code == 400
        assert app.get("/api/v1/me/", headers=bearer(second["access_token"])).status_code == 401

    def test_a_token_is_good_on_its_brand_only(self, app):
        meta = sign_in(app, UserFactory.create()).json()["meta"]
        headers = bearer(meta["access_token"]) | {"host": "girlfanz.localhost"}

        assert app.get("/api/v1/me/", headers=headers).status_code == 401
        abroad = Client(headers={"host": "girlfanz.localhost"})
        assert refresh(abroad, meta["refresh_token"]).status_code == 400

    def test_a_second_factor_is_asked_before_any_token(self, app, staff):
        answer = sign_in(app, staff("finance"))
        assert answer.status_code == 401
        assert "access_token" not in answer.json()["meta"]

        passed = app.post(
            f"{APP}/auth/2fa/authenticate",
            {"code": code(TOTP_SECRET)},
            content_type=JSON,
            headers={"x-session-token": answer.json()["meta"]["session_token"]},
        )

        assert passed.json()["meta"]["access_token"]


class TestTries:
    @pytest.mark.parametrize("headless", [True, False])
    def test_the_sixth_is_refused_even_when_right_and_says_when_to_come_back(self, app, headless):
        user = UserFactory.create()

        def attempt(password, **extra):
            if headless:
                return sign_in(app, user, password, **extra)
            form = {"login": user.email, "password": password}
            return app.post("/accounts/login/", form, **extra)

        left = [attempt("wrong")["RateLimit-Remaining"] for _ in range(5)]
        refused = attempt(PASSWORD)

        assert left == ["4", "3", "2", "1", "0"]
        assert refused.status_code == 429
        assert 0 < int(refused["Retry-After"]) <= 900
        assert attempt(PASSWORD, REMOTE_ADDR="198.51.100.7").status_code in {200, 302}

    @pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/password/reset/"])
    def test_other_doors_count_too(self, app, path):
        answers = [app.post(path, {"email": "a@mail.example"}).status_code for _ in range(6)]

        assert answers[-1] == 429
        assert 429 not in answers[:5]

    def test_wrong_codes_count_for_the_person_from_wherever_they_come(self, app, staff):
        user = staff("finance")

        def give(number, value):
            origin = {"REMOTE_ADDR": f"198.51.100.{number}"}
            token = sign_in(app, user, **origin).json()["meta"]["session_token"]
            return app.post(
                f"{APP}/auth/2fa/authenticate",
                {"code": value},
                content_type=JSON,
                headers={"x-session-token": token},
                **origin,
            ).status_code

        assert [give(number, "000000") for number in range(1, 6)] == [400] * 5

        assert give(6, code(TOTP_SECRET)) == 400


class TestSignUp:
    def test_an_address_must_be_confirmed_and_the_mail_speaks_as_the_brand(self, app):
        form = {"email": "new@mail.example", "password1": "a long enough pass 7"}
        app.post("/accounts/signup/", form)
        app.post("/accounts/login/", {"login": form["email"], "password": form["password1"]})

        assert app.get("/api/v1/me/").status_code in {401, 403}
        assert mail.outbox[0].subject.startswith("[BoyFanz] ")
        assert "http://boyfanz.localhost/accounts/confirm-email/" in mail.outbox[0].body

        EmailAddress.objects.update(verified=True)
        app.post("/accounts/login/", {"login": form["email"], "password": form["password1"]})
        assert app.get("/api/v1/me/").status_code == 200
        assert User.objects.get().email == "new@mail.example"


class TestMe:
    def test_shows_the_person_on_this_brand(self, api, fan):
        api.force_authenticate(fan.user)

        assert api.get("/api/v1/me/").json() == {
            "email": fan.user.email,
            "roles": [],
            "cluster": "boyfanz",
            "profile": {
                "handle": "a-fan",
                "display_name": "A Fan",
                "bio": "",
                "is_creator": False,
            },
        }

    def test_changes_the_profile_and_never_makes_a_creator(self, api, fan):
        api.force_authenticate(fan.user)

        answer = api.patch("/api/v1/me/", {"bio": "Hi", "is_creator": True})

        assert answer.json()["profile"] == {
            "handle": "a-fan",
            "display_name": "A Fan",
            "bio": "Hi",
            "is_creator": False,
        }

    def test_a_taken_handle_is_a_conflict(self, api, fan, creator):
        api.force_authenticate(fan.user)

        answer = api.patch("/api/v1/me/", {"handle": "a-creator"})

        assert (answer.status_code, answer.json()["code"]) == (409, "accounts.handle_taken")

    def test_a_cookie_needs_the_csrf_token(self, fan):
        browser = Client(enforce_csrf_checks=True, headers={"host": "boyfanz.localhost"})
        browser.force_login(fan.user)

        assert browser.patch("/api/v1/me/", {"bio": "x"}, content_type=JSON).status_code == 403

    def test_nobody_is_nobody(self, api):
        assert api.get("/api/v1/me/").status_code == 401


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/me/?a=1&b=%20", "/api/v1/me/?a=1&b=%20"),
        ("/api/payments/tips", "/api/v1/payments/tips"),
    ],
)
def test_a_path_without_version_leads_to_the_first(api, path, target):
    answer = api.post(path)

    assert (answer.status_code, answer["Location"]) == (308, target)


def test_an_unknown_version_is_not_redirected(api):
    assert api.get("/api/v2/me/").status_code == 404
