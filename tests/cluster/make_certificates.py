"""Makes `certificates/`: an authority for tests alone, a server for localhost and a client, for a hundred years. Wants openssl.

    python -m tests.cluster.make_certificates

The files are in the tree so that the tests want no openssl; the authority's key is thrown away.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

FOLDER = Path(__file__).with_name("certificates")
CLIENTS = ("alice",)
DAYS = "36500"


def make(folder: Path, *clients: str) -> None:
    """ca.pem, server.pem and server.key for localhost, and a pair for each client."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    def key(name: str) -> None:
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")

    key("ca")
    openssl("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=test authority", "-days", DAYS, "-out", "ca.pem")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    for name in ("server", *clients):
        key(name)
        openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        sign = ["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", DAYS]
        openssl(*sign, "-extfile", "names", "-out", f"{name}.pem")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, *CLIENTS)
        for file in ("ca.pem", *(f"{who}.{kind}" for who in ("server", *CLIENTS) for kind in ("pem", "key"))):
            (FOLDER / file).write_bytes((folder / file).read_bytes())
