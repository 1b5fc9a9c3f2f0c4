"""The books over HTTP, to read."""
