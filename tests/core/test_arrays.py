"""Arrays that travel as PostgreSQL keeps them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.db import Bigints, Texts, prepared_rows

pytestmark = pytest.mark.django_db

ECHO = "SELECT %s::bigint[], %s::text[]"
NUMBERS = [
    [],
    [0],
    [1, -1, 255, -256, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63)],
    list(range(-2000, 2000)),
]
WORDS = [
    [],
    [""],
    ["", "NULL", "a,b", '"', "\\", "{}", "it's", "%s", "é", "\N{SNOWMAN}", "\N{GRINNING FACE}"],
    [f"transaction:{i}:captured" for i in range(2000)],
]
BOTH = list(zip(NUMBERS, WORDS, strict=True))


@pytest.mark.parametrize(("numbers", "words"), BOTH)
def test_what_is_sent_arrives(numbers: list[int], words: list[str]) -> None:
    assert prepared_rows(ECHO, (Bigints(numbers), Texts(words))) == [(numbers, words)]


@pytest.mark.parametrize(("numbers", "words"), BOTH)
def test_it_arrives_while_somebody_looks_on(numbers: list[int], words: list[str]) -> None:
    with CaptureQueriesContext(connection) as seen:
        rows = prepared_rows(ECHO, (Bigints(numbers), Texts(words)))

    assert rows == [(numbers, words)]
    assert len(seen) == 1


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_what_is_no_bigint_is_not_cut_short(number: int) -> None:
    with pytest.raises(OverflowError):
        prepared_rows(ECHO, (Bigints([number]), Texts()))
