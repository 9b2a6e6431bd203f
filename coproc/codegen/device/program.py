"""Straight-line programs over Fp and Fp2: formulas in Python, traced once, printed as C, run on integers.

A formula is a Python function of `Fp` and `Fp2` values, whose operators record what they are asked for. `allocate.compiled` turns the
record into a `Program`: operations in an order that keeps few values alive (`schedule.order`), each with the slots of its operands and of
its result (`allocate.compiled`). A program reads and writes *regions*, runs of slots that the caller names; it is printed as one C function

    NOINLINE void fp12_sqr_at(SCRATCH_FIRST const u32 f, const u32 t) { fp2_mul_at(SCRATCH_PASS t, f, f + 6 * SLOT); ... }

whose parameters are the regions, `t` (slots for what lies between) and the pointers that operations load from. An operation bears the name
of the primitive of kernels_cuda/field that does it. `interpret` runs the operations on integers, `interpret_slots` runs the printed form,
slots and all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

FP_MULTIPLICATIONS: Final = {"fp_mul": 1, "fp_sqr": 1, "fp2_mul": 3, "fp2_sqr": 2, "fp2_mul_fp": 2}
"""Multiplications in Fp of an operation; all others have none."""
_OPERAND_WIDTHS: Final = {"fp2_mul_fp": (2, 1), "fp2_embed": (1,)}
"""Where they differ from the width of the result."""


@dataclass(frozen=True, slots=True)
class Operation:
    """result = name(operands), values by number; width 1 (Fp) or 2 (Fp2).

    source: the table that fp_set and fp2_set read, the pointer that fp_load and fp2_load read from element `index` on.
    """

    name: str
    operands: tuple[int, ...]
    result: int
    source: str = ""
    index: int = 0


@dataclass(frozen=True, slots=True)
class Region:
    """slots consecutive slots of the caller. read: they hold operands; written: they get results; a region that is not kept may hold
    anything in between, one that is read and not kept is lost."""

    name: str
    slots: int
    read: bool
    written: bool

    @property
    def kept(self) -> bool:
        return self.read and not self.written


@dataclass(frozen=True, slots=True)
class Place:
    """Slots `offset`, and `offset + 1` for Fp2, of a region."""

    region: str
    offset: int

    def text(self) -> str:
        """In words, as the functions of kernels_cuda/field take them."""
        return self.region if self.offset == 0 else f"{self.region} + {self.offset} * SLOT"


@dataclass(frozen=True, slots=True)
class Step:
    """An operation with its slots. fp2_store writes `to` to memory."""

    name: str
    to: Place
    operands: tuple[Place, ...]
    source: str = ""
    index: int = 0

    def text(self) -> str:
        """One call, or two for operations that kernels_cuda/field has for Fp alone."""
        to, upper = self.to.text(), Place(self.to.region, self.to.offset + 1).text()
        if self.name == "fp2_embed":
            return f"fp_copy_at(SCRATCH_PASS {to}, {self.operands[0].text()}); fp_zero_at(SCRATCH_PASS {upper});"
        if self.source:
            one = f"fp_{self.name.partition('_')[2]}_at(SCRATCH_PASS"
            places = (to, upper) if self.name.startswith("fp2_") else (to,)
            if self.name == "fp2_store":
                return " ".join(f"{one} {self._source(i)}, {at});" for i, at in enumerate(places))
            return " ".join(f"{one} {at}, {self._source(i)});" for i, at in enumerate(places))
        return f"{self.name}_at(SCRATCH_PASS {', '.join([to, *(p.text() for p in self.operands)])});"

    def _source(self, half: int) -> str:
        if self.name.endswith("_set"):
            return self.source if half == 0 else f"{self.source} + FP_LIMBS"
        element = self.index + half
        return f"{self.source}{f' + {element} * FP_LIMBS * {self.source}_stride' if element else ''}, {self.source}_stride"


@dataclass(frozen=True)
class Trace:
    """What a formula asked for. widths[v]: slots of value v; inputs and outputs: values and where they lie."""

    name: str
    regions: tuple[Region, ...]
    operations: tuple[Operation, ...]
    widths: tuple[int, ...]
    inputs: tuple[tuple[int, Place], ...]
    outputs: tuple[tuple[int, Place], ...]


@dataclass(frozen=True)
class Program:
    """A trace with an order and slots. temporaries: slots of region `t`; spilled: elements of Fp that go to memory in between, None where
    none may."""

    trace: Trace
    steps: tuple[Step, ...]
    temporaries: int
    spilled: int | None = None

    @property
    def name(self) -> str:
        return self.trace.name

    @property
    def slot_parameters(self) -> tuple[str, ...]:
        return (*(r.name for r in self.trace.regions), "t")

    @property
    def pointers(self) -> tuple[str, ...]:
        """Read; where something may be spilled, `spill` comes last and is written, too."""
        return tuple(dict.fromkeys(o.source for o in self.trace.operations if o.name.endswith("_load")))

    @property
    def multiplications(self) -> int:
        """In Fp."""
        return sum(FP_MULTIPLICATIONS.get(step.name, 0) for step in self.steps)

    @property
    def counts(self) -> dict[str, int]:
        """How often each primitive is called."""
        names = sorted({step.name for step in self.steps})
        return {name: sum(step.name == name for step in self.steps) for name in names}

    def text(self) -> str:
        """The C function, and the macro that takes slot numbers; a pointer is followed by its stride in words."""
        pointers = dict.fromkeys(self.pointers, "const u32") | ({} if self.spilled is None else {"spill": "u32"})
        slots, strides = self.slot_parameters, [word for name in pointers for word in (name, f"{name}_stride")]
        declared = [f"const u32 {name}" for name in slots]
        declared += [f"GLOBAL {kind} *{name}, const u32 {name}_stride" for name, kind in pointers.items()]
        lines = ["(void)t;"] if self.temporaries == 0 else []
        lines += ["(void)spill, (void)spill_stride;"] if self.spilled == 0 else []
        body = "\n".join(f"  {line}" for line in [*lines, *(step.text() for step in self.steps)])
        arguments = ", ".join([*(f"({name}) * SLOT" for name in slots), *strides])
        return (
            f"NOINLINE void {self.name}_at(SCRATCH_FIRST {', '.join(declared)}) {{\n{body}\n}}\n"
            f"#define {self.name}({', '.join([*slots, *strides])}) {self.name}_at(SCRATCH_PASS {arguments})\n"
        )


# ---- values -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Fp:
    """An element of the module's base field."""

    recorder: Recorder = field(repr=False)
    value: int

    def _do(self, name: str, *others: Fp) -> Fp:
        return Fp(self.recorder, self.recorder.record(name, 1, self.value, *(o.value for o in others)))

    def __add__(self, other: Fp) -> Fp:
        return self._do("fp_add", other)

    def __sub__(self, other: Fp) -> Fp:
        return self._do("fp_sub", other)

    def __mul__(self, other: Fp) -> Fp:
        return self.sqr() if other == self else self._do("fp_mul", other)

    def __neg__(self) -> Fp:
        return self._do("fp_neg")

    def sqr(self) -> Fp:
        return self._do("fp_sqr")

    def dbl(self) -> Fp:
        return self._do("fp_dbl")

    def half(self) -> Fp:
        return self._do("fp_half")

    def embed(self) -> Fp2:
        """As an element of Fp2."""
        return Fp2(self.recorder, self.recorder.record("fp2_embed", 2, self.value))


