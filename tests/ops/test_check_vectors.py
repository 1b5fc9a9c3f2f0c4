"""Examples of protocols, recomputed: the published ones, kinds beyond them, and false ones."""

import copy
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from apps.finance.payments.adapters import GATEWAYS
from apps.ops.services.vectors import Verdict, check_file
from apps.ops.services.vectors.check import PROCESSORS

FILE = Path(__file__).parents[1] / "vectors.json"
PUBLISHED = json.loads(FILE.read_text())
NAMES = st.sampled_from(
    ["subscription_id", "formPrice", "price", "currency", "url", "path", "body", "amount",
     "pspReference", "eventCode", "notificationItems", "additionalData", "signature", "address"]
)  # fmt: skip
OURS = {*GATEWAYS, "paxum"}
JUDGED = [
    v for v in PUBLISHED.values() if "expected" in v or "valid" in v or "expected_prefix" in v
]


def verdict(**entry):
    entry.setdefault("id", "any-name")
    [checked] = check_file(json.dumps({"public": [entry]}).encode())
    return checked.verdict


@pytest.mark.parametrize("vector", JUDGED, ids=lambda vector: vector["id"])
def test_every_published_example_is_recomputed(vector):
    implemented = vector["processor"] not in {"wise", "payoneer", "epayservice"}
    assert verdict(**vector) is (Verdict.OK if implemented else Verdict.NOT_IMPLEMENTED)
    assert verdict(**{**vector, "id": "another-name"}) is verdict(**vector)


@pytest.mark.parametrize(
    "vector",
    [
        v
        for v in JUDGED
        if v.get("secret") and isinstance(v.get("expected"), str) and v["processor"] in OURS
    ],
    ids=lambda vector: vector["id"],
)
def test_another_secret_differs(vector):
    other = vector["secret"][:-1] + ("1" if vector["secret"][-1] != "1" else "2")
    assert verdict(**{**vector, "secret": other}) is Verdict.DIFFERS


def md5(*parts):
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


BEYOND = [
    {"processor": "ccbill", "secret": "s", "input": {"denialId": "77"},
     "expected": md5("77", "0", "s")},
    {"processor": "ccbill", "secret": "s", "input": {"subscription_id": "77"},
     "algorithm": "MD5 hex of subscription_id + '0' + salt", "expected": md5("77", "0", "s")},
    {"processor": "ccbill", "secret": "s",
     "expected": md5("9.95", "30", "9.95", "30", "99", "036", "s"),
     "input": {"formPrice": "9.95", "formPeriod": 30, "formRecurringPrice": "9.95",
               "formRecurringPeriod": 30, "formRebills": 99, "currencyCode": 36}},
    {"processor": "vendo", "secret": "test",
     "input": "http://mydummy.com/?test=test&foo=barz",
     "expected": "http://mydummy.com/?test=test&foo=barz&signature=Nj-UJLpDvEI-F-epN44SG-8nqCg"},
    {"processor": "vendo", "secret": "test", "expected": False,
     "input": "http://dummy/?test=test&foo=bar&signature=FHmXgS5ptIzbkeSWqc1AnPYZcxU"},
    {"processor": "vendo", "secret": "test", "expected": False,
     "input": "http://dummy.test/?expires=31553280&signature=xzy"},
    {"processor": "epoch", "secret": "k", "input": {"b": 2.50, "a": "x y", "epoch_digest": "no"},
     "expected": hmac.new(b"k", b"ax yb2.5", "md5").hexdigest()},
    {"processor": "coinbase", "secret": "k", "input": '{"id": 1}',
     "expected": hmac.new(b"k", b'{"id": 1}', "sha256").hexdigest()},
    {"processor": "adyen", "secret": "00ff", "expected": False,
     "input": {"pspReference": "1", "amount": {"value": 1, "currency": "EUR"},
               "eventCode": "REFUND", "success": True, "additionalData": {"hmacSignature": "x"}}},
    {"processor": "verotel", "secret": "k", "filter_to_signed_fields": True,
     "input": "https://a.example/startorder?b=2&type=x&shopID=1",
     "expected": hashlib.sha256(b"k:shopID=1:type=x").hexdigest()},
    {"processor": "crypto", "input": "0xdac17f958d2ee523a2206206994597c13d831ec7",
     "expected": "0xdAC17F958D2ee523a2206206994597C13D831ec7"},
    {"processor": "crypto", "invalid": [["1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mp"], "0x12"]},
    {"processor": "sepa", "valid": ["GB82 WEST 1234 5698 7654 32", "RF18539007547034"],
     "invalid": ["GB83 WEST 1234 5698 7654 32"]},
    {"processor": "wire", "input": "539007547034", "expected": "RF18539007547034"},
    {"processor": "paxum", "secret": "s", "input": {"accountId": "1"},
     "algorithm": "balanceInquiry", "expected": md5("s", "1")},
]  # fmt: skip


