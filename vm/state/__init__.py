"""The state of contracts between sessions: pages by their hash in an embedded store, and roots equal to piecrust's.

with Store(path) as store, store.open(store.head()) as view:
    record = view.contract(contract_id)              # bytecode, owner, is_64, length, pages
    root = view.root_of(changes)                     # writes nothing
    root = store.commit(view.root, changes)          # on disk when it returns
"""

from .commit import ContractChange, NewContract
from .errors import InvalidChange, StateError, StoreFailure, UnknownCommit
from .records import PAGE
from .store import Store
from .view import ContractRecord, PageAt, PageTable, StateView

__all__ = [
    "PAGE",
    "ContractChange",
    "ContractRecord",
    "InvalidChange",
    "NewContract",
    "PageAt",
    "PageTable",
    "StateError",
    "StateView",
    "Store",
    "StoreFailure",
    "UnknownCommit",
]
