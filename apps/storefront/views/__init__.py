"""Pages of the brands, one module per group of pages."""
