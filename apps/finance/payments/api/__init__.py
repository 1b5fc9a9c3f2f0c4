"""HTTP and JSON of payments."""
