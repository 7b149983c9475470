"""People who start runs by the REST API and look at them (faults F08 and F13, invariants I1, I9 and I12)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any, Final

from tests.fakes.ecs import CANARY
from tests.simulation.attempts import RunSpec, Says
from tests.simulation.faults import FaultPlan
from tests.simulation.lambda_ import Lambda
from tests.simulation.printed import SECRETS
from tests.simulation.profile import MACHINE_OF, spec_of
from tests.simulation.scheduler import Ended, Scheduler
from tests.simulation.violations import must
from tests.template.loading import EVENTS, event_sample

_START: Final = event_sample(EVENTS / "api" / "start-run.json")
_GET: Final = event_sample(EVENTS / "api" / "get-run.json")


class Callers:
    """Each asks once more where the answer was not 202: a new request, and so perhaps a second run."""

    def __init__(self, scheduler: Scheduler, plan: FaultPlan, lambda_: Lambda) -> None:
        self._scheduler = scheduler
        self._plan = plan
        self._lambda = lambda_
        self.accepted: list[str] = []
        self.runs_of: dict[str, set[str]] = {}  # by their Idempotency-Key
        self.on_accepted: Callable[[list[str]], None] = lambda _run_ids: None
        self.of_job: Callable[[], Mapping[str, Any]] = dict
        self.leak: str | None = None
        self.unexpected: str | None = None

    def start(self, tries: int = 2) -> None:
        """POST /runs."""
        self._lambda.call("api", {**_START, "body": self._body()}, lambda ended: self._started(ended, tries))

    def start_once(self) -> None:
        """The same with an Idempotency-Key: the same request again and again, until it is answered (I12)."""
        key = f"key-{len(self.runs_of)}"
        self.runs_of[key] = set()
        headers = {**_START["headers"], "idempotency-key": key}
        event = {**_START, "headers": headers, "multiValueHeaders": None, "body": self._body(KEY=key)}
        self._start_once(key, event, 6)

    def _start_once(self, key: str, event: Mapping[str, Any], tries: int) -> None:
        self._lambda.call("api", event, lambda ended: self._started_once(key, event, tries, ended))

    def _started_once(self, key: str, event: Mapping[str, Any], tries: int, ended: Ended) -> None:
        status, document = self.read(ended)
        if status in {200, 202}:
            self.runs_of[key].add(document["runId"])
            must(len(self.runs_of[key]) == 1, "I12", f"{key} is answered with {sorted(self.runs_of[key])}")
            self.on_accepted([document["runId"]])
        if tries > 1 and (status not in {200, 202} or self._plan.happens(0.5)):
            self._scheduler.after(5, self._start_once, key, event, tries - 1)

    def _body(self, **more: str) -> str:
        pattern = ("callback", "callback", "sync", "request-response")[int(self._plan.rng.random() * 4)]
        environment = {"SECRET": CANARY, **more}
        body = {
            **self.of_job(),
            "pattern": pattern,
            "commands": ["job"],
            "environment": environment,
            "timeoutSeconds": 500,
        }
        return json.dumps(body)

    def check_end(self, inputs: Mapping[str, str]) -> None:
        """I12: one key has started one execution, and each answer names that."""
        for key, answered in self.runs_of.items():
            started = {arn.rpartition(":")[2] for arn, given in inputs.items() if f'"{key}"' in given}
            must(len(started) <= 1, "I12", f"{key} has started {sorted(started)}")
            must(answered <= started, "I12", f"{key} has started {sorted(started)}, and is answered with {answered}")

    def look_at(self, run_id: str) -> None:
        """GET /runs/{runId}."""
        event = {**_GET, "path": f"/runs/{run_id}", "pathParameters": {"runId": run_id}}
        self._lambda.call("api", event, lambda ended: self._seen(run_id, ended))

    def _started(self, ended: Ended, tries: int) -> None:
        status, document = self.read(ended)
        if status == 202:
            self.accepted.append(str(document["runId"]))
            self.on_accepted([document["runId"]])
        elif tries > 1:
            self._scheduler.after(5, self.start, tries - 1)

    def _seen(self, run_id: str, ended: Ended) -> None:
        status, document = self.read(ended)
        if self._plan.is_over and (status != 200 or document["runId"] != run_id):
            self.unexpected = f"GET of {run_id} is answered with {status}"

    def read(self, ended: Ended) -> tuple[int, Mapping[str, Any]]:
        """Status and body; no status where the function died."""
        if not isinstance(ended.value, dict):
            return 0, {}
        body = ended.value["body"]
        if any(secret in body for secret in SECRETS):
            self.leak = body
        return ended.value["statusCode"], json.loads(body)


def spec_of_request(rng: Random, machine_arn: str, name: str) -> RunSpec:
    """The run that the API's StartExecution starts."""
    pattern = next(each for each, arn in MACHINE_OF.items() if arn == machine_arn)
    seeded = spec_of(rng, name)
    return replace(
        seeded,
        machine_arn=machine_arn,
        pattern=pattern,
        says=Says.ALL,
        token_variable="TASK_TOKEN",
        items=0,
        tolerates_failures=False,
        timeout_seconds=500.0,
    )


class SeededSecrets:
    """In place of the module `secrets`: chance that is a function of the seed."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def token_hex(self, size: int) -> str:
        """So many bytes in hexadecimal digits."""
        return f"{self._rng.getrandbits(size * 8):0{size * 2}x}"
