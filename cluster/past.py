"""`Past`: whether a tenant's recent requests were mostly refused. Bounded: who sent nothing for longest is forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

_KEEP: Final = 0.97  # weight of a verdict, from one verdict to the next: about thirty count
_DOUBT: Final = 0.3
_TRUST: Final = 0.1
"""The share of refusals from which on a tenant is doubtful, and below which it is so no more."""


class Past:
    """Shares of refusals. For one thread at a time."""

    def __init__(self, max_tenants: int) -> None:
        self._most = max_tenants
        self._shares: OrderedDict[str, float] = OrderedDict()
        self._doubtful: set[str] = set()

    def doubtful(self, tenant: str) -> bool:
        return tenant in self._doubtful

    def learn(self, tenant: str, verdicts: int, refused: int) -> None:
        """So many verdicts of a tenant came, some of them refusals."""
        if not verdicts:
            return
        old = _KEEP**verdicts
        share = old * self._shares.pop(tenant, 0.0) + (1 - old) * refused / verdicts
        self._shares[tenant] = share
        if share >= _DOUBT:
            self._doubtful.add(tenant)
        elif share < _TRUST:
            self._doubtful.discard(tenant)
        if len(self._shares) > self._most:
            gone, _ = self._shares.popitem(last=False)
            self._doubtful.discard(gone)

    def known(self, tenant: str) -> bool:
        """Whether anything of a tenant was refused lately; one without a past needs no counting while all is true."""
        return tenant in self._shares
