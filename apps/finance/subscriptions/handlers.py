"""What subscriptions do when payments have something to tell."""
