"""The static model of a card, and the reading of machine code that it stands on."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from benches.gpu_gate import records
from benches.gpu_gate.__main__ import ARCHITECTURES, KERNELS, MODEL, modules
from benches.gpu_gate.cubin import kernels, longest_loop, sections
from benches.gpu_gate.records import regressions, worse_kernels
from coproc.codegen.device import model
from coproc.codegen.device.model import Cost

SASS = """
\t.section\t.text.busy,"ax",@progbits
.text.busy:
        /*0000*/                   LDC R1, c[0x0][0x28] ;
.L_x_1:
        /*0010*/                   IMAD.WIDE.U32 R2, P0, R4, R5, R6 ;
        /*0020*/              @!P0 IADD3.X R2, R2, RZ, RZ, P1, !PT ;
        /*0030*/               @P1 BRA `(.L_x_1) ;
        /*0040*/                   LD.E R0, [R2] ;
        /*0050*/                   STL [R1], R0 ;
        /*0060*/                   EXIT ;
\t.section\t.text.idle,"ax",@progbits
.text.idle:
        /*0000*/                   EXIT ;
"""
LOG = """ptxas info    : Compiling entry function 'idle' for 'sm_90'
ptxas info    : Function properties for idle
ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 8 registers, used 0 barriers
ptxas info    : Compiling entry function 'busy' for 'sm_90'
ptxas info    : Function properties for busy
ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 40 registers, used 0 barriers
ptxas info    : Function properties for callee
ptxas         .     16 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads
"""


def test_a_kernel_is_charged_with_what_its_functions_spill() -> None:
    found = kernels(LOG, SASS)
    assert (found["busy"].registers, found["busy"].stack, found["busy"].spills, found["busy"].wide) == (40, 16, 12, 1)
    assert found["busy"].wrong == ["stack 16", "spills 12", "local 1", "generic 1"]
    assert found["idle"].wrong == []


def test_the_instructions_of_a_loop_are_those_between_its_label_and_its_branch() -> None:
    assert longest_loop(sections(SASS)["busy"]) == Counter({"IMAD.WIDE.U32": 1, "IADD3.X": 1})


@pytest.mark.parametrize(
    ("opcode", "cost"),
    [
        ("IMAD.WIDE.U32.X", Cost(fma=4, issue=1)),
        ("IMAD.HI.U32", Cost(fma=4, issue=1)),
        ("IMAD.MOV.U32", Cost(fma=2, issue=1)),
        ("IMAD", Cost(fma=2, issue=1)),
        ("IADD3.X", Cost(alu=2, issue=1)),
        ("LDS", Cost(lsu=4, issue=1)),
        ("BRA", Cost(issue=1)),
    ],
)
def test_each_instruction_keeps_one_pipe(opcode: str, cost: Cost) -> None:
    assert model.cost_of(opcode) == cost


def test_pipes_work_beside_each_other() -> None:
    both = model.total({"IMAD.WIDE": 10, "IADD3": 5, "LDS": 2})
    assert (both.fma, both.alu, both.lsu, both.issue, both.cycles) == (40, 10, 8, 17, 40)


def test_scratch_and_registers_bound_the_warps() -> None:
    assert model.warps_a_scheduler(32, 0, 64) == 16
    assert model.warps_a_scheduler(168, 73728, 64) == 1.5
    assert model.warps_a_scheduler(255, 0, 64) == 2


def test_more_warps_never_take_less_time() -> None:
    cost = Cost(fma=1000, issue=400)
    times = [model.seconds(cost, warps, 2.0) for warps in range(0, 4 * model.SCHEDULERS, 33)]
    assert times == sorted(times)


def test_a_regression_beyond_three_per_cent_fails() -> None:
    def report(cycles: float, rate: float) -> dict[str, object]:
        return {"primitives": {"fp": {"mul": {"cycles": cycles, "wide": 7}}}, "figures": {"a": {"expected": rate}}}

    assert regressions(report(103, 98), report(100, 100)) == []
    assert len(regressions(report(104, 100), report(100, 100))) == 1
    assert len(regressions(report(100, 97), report(100, 100))) == 1
    assert len(regressions({"primitives": {}, "figures": {}}, report(1, 1))) == 2


def test_more_registers_more_wide_multiplications_and_unknown_kernels_fail() -> None:
    def table(registers: int, wide: int, name: str = "hades") -> records.Table:
        return {name: {"sm_90 128": [registers, 5000, wide]}}

    assert worse_kernels(table(104, 103), table(100, 100)) == []
    assert worse_kernels(table(60, 50), table(100, 100)) == []
    assert worse_kernels(table(105, 100), table(100, 100)) == ["hades sm_90 128: 105 registers, 100 before"]
    assert worse_kernels(table(100, 104), table(100, 100)) == ["hades sm_90 128: 104 wide multiplications, 100 before"]
    assert len(worse_kernels(table(1, 1, "new"), table(1, 1))) == 2


def test_what_is_kept_of_kernels_is_read_as_it_was_written() -> None:
    table = {"b": {"sm_80 64": [1, 2, 3]}, "a": {"sm_90 32": [4, 5, 6], "sm_90 64": [7, 8, 9]}}
    assert json.loads(records.written(table, "13.5")) == {"compiler": "NVRTC 13.5", "columns": list(records.COLUMNS), "kernels": table}


def test_every_kernel_is_kept_for_every_architecture_and_size_of_group() -> None:
    kept = json.loads(KERNELS.read_text(encoding="utf-8"))["kernels"]
    wanted = {(family, curve, f"{arch} {block}") for family, curve, block, arch in modules()}
    assert {(*name.split()[:2], where) for name, row in kept.items() for where in row} == wanted
    assert all(
        set(row) == {f"{arch} {b}" for arch in ARCHITECTURES for b in {int(where.split()[1]) for where in row}} for row in kept.values()
    )
    model = json.loads(MODEL.read_text(encoding="utf-8"))["kernels"]
    assert sum(map(len, model.values())) == len(kept)
