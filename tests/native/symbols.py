"""Checks object files of one instruction set: whatever the linker may merge across objects lies in the namespace of that set.

Weak and unique symbols are shared by name between all objects of a link, whichever instruction set they were compiled for. A body
outside ``coproc::<isa>`` could be taken from the objects of another set, and run where its instructions do not exist. Constants
(``coproc::constants``) hold no code and may be shared. The one strong name outside is ``coproc_table_<isa>``.

Usage: symbols.py ISA OBJECT...
"""

import re
import subprocess
import sys
from pathlib import Path


def violations(isa: str, objects: list[Path]) -> list[str]:
    """Lines of `nm` that break the rule; an object without symbols counts as one."""
    found = []
    for path in objects:
        listing = subprocess.run(["nm", "--demangle", str(path)], check=True, capture_output=True, text=True).stdout
        # [address] type name
        symbols = re.findall(r"^(?:[0-9a-f]+)?\s+([A-Za-z])\s+(.+)$", listing, flags=re.MULTILINE)
        if not symbols:
            found.append(f"{path}: no symbols at all")
        for kind, name in symbols:
            where = re.sub(r"^(vtable|typeinfo|guard variable|typeinfo name) for ", "", name)
            inside = f"coproc::{isa}::" in where
            if kind in "WVu" and not inside and not (kind in "Vu" and where.startswith("coproc::constants::")):
                found.append(f"{path.name}: {kind} {name}")
            if kind in "TDRB" and not inside and name != f"coproc_table_{isa}":
                found.append(f"{path.name}: {kind} {name}")
    return found


def main() -> int:
    isa, objects = sys.argv[1], [Path(name) for name in sys.argv[2:]]
    if not objects:
        print("no object files")
        return 1
    found = violations(isa, objects)
    for line in found:
        print(line)
    print(f"{isa}: {len(objects)} objects, {len(found)} symbols outside coproc::{isa}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
