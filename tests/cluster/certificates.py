"""A certificate authority for tests, made by openssl where it is there."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make(folder: Path, *clients: str) -> None:
    """ca.pem, server.pem and server.key for localhost, and a pair for each client."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    def key(name: str) -> None:
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")

    key("ca")
    openssl("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=test authority", "-days", "2", "-out", "ca.pem")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    for name in ("server", *clients):
        key(name)
        openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        sign = ["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
        openssl(*sign, "-extfile", "names", "-out", f"{name}.pem")
