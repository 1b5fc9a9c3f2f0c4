"""`.env.example` names every setting that the environment gives, and none that it does not."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Read by settings, yet not for whoever deploys: each with its reason.
NOT_FOR_DEPLOYMENT = {
    "MAIL_DIRECTORY": "a developer's machine only: mail in files",
    "PYTEST_XDIST_WORKER": "set by the test runner",
    "SANDBOX_URL": "production refuses it",
}
#: Not read by settings: it chooses them.
CHOOSES_SETTINGS = {"DJANGO_SETTINGS_MODULE"}


def read_by_settings() -> set[str]:
    calls = re.compile(
        r"(?:\benv(?:\.\w+)?\(|environ\.get\(|environ\[|environ\.setdefault\()\s*\"([A-Z][A-Z0-9_]+)\""
    )
    text = "\n".join(path.read_text() for path in (ROOT / "fanz" / "settings").glob("*.py"))
    return set(calls.findall(text))


def named_by_example() -> set[str]:
    return set(re.findall(r"(?m)^([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text()))


def test_every_setting_is_in_the_example():
    assert read_by_settings() - NOT_FOR_DEPLOYMENT.keys() - named_by_example() == set()


def test_the_example_names_nothing_that_is_not_read():
    assert named_by_example() - CHOOSES_SETTINGS - read_by_settings() == set()
    assert NOT_FOR_DEPLOYMENT.keys() <= read_by_settings()


def test_the_example_holds_no_secret_of_development():
    text = (ROOT / ".env.example").read_text()

    assert "development-" not in text
    assert "BEGIN PRIVATE KEY" not in text
