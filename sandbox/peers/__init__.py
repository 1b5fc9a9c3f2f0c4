"""Stand-ins for the gateways, each from its processor's protocol alone. Read first: ``base``."""
