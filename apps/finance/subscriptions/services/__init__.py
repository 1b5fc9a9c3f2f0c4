"""The use cases of subscriptions; the only writers of its tables."""
