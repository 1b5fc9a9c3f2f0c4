"""Pages of long tables without counting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

if TYPE_CHECKING:
    BasePaginator = Paginator[Any]
else:
    BasePaginator = Paginator

#: Nobody pages further: whoever looks for something narrows the list instead.
CAP = 1000


class CappedPaginator(BasePaginator):
    """Counts to CAP at most, so a list of a billion rows costs no more than one of a thousand."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return rows.order_by()[:CAP].count()
        return min(len(rows), CAP)

    @property
    def is_capped(self) -> bool:
        return self.count >= CAP
