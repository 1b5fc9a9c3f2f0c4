"""A stand-in for the payment processors: their real protocols over HTTP, no real money."""
