"""The store: what is committed is read back, views do not change, nothing half done, and size costs nothing."""

from __future__ import annotations

import ctypes
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coproc.vm.state import PAGE, ContractChange, InvalidChange, NewContract, StateError, Store, StoreFailure, UnknownCommit
from coproc.vm.state.tree import CONTRACTS, EMPTY, PAGES_32, PAGES_64, ZERO, Shape, Tree, changed, leaf, node, root, update
from tests.vm.histories import Session, page_bytes

A, B = bytes([1]) * 32, bytes([2]) * 32
CODE = NewContract(b"\0asm bytecode", b"an owner", False)


def filled(byte: int) -> bytes:
    return bytes([byte]) * PAGE


def new(pages: dict[int, bytes], *, is_64: bool = False) -> ContractChange:
    return ContractChange(3 * PAGE, pages, NewContract(b"\0asm", b"o", is_64))


# ---- trees ----
def plain_root(leaves: dict[int, bytes], shape: Shape) -> bytes:
    """The definition, level by level."""
    level = dict(leaves)
    for _ in range(shape.height):
        parents: dict[int, list[bytes]] = {}
        for position, hash_ in level.items():
            parents.setdefault(position // shape.arity, [ZERO] * shape.arity)[position % shape.arity] = hash_
        level = {position: node(b"".join(children)) for position, children in parents.items()}
    return level.get(0, ZERO)


@given(st.sampled_from([CONTRACTS, PAGES_32, PAGES_64]), st.data())
@settings(max_examples=60, deadline=None)
def test_a_tree_updated_in_steps_has_the_root_of_its_definition(shape: Shape, data: st.DataObject) -> None:
    positions = st.one_of(st.integers(1, 40), st.integers(1, shape.capacity - 1))
    hashes = st.one_of(st.binary(min_size=32, max_size=32), st.just(ZERO) if shape is CONTRACTS else st.just(b"1" * 32))
    tree, all_leaves, nodes = EMPTY, dict[int, bytes](), dict[bytes, bytes]()
    for step in data.draw(st.lists(st.dictionaries(positions, hashes, max_size=6), max_size=5)):
        before = tree, dict(all_leaves)
        tree = update(tree, shape, step, nodes.__getitem__, nodes)
        all_leaves |= step
        assert root(tree, shape) == plain_root(all_leaves, shape)
        assert all(leaf(tree, shape, position, nodes.__getitem__) == hash_ for position, hash_ in all_leaves.items())
        new_or_other = {position: hash_ for position, hash_ in step.items() if before[1].get(position, ZERO) != hash_}
        assert dict(changed(before[0], tree, shape, nodes.__getitem__)) == new_or_other
        gone = {position: before[1].get(position, ZERO) for position in new_or_other}
        assert dict(changed(tree, before[0], shape, nodes.__getitem__)) == gone


def test_position_zero_and_the_last_page_are_pages_like_others() -> None:
    nodes: dict[bytes, bytes] = {}
    one = update(EMPTY, PAGES_32, {0: b"1" * 32}, nodes.__getitem__, nodes)
    assert one == Tree(b"1" * 32, 0)
    assert root(one, PAGES_32) == plain_root({0: b"1" * 32}, PAGES_32)
    both = update(one, PAGES_32, {65535: b"2" * 32}, nodes.__getitem__, nodes)
    assert root(both, PAGES_32) == plain_root({0: b"1" * 32, 65535: b"2" * 32}, PAGES_32)
    with pytest.raises(ValueError, match="position 65536"):
        update(one, PAGES_32, {65536: b"2" * 32}, nodes.__getitem__, nodes)


# ---- committing and reading ----
def test_what_is_committed_is_read_back_after_reopening(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        root_ = store.commit(None, {A: ContractChange(5 * PAGE, {0: filled(1), 4: filled(2), 70: filled(0)}, CODE)})
    with Store(tmp_path) as store, store.open(root_) as view:
        record = view.contract(A)
        assert record is not None
        assert (record.bytecode, record.owner, record.is_64, record.length) == (CODE.bytecode, CODE.owner, False, 5 * PAGE)
        assert [page_bytes(view, A, index)[:1] for index in (0, 4, 70)] == [b"\1", b"\2", b"\0"]
        assert record.page(1) is None
        assert record.page(65535) is None
        assert record.page(1 << 40) is None
        assert record.page(-1) is None
        assert {index: ctypes.string_at(address, PAGE) for index, address in record.pages()} == {0: filled(1), 4: filled(2), 70: filled(0)}
        assert view.contract(B) is None
        assert list(view.contracts()) == [A]
        assert store.head() == root_


def test_a_page_may_be_given_by_its_address() -> None:
    with Store() as store:
        page = ctypes.create_string_buffer(filled(7), PAGE)
        by_address = store.commit(None, {A: new({3: ctypes.addressof(page)})})
        assert by_address == store.commit(None, {A: new({3: filled(7)})})
        assert page_bytes(store.open(by_address), A, 3) == filled(7)


def test_equal_pages_are_kept_once(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.commit(None, {A: new(dict.fromkeys(range(2000), filled(9)))})
        assert sum(file.stat().st_blocks * 512 for file in tmp_path.iterdir()) < 2_000_000


def test_the_root_of_changes_is_told_without_writing() -> None:
    with Store() as store, store.open() as view:
        changes = {A: new({0: filled(1)})}
        told = view.root_of(changes)
        assert store.roots() == []
        assert store.commit(None, changes) == told


def test_two_histories_from_one_base_do_not_meet() -> None:
    with Store() as store:
        base = store.commit(None, {A: new({0: filled(1)})})
        left = store.commit(base, {A: ContractChange(3 * PAGE, {0: filled(2)})})
        right = store.commit(base, {A: ContractChange(3 * PAGE, {1: filled(3)}), B: new({})})
        seen = [
            (page_bytes(view, A, 0)[0], page_bytes(view, A, 1)[0], view.contract(B) is not None)
            for view in map(store.open, (base, left, right))
        ]
        assert seen == [(1, 0, False), (2, 0, False), (1, 3, True)]
        tables = [[index for index, _ in record.pages()] for view in map(store.open, (right, left, base)) if (record := view.contract(A))]
        assert tables == [[0, 1], [0], [0]]
        assert store.roots() == [base, left, right]


def test_growth_alone_leaves_the_root_and_the_commit_that_has_it() -> None:
    """As piecrust has it: a commit is its root, and the length of a memory is not in it."""
    with Store() as store:
        base = store.commit(None, {A: new({0: filled(1)})})
        assert store.commit(base, {A: ContractChange(9 * PAGE)}) == base
        record = store.open(base).contract(A)
        assert record is not None
        assert record.length == 3 * PAGE


def test_a_view_does_not_change_under_commits_deletion_and_collection() -> None:
    with Store() as store:
        first = store.commit(None, {A: new({0: filled(1)})})
        view = store.open(first)
        record = view.contract(A)
        assert record is not None
        page = record.page(0)
        assert page is not None
        head = first
        for value in range(2, 40):
            head = store.commit(head, {A: ContractChange(3 * PAGE, {0: filled(value)})})
            for old in store.roots()[:-1]:
                if old != first:
                    store.delete(old)
            store.collect()
        assert ctypes.string_at(page.address, PAGE) == filled(1)
        store.delete(first)
        assert store.commit(first, {B: new({})}) in store.roots()
        view.close()
        assert first not in store.roots()
        assert store.collect() == 0


def test_a_view_closed_inside_a_transaction_leaves_deletion_for_later() -> None:
    class Closing(dict[int, bytes]):
        def items(self) -> Any:
            view.close()
            return super().items()

    with Store() as store:
        first = store.commit(None, {A: new({0: filled(1)})})
        view = store.open(first)
        store.delete(first)
        second = store.commit(first, {A: ContractChange(PAGE, Closing({0: filled(2)}))})
        assert store.collect() == 1
        assert store.roots() == [second]


def test_collection_frees_what_no_commit_needs_and_nothing_else(tmp_path: Path) -> None:
    rng = random.Random(5)
    with Store(tmp_path) as store:
        head = store.commit(None, {A: new({})})
        for _ in range(60):
            with store.open(head) as view:
                session = Session(view)
                if rng.random() < 0.2:
                    session.deploy(rng.randbytes(32), NewContract(rng.randbytes(50), b"", rng.random() < 0.5), PAGE)
                for contract in rng.sample(sorted({*view.contracts(), *session.new}), 1):
                    session.write(contract, rng.randrange(1 << 18), rng.randbytes(9))
                head = store.commit(head, session.changes())
        kept = [root_ for root_ in store.roots() if root_ == head or rng.random() < 0.3]
        for root_ in store.roots():
            if root_ not in kept:
                store.delete(root_)
        with store.open(head) as view:
            before = {contract: dict(record.pages()) for contract in view.contracts() if (record := view.contract(contract))}
        assert before
        assert store.collect() > 0
        assert store.collect() == 0
        for root_ in kept:
            store.check(root_)
        for value in range(20):
            head = store.commit(head, {A: ContractChange(PAGE, {value: filled(value)})})
        store.check(head)
        assert store.head() == head


def test_tables_of_pages_follow_every_commit() -> None:
    rng = random.Random(6)
    with Store() as store:
        head = store.commit(None, {A: new({})})
        known: dict[bytes, dict[int, bytes]] = {head: {}}
        for step in range(60):
            base = rng.choice([*known]) if step % 3 == 0 else head
            dirty = {rng.choice([rng.randrange(20), rng.randrange(65536)]): filled(rng.randrange(256)) for _ in range(rng.randrange(1, 6))}
            head = store.commit(base, {A: ContractChange(3 * PAGE, dirty)})
            known[head] = {**known[base], **dirty}
            if step % 20 == 19:
                store.collect()
            with store.open(head) as view:
                record = view.contract(A)
                assert record is not None
                assert {index: ctypes.string_at(address, PAGE) for index, address in record.pages()} == known[head]


# ---- what is refused ----
@pytest.mark.parametrize(
    "changes",
    [
        {A: ContractChange(PAGE, {0: b"short"})},
        {A: ContractChange(PAGE, {65536: bytes(PAGE)})},
        {A: ContractChange(PAGE, {-1: bytes(PAGE)})},
        {A: ContractChange((1 << 32) + 1)},
        {A: new({})},
        {B: ContractChange(PAGE)},
        {b"short": new({})},
    ],
)
def test_changes_that_no_session_makes_change_nothing(changes: dict[bytes, ContractChange]) -> None:
    with Store() as store:
        base = store.commit(None, {A: new({0: filled(1)})})
        with pytest.raises(InvalidChange):
            store.open(base).root_of(changes)
        with pytest.raises(InvalidChange):
            store.commit(base, {bytes([3]) * 32: new({5: filled(5)}), **changes})
        assert store.roots() == [base]
        store.check(base)


@pytest.mark.parametrize("unknown", [bytes(32), b"", b"x" * 32, b"x" * 2000])
def test_an_unknown_commit_is_refused_by_name(unknown: bytes) -> None:
    with Store() as store:
        for act in (store.open, store.delete, store.check, lambda root_: store.commit(root_, {})):
            with pytest.raises(UnknownCommit):
                act(unknown)


def test_a_full_store_says_so_and_keeps_what_it_had(tmp_path: Path) -> None:
    with Store(tmp_path, map_size=4 << 20) as store:
        base = store.commit(None, {A: new({0: filled(1)})})
        with pytest.raises(StoreFailure, match="MDB_MAP_FULL"):
            store.commit(base, {A: ContractChange(PAGE, {index: os.urandom(PAGE) for index in range(100)})})
        assert store.check(base) == 1
        assert store.commit(base, {A: ContractChange(PAGE, {0: filled(2)})}) == store.head()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(os.urandom(1 << 16))
    with pytest.raises(StoreFailure):
        Store(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreFailure):
        Store(tmp_path / "file")


def test_damage_is_found(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        base = store.commit(None, {A: new({0: filled(1), 1: filled(2)})})
    data = (tmp_path / "data.mdb").read_bytes()
    at = data.index(filled(2)) + 777
    with (tmp_path / "data.mdb").open("r+b") as file:
        file.seek(at)
        file.write(b"\0")
    with Store(tmp_path) as store, pytest.raises(StoreFailure, match="damaged: page"):
        store.check(base)


def test_a_closed_store_says_so() -> None:
    store = Store()
    view = store.open()
    store.close()
    store.close()
    view.close()
    with pytest.raises(StateError, match="closed"):
        store.open()
    with pytest.raises(StateError, match="closed"):
        store.commit(None, {})


# ---- size ----
def test_a_thousand_contracts_and_a_large_state_slow_nothing() -> None:
    """Opening a view, finding a contract, reading a page and committing one page, beside the same in a store of one contract."""

    def best(store: Store, head: bytes, contract: bytes) -> tuple[float, float]:
        reads, writes = [], []
        for attempt in range(40):
            started = time.perf_counter()
            with store.open(head) as view:
                record = view.contract(contract)
                assert record is not None
                assert record.page(1) is not None
                assert len(record.pages())
            reads.append(time.perf_counter() - started)
            started = time.perf_counter()
            store.commit(head, {contract: ContractChange(3 * PAGE, {1: attempt.to_bytes(8, "big") * (PAGE // 8)})})
            writes.append(time.perf_counter() - started)
        return min(reads), min(writes)

    with Store() as small, Store() as large:
        one = small.commit(None, {A: new({1: filled(1)})})
        rng = random.Random(8)
        many = large.commit(None, {A: new({1: filled(1)})} | {rng.randbytes(32): new({1: filled(1)}) for _ in range(1000)})
        pages = [filled(byte) for byte in range(256)]
        many = large.commit(many, {A: ContractChange(1 << 31, {index: pages[index % 256] for index in range(20_000)})})
        few, much = best(small, one, A), best(large, many, A)
    assert much[0] < 20 * few[0] + 0.001
    assert much[1] < 20 * few[1] + 0.003
