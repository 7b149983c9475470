"""A registry of images on this machine: one image that can be pulled, and every way of refusing another."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
# The command of the image: it is not in it, so that the error of its start shows that the pull went well.
MISSING = "/not-in-the-image"
REFUSALS = {"refused": (403, "DENIED"), "missing": (404, "MANIFEST_UNKNOWN")}


@contextmanager
def serving() -> Iterator[str]:
    """The registry; gives its `host:port`. Its images are `there`, `refused` and `missing`."""
    blobs = _image()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, _, name, *rest = self.path.split("/")
            if not name:
                self._answer(200, "application/json", b"{}")
            elif name in REFUSALS:
                status, code = REFUSALS[name]
                body = json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]})
                self._answer(status, "application/json", body.encode())
            elif rest[0] == "manifests":
                self._answer(200, MANIFEST, blobs["manifest"])
            else:
                self._answer(200, "application/octet-stream", blobs[rest[1]])

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Docker-Content-Digest", _digest(body))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _image() -> dict[str, bytes]:
    layer = _layer()
    packed = gzip.compress(layer, mtime=0)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": [MISSING]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    ).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _described("application/vnd.docker.container.image.v1+json", config),
        "layers": [_described("application/vnd.docker.image.rootfs.diff.tar.gzip", packed)],
    }
    return {_digest(config): config, _digest(packed): packed, "manifest": json.dumps(manifest).encode()}


def _layer() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("empty"))
    return made.getvalue()


def _described(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "size": len(content), "digest": _digest(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
