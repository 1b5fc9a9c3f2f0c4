"""Purchases over HTTP."""
