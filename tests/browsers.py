"""A real browser that opens a hostile page: headless Chromium, and the server that the page is from."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

#: CI sets it: a machine without a browser must not pass.
REQUIRED = "FARGATE_RUNS_BROWSER_TEST"
NAMES = ("chromium", "chromium-browser", "google-chrome")
#: A name that an attacker's DNS server lets point to this machine.
REBOUND = "rebound.example"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--no-first-run",
    f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
)
LIMIT_SECONDS = 120
#: Carries out a list of attempts, and tells its own server what it could see of each.
PAGE = """<!doctype html><body><script>
const inFrame = (make) => new Promise((done) => {
  const frame = document.createElement('iframe');
  frame.name = 'frame' + Math.random();
  document.body.append(frame);
  make(frame);
  setTimeout(() => {
    try { done('read: ' + frame.contentDocument.body.innerText); } catch (error) { done('unreadable'); }
  }, 2500);
});
const element = (tag, name, url) => new Promise((done) => {
  const made = Object.assign(document.createElement(tag), {onload: () => done('loaded'), onerror: () => done('error')});
  if (tag === 'link') { made.rel = 'stylesheet'; }
  made[name] = url;
  document.body.append(made);
});
const kinds = {
  fetch: async (one) => {
    const options = {method: one.method, mode: one.mode, credentials: 'include', headers: one.headers, body: one.body};
    const answer = await fetch(one.url, options);
    return answer.type === 'opaque' ? 'opaque' : 'read: ' + await answer.text();
  },
  xhr: (one) => new Promise((done) => {
    const request = new XMLHttpRequest();
    request.onload = () => done('read: ' + request.responseText);
    request.onerror = () => done('error');
    request.open(one.method, one.url);
    request.send(one.body);
  }),
  img: (one) => element('img', 'src', one.url),
  script: (one) => element('script', 'src', one.url),
  link: (one) => element('link', 'href', one.url),
  frame: (one) => inFrame((frame) => { frame.src = one.url; }),
  form: (one) => inFrame((frame) => {
    const form = Object.assign(document.createElement('form'), {method: 'post', action: one.url, target: frame.name});
    form.enctype = 'text/plain';
    // `name=value` becomes the JSON object that is wanted.
    const cut = one.body.indexOf(':') + 1;
    const field = document.createElement('input');
    field.name = one.body.slice(0, cut) + '"';
    field.value = '", ' + one.body.slice(cut + 1);
    form.append(field);
    document.body.append(form);
    form.submit();
  }),
  beacon: async (one) => { navigator.sendBeacon(one.url, one.body); return 'sent'; },
  events: (one) => new Promise((done) => {
    const source = new EventSource(one.url);
    source.onmessage = (event) => done('read: ' + event.data);
    source.onerror = () => { source.close(); done('error'); };
  }),
  socket: (one) => new Promise((done) => {
    const socket = new WebSocket(one.url.replace('http:', 'ws:'));
    socket.onopen = () => done('open');
    socket.onerror = () => done('error');
  }),
};
(async () => {
  const attempts = await (await fetch('/attempts')).json();
  const seen = {};
  await Promise.all(attempts.map(async (one) => {
    const late = new Promise((done) => setTimeout(() => done('late'), 20000));
    try {
      seen[one.name] = await Promise.race([kinds[one.kind](one), late]);
    } catch (error) {
      seen[one.name] = 'error';
    }
  }));
  await fetch('/report', {method: 'POST', body: JSON.stringify(seen)});
})();
</script>"""


@dataclass(frozen=True)
class Attempt:
    """One thing that the page tries. `kind` is how: see the page's `kinds`."""

    name: str
    kind: str
    url: str
    method: str = "GET"
    mode: str = "no-cors"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None


def chromium() -> str:
    """The browser; skips the test where there is none, unless it is required."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and not os.environ.get(REQUIRED):
        pytest.skip("needs Chromium (Debian: apt install chromium)")
    assert found is not None, f"{REQUIRED} is set, and there is no {' or '.join(NAMES)}"
    return found


def what_a_page_sees(attempts: Sequence[Attempt], profile: Path) -> dict[str, str]:
    """Open the page in a browser with an empty profile; gives what it reports of each attempt."""
    reports: queue.Queue[dict[str, str]] = queue.Queue()

    def answer(path: str, body: bytes) -> bytes:
        if path == "/report":
            reports.put(json.loads(body))
        return json.dumps([vars(one) for one in attempts]).encode() if path == "/attempts" else PAGE.encode()

    with serving(answer) as origin, browsing(f"{origin}/", profile):
        return reports.get(timeout=LIMIT_SECONDS)


def text_of_page(url: str, profile: Path) -> str:
    """What a browser shows of an address that a person opens."""
    command = [chromium(), *FLAGS, f"--user-data-dir={profile}", "--dump-dom", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=True)
    return done.stdout


@contextlib.contextmanager
def browsing(url: str, profile: Path) -> Iterator[None]:
    """A browser that has a page open."""
    command = [chromium(), *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", url]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, 9)


@contextlib.contextmanager
def serving(answer: Any) -> Iterator[str]:
    """A server on a free port of 127.0.0.1 that answers every request by path and body; gives its origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            made = answer(self.path, body)
            self.send_response(200)
            kind = "application/json" if self.path == "/attempts" else "text/html; charset=utf-8"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(made)))
            self.end_headers()
            self.wfile.write(made)

        do_GET = do_PUT = do_DELETE = do_OPTIONS = do_POST  # noqa: N815 - the names that http.server looks for

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name of the base class
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
