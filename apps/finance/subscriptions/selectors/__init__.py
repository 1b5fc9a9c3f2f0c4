"""The reads of subscriptions."""
