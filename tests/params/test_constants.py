"""What is printed: the golden hash of all constants, their limbs, and the printer's manners."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from coproc.codegen.__main__ import main
from coproc.codegen.cpp import constants_hpp
from coproc.codegen.sections import SECTIONS, digest, field_arrays, field_words, montgomery, words
from coproc.params import bls12_381, bn254, jubjub
from coproc.params.constant import Elements, Field, Plain, flatten, shape

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = "a70365d42185f8533fff0cf676ff3922d542d9ffad576e229a28f880458d16b7"
FIELDS = [bls12_381.FP, bls12_381.FR, bn254.FP, bn254.FR, jubjub.FR]


def test_constants_are_the_golden_ones() -> None:
    """A change here changes what every kernel computes with: look twice, then write the new hash down."""
    assert digest() == GOLDEN


def test_printing_needs_nothing_but_a_bare_python(tmp_path: Path) -> None:
    """Without site-packages: standard library only, and `import coproc` stays lazy."""
    command = [sys.executable, "-S", "-m", "coproc.codegen", str(tmp_path / "generated")]
    subprocess.run(command, cwd=ROOT, check=True, env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert (tmp_path / "generated" / "constants.hpp").read_text() == constants_hpp()


def test_an_unchanged_header_is_not_touched(tmp_path: Path) -> None:
    header = tmp_path / "constants.hpp"
    assert main([str(tmp_path)]) == 0
    before = header.stat().st_mtime_ns
    assert main([str(tmp_path)]) == 0
    assert header.stat().st_mtime_ns == before
    header.write_text("old")
    assert main([str(tmp_path)]) == 0
    assert header.read_text() == constants_hpp()


def test_wrong_usage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f"{f.modulus:x}"[:8])
def test_montgomery_constants_say_what_their_names_say(field: Field) -> None:
    p, arrays, numbers = field.modulus, field_arrays(field), field_words(field)
    r, r52 = 1 << 64 * field.limbs, 1 << 52 * field.limbs52

    def integer(limbs: tuple[int, ...], bits: int = 64) -> int:
        return sum(x << bits * i for i, x in enumerate(limbs))

    assert integer(arrays["MODULUS"]) == integer(arrays["MODULUS52"], 52) == p
    assert integer(arrays["ONE"]) == r % p
    assert integer(arrays["R2"]) == r * r % p
    assert integer(arrays["ONE52"], 52) == r52 % p
    assert integer(arrays["R2_52"], 52) == r52 * r52 % p
    assert integer(arrays["P_MINUS_2"]) == p - 2
    assert integer(arrays["HALF"]) == (p - 1) // 2
    assert (numbers["N0"] * p + 1) % (1 << 64) == 0
    assert (numbers["N052"] * p + 1) % (1 << 52) == 0
    assert numbers["BITS"] == p.bit_length()


def test_every_element_is_printed_reduced_in_both_radices() -> None:
    for _, exports in SECTIONS:
        for constant in exports.values():
            if isinstance(constant, Elements):
                p, r = constant.field.modulus, 1 << 64 * constant.field.limbs
                for value in flatten(constant.values):
                    r64, r52 = montgomery(constant.field, value)
                    assert sum(x << 64 * i for i, x in enumerate(r64)) == value * r % p
                    assert max(r52) < 1 << 52


def test_what_does_not_fit_is_not_printed() -> None:
    with pytest.raises(ValueError, match="range"):
        words(1 << 64, 1)
    with pytest.raises(ValueError, match="range"):
        words(-1, 4)
    with pytest.raises(ValueError, match="reduced"):
        montgomery(bls12_381.FP, bls12_381.P)
    with pytest.raises(ValueError, match="ragged"):
        shape(((1, 2), (3,)))
    assert shape(((1, 2), (3, 4), (5, 6))) == (3, 2)
    assert Plain(((1,), (2,)), 4).values == ((1,), (2,))
