"""The payment sandbox, as the simulation drives it."""