@pytest.mark.parametrize("entry", BEYOND, ids=lambda entry: f"{entry['processor']}")
def test_other_examples_of_known_kinds_need_no_new_code(entry):
    assert verdict(**entry) is Verdict.OK


@pytest.mark.parametrize(
    "entry",
    [
        {"processor": "ccbill", "secret": "s", "input": {"what": "1"}, "expected": "x"},
        {"processor": "netbilling", "secret": "s", "input": {"what": "1"}, "expected": "x"},
        {"processor": "nowhere", "secret": "s", "input": "1", "expected": "x"},
        {"processor": "nmi", "secret": "s", "input": "1", "expected": "x"},
        {"processor": "vendo", "secret": "s", "input": "http://[", "expected": False},
        {"processor": "btcpay", "secret": "s", "input": "\ud800", "expected": "x"},
        {"processor": "crypto", "valid": True},
        {"processor": "ach", "input": "1", "expected": {"no_such_total": "1"}},
    ],
    ids=lambda entry: entry["processor"],
)
def test_what_fits_no_construction_is_reported_as_unknown(entry):
    assert verdict(**entry) is Verdict.UNKNOWN


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


@given(
    st.sampled_from(sorted(PROCESSORS)),
    st.dictionaries(
        st.sampled_from(["input", "secret", "expected", "algorithm", "nonce", "valid", "invalid",
                         "hash_fields", "canonical", "signature", "shopID", "expected_prefix",
                         "filter_to_signed_fields"]),
        ANY,
    ),
)  # fmt: skip
def test_an_example_of_any_shape_is_judged(processor, more):
    assert verdict(processor=processor, **more) in Verdict


@given(
    st.sampled_from(sorted(PUBLISHED)), st.sampled_from(["input", "secret", "valid", "nonce"]), ANY
)
def test_a_published_example_with_one_part_of_any_shape_is_judged(name, part, value):
    assert verdict(**{**PUBLISHED[name], part: value}) in Verdict


def test_a_changed_file_of_a_bank_differs():
    vector = copy.deepcopy(PUBLISHED["nacha-ppd-debit"])
    vector["input"] = vector["input"].replace("0100000000  ", "0100000001  ", 1)
    assert verdict(**vector) is Verdict.DIFFERS


def test_the_command_prints_one_line_each_and_ends_with_1_on_a_difference(tmp_path, capsys):
    call_command("check_vectors", str(FILE))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(PUBLISHED) + 1
    assert lines[-1].startswith(f"{len(JUDGED) - 3} ok, 0 differs, 0 unknown, 3 not implemented")
    false = dict(PUBLISHED["btcpay-sig"], expected="sha256=00", id="false")
    unknown = {"id": "odd", "processor": "ccbill", "input": 7}
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps({"meta": {}, "public": [false, unknown, PUBLISHED["btcpay-sig"]]}))
    with pytest.raises(CommandError) as ended:
        call_command("check_vectors", str(path))
    assert ended.value.returncode == 1
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in out] == ["differs", "unknown", "ok", "1"]


def test_what_is_no_file_of_examples_ends_with_2(tmp_path):
    path = tmp_path / "none.json"
    for content in ("[]", "{", '{"meta": {"a": NaN}}'):
        path.write_text(content)
        with pytest.raises(CommandError) as ended:
            call_command("check_vectors", str(path))
        assert ended.value.returncode == 2
