"""Recompute published examples of protocols with the code that speaks to the processors."""

from apps.ops.services.vectors.check import Checked, Verdict, check_file

__all__ = ["Checked", "Verdict", "check_file"]
