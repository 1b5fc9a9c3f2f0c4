"""SSO-7: a hundred API requests a minute, to the request, for a person or an address."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from django.conf import settings
from django.test import RequestFactory
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.models import Profile
from apps.core import errors, throttling
from apps.core.middleware import client_ip
from tests.conftest import BRAND_HOST
from tests.factories.accounts import UserFactory

ADDRESS = "/api/v1/payments/transactions/"
LIMIT, WINDOW = 100, 60


def spend(who: str, times: int = LIMIT) -> None:
    for _ in range(times):
        throttling.hit(throttling.API, who)


class Wait:
    """When somebody's oldest request leaves the window, by the clock that counts: Valkey's."""

    def __init__(self, who: str) -> None:
        cache: dict[str, Any] = settings.CACHES["default"]
        self.valkey: Any = redis.Redis.from_url(cache["LOCATION"], **cache["OPTIONS"])
        self.key = f"throttle:{throttling.API.name}:{who}"

    def age(self, milliseconds: int) -> None:
        """Let the oldest request have come so much earlier."""
        [oldest] = self.valkey.zrange(self.key, 0, 0)
        self.valkey.zincrby(self.key, -milliseconds, oldest)

    @property
    def seconds(self) -> int:
        [(_, came)] = self.valkey.zrange(self.key, 0, 0, withscores=True)
        second, microsecond = self.valkey.time()
        left: int = int(came) + WINDOW * 1000 - second * 1000 - microsecond // 1000
        return -(-left // 1000)


def test_eight_threads_get_exactly_the_limit_through() -> None:
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(
            pool.map(lambda _: throttling.hit(throttling.API, "user:1"), range(2 * LIMIT))
        )

    assert Counter(verdict.allowed for verdict in verdicts) == {True: LIMIT, False: LIMIT}
    assert sorted(v.remaining for v in verdicts if v.allowed) == list(range(LIMIT))


def test_the_limits_are_those_of_the_requirement() -> None:
    limits = (throttling.API, throttling.UPLOADS)

    assert [(limit.requests, limit.seconds) for limit in limits] == [(100, 60), (10, 60)]


@pytest.mark.django_db
class TestTheApi:
    def test_tells_what_is_left(self, api: APIClient, fan: Profile) -> None:
        api.force_authenticate(fan.user)
        wait = Wait(throttling.person(fan.user.pk))
        first = api.get(ADDRESS)
        wait.age(20_500)
        before, second, after = wait.seconds, api.get(ADDRESS), wait.seconds

        assert first.status_code == 200
        assert first["RateLimit-Limit"] == "100"
        assert first["RateLimit-Policy"] == "100;w=60"
        assert (first["RateLimit-Remaining"], second["RateLimit-Remaining"]) == ("99", "98")
        # The very second, or one of two when one passes while the request is under way.
        assert int(second["RateLimit-Reset"]) in range(after, before + 1)
        assert before <= WINDOW - 20

    def test_refuses_the_hundred_and_first(self, api: APIClient, fan: Profile) -> None:
        api.force_authenticate(fan.user)
        spend(throttling.person(fan.user.pk), LIMIT - 1)

        assert api.get(ADDRESS).status_code == 200
        wait = Wait(throttling.person(fan.user.pk))
        wait.age(45_500)
        before, refused, after = wait.seconds, api.get(ADDRESS), wait.seconds
        assert refused.status_code == 429
        assert refused["Content-Type"] == "application/problem+json"
        assert refused["RateLimit-Remaining"] == "0"
        assert refused["RateLimit-Limit"] == "100"
        assert int(refused["Retry-After"]) in range(after, before + 1)
        assert before <= WINDOW - 45
        assert refused["Retry-After"] == refused["RateLimit-Reset"]

    def test_counts_each_person_alone(self, api: APIClient, fan: Profile) -> None:
        spend(throttling.person(fan.user.pk))
        api.force_authenticate(fan.user)
        assert api.get(ADDRESS).status_code == 429

        api.force_authenticate(UserFactory.create())
        assert api.get(ADDRESS).status_code == 200

    def test_counts_strangers_by_address(self) -> None:
        spend(throttling.place("192.0.2.1"))

        def status_from(address: str) -> int:
            client = APIClient(headers={"host": BRAND_HOST}, REMOTE_ADDR=address)
            return int(client.get("/api/v1/schema/").status_code)

        assert status_from("192.0.2.1") == 429
        assert status_from("192.0.2.2") == 200

    def test_a_written_hop_does_not_buy_another_hundred(self, api: APIClient) -> None:
        spend(throttling.place("127.0.0.1"))
        answer = api.get("/api/v1/schema/", headers={"X-Forwarded-For": "203.0.113.9"})

        assert answer.status_code == 429


class TestPlace:
    def test_one_subscriber_of_ipv6_is_one_place(self) -> None:
        assert throttling.place("2001:db8::1") == throttling.place("2001:db8::ffff:1")
        assert throttling.place("2001:db8::1") != throttling.place("2001:db8:0:1::1")

    def test_a_caller_without_an_address_is_counted_too(self) -> None:
        assert throttling.place("") == "ip:unknown"


class TestGuessing:
    """Wrong guesses count, right ones do not, and many at once do not slip through."""

    limit = throttling.Limit("guesses", 3, 60)

    def guess(self, who: str, *, right: bool, given: str = "code") -> str:
        secrets = {"code": "gold"} if right else {}
        try:
            with throttling.guessing(self.limit, who, given=given, wrong=LookupError):
                secrets["code"]
        except LookupError:
            return "wrong"
        except errors.TooOften:
            return "refused"
        return "right"

    def test_right_ones_are_free_until_the_wrong_ones_are_used_up(self) -> None:
        assert {self.guess("user:1", right=True) for _ in range(9)} == {"right"}
        assert [self.guess("user:1", right=False) for _ in range(4)] == [*["wrong"] * 3, "refused"]
        assert self.guess("user:1", right=True) == "refused"
        assert self.guess("user:2", right=True) == "right"

    def test_nothing_given_is_no_guess(self) -> None:
        for _ in range(9):
            assert self.guess("user:3", right=False, given="") == "wrong"

    def test_other_errors_are_no_guess(self) -> None:
        for _ in range(9):
            with (
                pytest.raises(KeyboardInterrupt),
                throttling.guessing(self.limit, "user:4", given="code", wrong=LookupError),
            ):
                raise KeyboardInterrupt
        assert self.guess("user:4", right=True) == "right"

    def test_eight_threads_guess_no_more_often(self) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.guess("user:5", right=False), range(16)))
        assert Counter(answers) == {"wrong": 3, "refused": 13}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.7, 203.0.113.9", "198.51.100.7"),
        (2, "10.9.9.9, 198.51.100.7,203.0.113.9", "198.51.100.7"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "not an address", "192.0.2.1"),
        (1, "", "192.0.2.1"),
    ],
)
def test_the_hop_our_outermost_proxy_saw_is_the_caller(
    settings: Settings, proxies: int, forwarded: str, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get(
        "/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="192.0.2.1"
    )

    assert client_ip(request) == expected
