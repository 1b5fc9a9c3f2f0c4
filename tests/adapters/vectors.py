"""The published test vectors, by name; where they come from stands in each."""

import json
from pathlib import Path

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())
