"""What the compiler made of a module: registers, stack, spills, and machine instructions by kernel and by loop."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass

_KERNEL = re.compile(r"Compiling entry function '(\w+)'(.*?)Used (\d+) registers", re.DOTALL)
_STACK = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
_OPCODE = re.compile(r"^\s*/\*[0-9a-f]+\*/\s+(?:@!?U?P[T\d]+\s+)?([A-Z][A-Z0-9_.]*)", re.MULTILINE)
_LABEL = re.compile(r"^(\.L_x_\d+):", re.MULTILINE)
_BACK = re.compile(r"BRA(?:\.\w+)* .*`\((\.L_x_\d+)\)")
LOCAL = frozenset({"LDL", "STL"})
GENERIC = frozenset({"LD", "ST", "ATOM"})


@dataclass(frozen=True)
class Kernel:
    """registers of a work-item; bytes of stack and of spills; instructions: all, wide multiplications, to local memory, generic."""

    registers: int
    stack: int
    spills: int
    instructions: int
    wide: int
    local: int
    generic: int

    @property
    def wrong(self) -> list[str]:
        """What a kernel must not have and has."""
        found = {"stack": self.stack, "spills": self.spills, "local": self.local, "generic": self.generic}
        return [f"{name} {value}" for name, value in found.items() if value]


def sections(sass: str) -> dict[str, str]:
    """The code of each kernel, with the functions that it calls."""
    parts = re.split(r"^\t?\.section\t\.text\.(\w+),.*$", sass, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def opcodes(code: str) -> Counter[str]:
    return Counter(_OPCODE.findall(code))


def kernels(log: str, sass: str) -> dict[str, Kernel]:
    """By name. The log is that of ptxas, the rest that of nvdisasm."""
    code, made = sections(sass), {}
    functions = log.split("Compiling entry function '")
    for name, _, registers in _KERNEL.findall(log):
        (text,) = [part for part in functions[1:] if part.startswith(f"{name}'")]
        frames = [tuple(map(int, frame)) for frame in _STACK.findall(text)]
        counts = opcodes(code[name])
        bare = Counter[str]()
        for opcode, n in counts.items():
            bare[opcode.split(".")[0]] += n
        made[name] = Kernel(
            int(registers),
            max(frame[0] for frame in frames),
            sum(frame[1] + frame[2] for frame in frames),
            counts.total(),
            sum(n for opcode, n in counts.items() if opcode.startswith("IMAD.WIDE")),
            sum(bare[kind] for kind in LOCAL),
            sum(bare[kind] for kind in GENERIC),
        )
    return made


def longest_loop(code: str) -> Counter[str]:
    """Instructions of the longest stretch that a backward branch repeats."""
    places = {match[1]: match.end() for match in _LABEL.finditer(code)}
    best = ""
    for match in _BACK.finditer(code):
        start = places.get(match[1], len(code))
        if start < match.start() and match.start() - start > len(best):
            best = code[start : match.start()]
    return opcodes(best)


def as_dict(kernel: Kernel) -> dict[str, int]:
    return asdict(kernel)
