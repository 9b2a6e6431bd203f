"""Settings that nobody gave by argument: from the environment, else from the TOML file that `COPROC_CONFIG` names.

==============  =====================  ==============================================================================
in the file     environment            meaning
==============  =====================  ==============================================================================
engine          COPROC_ENGINE          engine where none is named
isa             COPROC_ISA             instruction set behind "cpu" and "auto"
workers         COPROC_WORKERS         threads that compute
cache_dir       COPROC_CACHE_DIR       folder for stored keys and for what is built
device_seconds  COPROC_DEVICE_SECONDS  seconds after which an accelerator that does not answer is lost
plonk           (none)                 PLONK version of the command line where neither a line nor an option names one
fork            (none)                 hard fork of the command line where neither a line nor an option names one
==============  =====================  ==============================================================================
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from coproc.errors import InvalidInput

VARIABLES: Final = {name: f"COPROC_{name.upper()}" for name in ("engine", "isa", "workers", "cache_dir", "device_seconds")}
_TYPES: Final[dict[str, type]] = {
    "engine": str, "isa": str, "workers": int, "cache_dir": str, "device_seconds": int, "plonk": str, "fork": str
}  # fmt: skip
_WORDS: Final[dict[str, tuple[str, ...]]] = {"plonk": ("V1", "V2", "V3"), "fork": ("PreFork", "Aegis", "Boreas")}
MAX_FILE: Final = 1 << 20
TABLES: Final = ("serve", "cluster")
"""Tables of the file that belong to one command each: see `table`."""


def setting(name: str) -> str | None:
    """The text of a setting, None where nobody set it; an empty environment variable counts as not set. Raises InvalidInput."""
    variable = VARIABLES.get(name)
    if variable and (value := os.environ.get(variable)):
        return value
    return from_file().get(name)


def from_file() -> dict[str, str]:
    """What the file says, as text. Raises InvalidInput, which names file and setting, where it cannot be read or says what it may not."""
    named = os.environ.get("COPROC_CONFIG")
    if not named:
        return {}
    return _read(named, *_stamp(named))


def cache_folder() -> Path:
    """COPROC_CACHE_DIR, else `coproc` in the user's folder for caches. It need not exist. Raises InvalidInput."""
    if named := setting("cache_dir"):
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path("~/.cache").expanduser()) / "coproc"


def table(name: str) -> dict[str, Any]:
    """A table of the file, one of TABLES, whose entries whoever asks checks; empty where there is none. Raises InvalidInput."""
    named = os.environ.get("COPROC_CONFIG")
    from_file()
    found: dict[str, Any] = _parsed(named, *_stamp(named)).get(name, {}) if named else {}
    return found


def _stamp(named: str) -> tuple[int, int]:
    """When it was modified and its bytes, so that an edited file is read again."""
    try:
        stat = os.stat(named)
    except OSError as error:
        raise InvalidInput(f"COPROC_CONFIG={named}: {error.strerror}") from None
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=4)
def _parsed(name: str, modified: int, size: int) -> dict[str, Any]:
    import tomllib

    where = f"COPROC_CONFIG={name}"
    if size > MAX_FILE:
        raise InvalidInput(f"{where}: more than {MAX_FILE:,} bytes")
    try:
        return tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{where}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{where}: not TOML: {error}") from None


@lru_cache(maxsize=4)
def _read(name: str, modified: int, size: int) -> dict[str, str]:
    where = f"COPROC_CONFIG={name}"
    settings = {}
    for key, value in _parsed(name, modified, size).items():
        if key in TABLES:
            if type(value) is not dict:
                raise InvalidInput(f"{where}: {key}: a table, [{key}], is wanted")
            continue
        wanted = _TYPES.get(key)
        if wanted is None:
            raise InvalidInput(f"{where}: unknown setting {key[:64]!r}: one of {', '.join(_TYPES)}")
        if type(value) is not wanted or value == "":
            raise InvalidInput(f"{where}: {key}: {'a number' if wanted is int else 'a word in quotes'} is wanted")
        if key in _WORDS and value not in _WORDS[key]:
            raise InvalidInput(f"{where}: {key}: {str(value)[:64]!r} is none of {', '.join(_WORDS[key])}")
        settings[key] = str(value)
    return settings
