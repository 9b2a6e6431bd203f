"""Receipts as people read them: a line a call, and a table of gas by contract and function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

Line = dict[str, Any]
Answer = dict[str, Any]
DATA: Final = 32  # bytes of data that are shown


def outcome(answer: Answer) -> str:
    """Gas, data and events of what succeeded, the error of what failed."""
    if not answer["ok"]:
        variant, _, text = answer["error"].partition(": ")
        return f"failed  {printable(text if text.startswith(variant) else answer['error'])}"
    said = []
    if "gas_spent" in answer:
        said.append(f"{answer['gas_spent']:,} gas")
    if answer.get("data"):
        said.append(f"data {_bytes(answer['data'])}")
    said += [f"{'reverted ' if event['reverted'] else ''}event {printable(event['topic'])}" for event in answer.get("events", ())]
    said += [f"fed {_bytes(data)}" for data in answer.get("feed", ())]
    said += [f"root {answer['root']}"] if "root" in answer else []
    return ", ".join(["ok", *said])


def printable(text: str) -> str:
    """One line of a contract's own words, which must not move the cursor."""
    joined = "; ".join(filter(None, map(str.strip, text.splitlines())))
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in joined)


def _bytes(text: str) -> str:
    """Hex, cut."""
    return text if len(text) <= 2 * DATA else f"{text[: 2 * DATA]}… ({len(text) // 2:,} bytes)"


def short(contract: str) -> str:
    """Enough of an id to tell contracts from each other."""
    return f"{contract[:8]}…"


class Report:
    """Lines with their answers, one after the other."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str], list[int | None]] = {}

    def line(self, line: Line, answer: Answer) -> str:
        """What became of a line."""
        do = line["do"]
        contract = str(answer.get("id") or line.get("id") or "")
        if do == "call":
            called = f"{short(contract)} {printable(line['fn'])}"
        else:
            called = short(contract) if contract else printable(str(line.get("name", "")))
        if do == "call" or "gas_spent" in answer:
            function = printable(line["fn"]) if do == "call" else "init"
            self._calls.setdefault((contract, function), []).append(answer["gas_spent"] if answer["ok"] else None)
        return f"{do:<12}{called:<32}{outcome(answer)}".rstrip()

    def table(self) -> Iterator[str]:
        """Gas of the calls that succeeded, by contract and function, the most expensive first; nothing if there was no call."""
        if not self._calls:
            return
        yield f"\n{'gas':<44}{'calls':>8}{'failed':>8}{'least':>16}{'most':>16}{'total':>18}"
        rows = [((contract, name), [gas for gas in all_ if gas is not None], all_) for (contract, name), all_ in self._calls.items()]
        for (contract, name), gas, all_ in sorted(rows, key=lambda row: -sum(row[1])):
            least, most = (f"{min(gas):,}", f"{max(gas):,}") if gas else ("·", "·")
            yield f"{short(contract)} {name:<34}{len(all_):>8}{len(all_) - len(gas) or '·':>8}{least:>16}{most:>16}{sum(gas):>18,}"
        everything = [gas for _, gas, _ in rows]
        calls = sum(len(all_) for *_, all_ in rows)
        yield f"{'':<44}{calls:>8}{calls - sum(map(len, everything)) or '·':>8}{'':>32}{sum(map(sum, everything)):>18,}"
