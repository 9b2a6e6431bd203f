"""`Peers`: who is at the other end, and so whose share of the machine is used. What a client says of tenants is a name below its own.

A peer is the user of the process at the other end of the Unix socket ("uid:1000", by the system's word), the common name of a client's
certificate ("cn:bulk.example"), or "local", a client of gRPC without a certificate, which only this machine serves.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from socket import SO_PEERCRED, SOL_SOCKET, socket
from typing import Final

from coproc.errors import InvalidInput

TRUSTED: Final = "*"
"""Name of a peer that may name any tenant: what it says is not put below anything."""
LOCAL: Final = "local"
_CREDENTIALS: Final = struct.Struct("iii")  # process, user, group


class Peers:
    """names: of peers, by what they are; several may have one name and are one tenant then. The others go by what they are."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = dict(names or {})

    def of_socket(self, sock: socket) -> str:
        """The peer at the other end of a Unix socket."""
        _, user, _ = _CREDENTIALS.unpack(sock.getsockopt(SOL_SOCKET, SO_PEERCRED, _CREDENTIALS.size))
        what = f"uid:{user}"
        return self._names.get(what, what)

    def of_certificate(self, common_name: str) -> str:
        """The peer with a certificate that was checked; "" where it has no common name."""
        plain = common_name.replace("%", "%25").replace("/", "%2F").replace(":", "%3A")  # so that it is nobody else's name
        return self._names.get(f"cn:{common_name}", plain or "%")

    def of_this_machine(self) -> str:
        """Whoever came without a certificate."""
        return self._names.get(LOCAL, LOCAL)


def tenant(peer: str, told: str) -> str:
    """The tenant of what a peer asks. told: the name that it gives, "" for none."""
    if peer == TRUSTED:
        return told
    return f"{peer}/{told}" if told else peer


def read_peers(text: str) -> dict[str, str]:
    """`uid:1000=node cn:bulk.example=exchange local=*`. Raises InvalidInput."""
    names: dict[str, str] = {}
    for word in text.split():
        what, equals, name = word.rpartition("=")
        known = what == LOCAL or (what.startswith("uid:") and what[4:].isdecimal()) or (what.startswith("cn:") and len(what) > 3)
        if not equals or not known or not name or "/" in name or (TRUSTED in name and name != TRUSTED):
            raise InvalidInput(
                f"--peers {word}: uid:NUMBER=NAME, cn:NAME=NAME or {LOCAL}=NAME is wanted, the last NAME without / or {TRUSTED}"
            )
        if what in names:
            raise InvalidInput(f"--peers {word}: {what} is named twice")
        names[what] = name
    return names
