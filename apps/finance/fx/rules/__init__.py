"""Pure arithmetic of currencies: rates, and positions with their gains."""
