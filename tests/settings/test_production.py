"""Production starts with real secrets or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fanz.settings.secrets import DEVELOPMENT_SECRETS

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "DJANGO_SETTINGS_MODULE": "fanz.settings.production",
    "PATH": os.environ["PATH"],
    "ALLOWED_HOSTS": "boyfanz.example",
    "DATABASE_URL": os.environ["DATABASE_URL"],
    "REDIS_URL": os.environ["REDIS_URL"],
    "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
    "DEFAULT_FROM_EMAIL": "FANZ <no-reply@example.com>",
    **{name: f"{name}-of-a-real-deployment-{'x' * 40}" for name in DEVELOPMENT_SECRETS},
}


def manage(*arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class TestProductionSettings:
    def test_pass_the_deployment_checks_without_a_warning(self):
        result = manage("check", "--deploy", "--fail-level", "INFO")

        assert result.returncode == 0, result.stderr
        assert "no issues" in result.stdout + result.stderr

    @pytest.mark.parametrize("name", sorted(DEVELOPMENT_SECRETS))
    def test_refuse_a_missing_or_public_secret(self, name):
        missing = manage("check", **{name: None})
        public = manage("check", **{name: DEVELOPMENT_SECRETS[name]})

        assert missing.returncode != 0
        assert f"{name} is missing" in missing.stderr
        assert public.returncode != 0
        assert f"{name} has the public development value" in public.stderr

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"PAXUM_API_URL": "http://127.0.0.1:8010/paxum"}, "PAXUM_API_URL must be https"),
            ({"SANDBOX_URL": "http://127.0.0.1:8010"}, "SANDBOX_URL must not be set"),
            ({"SECRET_KEY": "short"}, "SECRET_KEY needs 50 characters"),
        ],
    )
    def test_never_reach_the_sandbox(self, change, complaint):
        result = manage("check", **change)

        assert result.returncode != 0
        assert complaint in result.stderr
