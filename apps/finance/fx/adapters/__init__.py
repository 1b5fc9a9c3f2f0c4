"""Files of exchange rates, read; nothing here touches the network or the database."""

from apps.finance.fx.adapters.files import Quoted, read_rates

__all__ = ["Quoted", "read_rates"]
