"""What a receiver that follows the specification can check."""

import base64
import hashlib
import hmac

import pytest

from apps.webhooks.rules.signing import headers_of, secret_text, signature_of


def test_a_signature_is_that_of_the_specifications_example() -> None:
    """The example of the Standard Webhooks specification and its libraries' tests."""
    assert (
        signature_of(
            secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp=1614265330,
            body='{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_during_a_rotation_each_secret_signs() -> None:
    old, new = secret_text(b"o" * 32), secret_text(b"n" * 32)

    headers = headers_of(secrets=[new, old], message_id="msg_1", timestamp=5, body="{}")

    expected = [
        "v1," + base64.b64encode(hmac.digest(key * 32, b"msg_1.5.{}", hashlib.sha256)).decode()
        for key in (b"n", b"o")
    ]
    assert headers["webhook-signature"].split(" ") == expected
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1", "5")


def test_what_is_no_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="base64"):
        signature_of(secret="whsec_?", message_id="msg_1", timestamp=1, body="")
