"""How fast the platform is beside what the machine can do: ``make bench`` (docs/benchmarks.md)."""
