"""Production: everything from the environment, nothing guessed."""

from fanz.settings.base import *  # noqa: F403