@dataclass(frozen=True, slots=True)
class Fp2:
    """c0 + c1 u with u^2 = -1."""

    recorder: Recorder = field(repr=False)
    value: int

    def _do(self, name: str, *others: Fp2 | Fp) -> Fp2:
        return Fp2(self.recorder, self.recorder.record(name, 2, self.value, *(o.value for o in others)))

    def __add__(self, other: Fp2) -> Fp2:
        return self._do("fp2_add", other)

    def __sub__(self, other: Fp2) -> Fp2:
        return self._do("fp2_sub", other)

    def __mul__(self, other: Fp2 | Fp) -> Fp2:
        if isinstance(other, Fp):
            return self._do("fp2_mul_fp", other)
        return self.sqr() if other == self else self._do("fp2_mul", other)

    def __neg__(self) -> Fp2:
        return self._do("fp2_neg")

    def sqr(self) -> Fp2:
        return self._do("fp2_sqr")

    def dbl(self) -> Fp2:
        return self._do("fp2_dbl")

    def half(self) -> Fp2:
        return self._do("fp2_half")

    def conj(self) -> Fp2:
        return self._do("fp2_conj")

    def mul_xi(self) -> Fp2:
        """By the nonresidue of the tower."""
        return self._do("fp2_mul_xi")


class Recorder:
    """Records one formula; equal operations on equal operands are done once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._regions: dict[str, Region] = {}
        self._operations: dict[tuple[str, tuple[int, ...], str, int], Operation] = {}
        self._widths: list[int] = []
        self._inputs: list[tuple[int, Place]] = []

    def _new(self, width: int) -> int:
        self._widths.append(width)
        return len(self._widths) - 1

    def record(self, name: str, width: int, *operands: int, source: str = "", index: int = 0) -> int:
        # every load is one of its own: what is loaded again need not be kept
        serial = len(self._operations) if name.endswith("_load") else 0
        key = (name, operands, source, serial)
        if key not in self._operations:
            self._operations[key] = Operation(name, operands, self._new(width), source, index)
        return self._operations[key].result

    def _input(self, name: str, slots: int, width: int, lost: bool) -> list[int]:
        if name in self._regions:
            raise ValueError(f"two regions {name}")
        self._regions[name] = Region(name, slots, read=True, written=lost)
        values = [self._new(width) for _ in range(0, slots, width)]
        self._inputs += [(v, Place(name, i * width)) for i, v in enumerate(values)]
        return values

    def fp(self, name: str, count: int = 1, *, lost: bool = False) -> list[Fp]:
        """`count` elements of Fp from the slots of a new region; lost: the slots may be overwritten."""
        return [Fp(self, v) for v in self._input(name, count, 1, lost)]

    def fp2(self, name: str, count: int = 1, *, lost: bool = False) -> list[Fp2]:
        """The same of Fp2, two slots each."""
        return [Fp2(self, v) for v in self._input(name, 2 * count, 2, lost)]

    def set_fp(self, table: str) -> Fp:
        """A TABLE of the module that holds one element, in Montgomery form."""
        return Fp(self, self.record("fp_set", 1, source=table))

    def set_fp2(self, table: str) -> Fp2:
        return Fp2(self, self.record("fp2_set", 2, source=table))

    def load_fp(self, pointer: str, index: int) -> Fp:
        """Element `index` of global memory at a pointer: word w at pointer[(index FP_LIMBS + w) stride]."""
        return Fp(self, self.record("fp_load", 1, source=pointer, index=index))

    def load_fp2(self, pointer: str, index: int) -> Fp2:
        """Elements `index` and `index + 1`."""
        return Fp2(self, self.record("fp2_load", 2, source=pointer, index=index))

    def trace(self, **outputs: Sequence[Fp | Fp2]) -> Trace:
        """The record, with the results that go to each region; a region that is read and not named here keeps its contents."""
        places: list[tuple[int, Place]] = []
        for name, values in outputs.items():
            offset = 0
            for v in values:
                places.append((v.value, Place(name, offset)))
                offset += self._widths[v.value]
            known = self._regions.get(name)
            if known is None:
                self._regions[name] = Region(name, offset, read=False, written=True)
            elif known.slots < offset:
                raise ValueError(f"region {name} has {known.slots} slots")
            else:
                self._regions[name] = Region(name, known.slots, read=True, written=True)
        live = {v for v, _ in places}
        operations = []
        for operation in reversed(self._operations.values()):
            if operation.result in live:
                operations.append(operation)
                live |= set(operation.operands)
        return Trace(
            self._name, tuple(self._regions.values()), tuple(reversed(operations)), tuple(self._widths), tuple(self._inputs), tuple(places)
        )


# ---- interpreters ---------------------------------------------------------------------------------------------------------
Element = tuple[int, ...]


@dataclass(frozen=True)
class Integers:
    """The primitives on Python integers. memory: what the tables and the pointers hold, as plain integers."""

    p: int
    xi: tuple[int, int]
    memory: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def apply(self, name: str, operands: Sequence[Element], source: str = "", index: int = 0) -> Element:
        if source:
            return tuple(self.memory[source][index : index + (2 if name.startswith("fp2_") else 1)])
        p = self.p
        x = operands[0]
        if name == "fp2_embed":
            return x[0], 0
        if name.startswith("fp_"):
            a, b = x[0], operands[-1][0]
            each: dict[str, Callable[[], int]] = {
                "fp_mul": lambda: a * b,
                "fp_sqr": lambda: a * a,
                "fp_add": lambda: a + b,
                "fp_sub": lambda: a - b,
                "fp_neg": lambda: -a,
                "fp_dbl": lambda: 2 * a,
                "fp_half": lambda: a * ((p + 1) // 2),
                "fp_copy": lambda: a,
            }
            return (each[name]() % p,)
        a0, a1 = x
        other = operands[-1]
        if name == "fp2_mul_fp":
            return a0 * other[0] % p, a1 * other[0] % p
        b0, b1 = other
        half, (x0, x1) = (p + 1) // 2, self.xi
        pairs: dict[str, Callable[[], Element]] = {
            "fp2_mul": lambda: (a0 * b0 - a1 * b1, a0 * b1 + a1 * b0),
            "fp2_sqr": lambda: (a0 * a0 - a1 * a1, 2 * a0 * a1),
            "fp2_mul_xi": lambda: (a0 * x0 - a1 * x1, a0 * x1 + a1 * x0),
            "fp2_add": lambda: (a0 + b0, a1 + b1),
            "fp2_sub": lambda: (a0 - b0, a1 - b1),
            "fp2_neg": lambda: (-a0, -a1),
            "fp2_dbl": lambda: (2 * a0, 2 * a1),
            "fp2_half": lambda: (a0 * half, a1 * half),
            "fp2_conj": lambda: (a0, -a1),
            "fp2_copy": lambda: (a0, a1),
        }
        c0, c1 = pairs[name]()
        return c0 % p, c1 % p


def interpret(trace: Trace, k: Integers, regions: dict[str, list[int]]) -> dict[str, list[int]]:
    """The operations in the order of the formula. regions: the integers of every region that is read; returns those written."""
    widths = trace.widths
    values: dict[int, Element] = {v: tuple(regions[p.region][p.offset : p.offset + widths[v]]) for v, p in trace.inputs}
    for o in trace.operations:
        values[o.result] = k.apply(o.name, [values[v] for v in o.operands], o.source, o.index)
    out: dict[str, list[int]] = {}
    for v, place in trace.outputs:
        out.setdefault(place.region, []).extend(values[v])
    return out


def interpret_slots(program: Program, k: Integers, regions: dict[str, list[int]]) -> dict[str, list[int]]:
    """The steps, on slots: what the printed function does. Returns all regions; a slot that was never written raises KeyError."""
    slots = {(name, i): x for name, words in regions.items() for i, x in enumerate(words)}
    spilled: dict[int, int] = {}

    def read(place: Place, width: int) -> Element:
        return tuple(slots[place.region, place.offset + i] for i in range(width))

    for step in program.steps:
        width = 2 if step.name.startswith("fp2_") else 1
        if step.name == "fp2_store":
            spilled |= dict(enumerate(read(step.to, width), step.index))
            continue
        if step.source == "spill":
            slots |= {(step.to.region, step.to.offset + i): spilled[step.index + i] for i in range(width)}
            continue
        widths = _OPERAND_WIDTHS.get(step.name, (width,) * len(step.operands))
        result = k.apply(step.name, [read(p, w) for p, w in zip(step.operands, widths, strict=True)], step.source, step.index)
        for i, x in enumerate(result):
            slots[step.to.region, step.to.offset + i] = x
    return {r.name: [slots[r.name, i] for i in range(r.slots) if (r.name, i) in slots] for r in program.trace.regions}
