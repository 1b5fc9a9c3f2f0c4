"""HTTP, JSON, CSV and printable pages of the reports."""
