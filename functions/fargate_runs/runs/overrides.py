"""RunTask's overrides of a run, as JSON text with holes for values that only the state running the task knows. Pure.

That state knows the task token and the number of redrives. It joins the pieces: text, number, text, token, text.
Options that a run does not set are left out, because on AWS an expression that yields nothing is an error.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from fargate_runs.reading.patterns import Pattern
from fargate_runs.reading.tokens import TOKEN_VARIABLE
from fargate_runs.runs.request import RunRequest, iso_seconds

ATTEMPT_VARIABLE: Final = "RUN_ATTEMPT"
_HOLES: Final[Mapping[Pattern, tuple[str, ...]]] = {
    Pattern.REQUEST_RESPONSE: (ATTEMPT_VARIABLE,),
    Pattern.SYNC: (ATTEMPT_VARIABLE,),
    Pattern.CALLBACK: (ATTEMPT_VARIABLE, TOKEN_VARIABLE),
}


def overrides_in_pieces(
    request: RunRequest, *, container: str, run_id: str, execution_arn: str, timeout_seconds: int
) -> tuple[str, ...]:
    """Returns the text up to the attempt's number, then for a callback up to the token, then the rest."""
    variables = {
        "RUN_ID": run_id,
        "RUN_EXECUTION_ARN": execution_arn,
        ATTEMPT_VARIABLE: "",
        **_of_the_pattern(request.pattern, timeout_seconds),
        **_of_the_job(request),
        **request.environment,
    }
    command = {"Command": list(request.commands)} if request.commands is not None else {}
    environment = [{"Name": name, "Value": value} for name, value in variables.items()]
    overrides = {
        **({"Cpu": request.cpu} if request.cpu is not None else {}),
        **({"Memory": request.memory} if request.memory is not None else {}),
        "ContainerOverrides": [{"Name": container, **command, "Environment": environment}],
    }
    text = json.dumps(overrides, ensure_ascii=False, separators=(",", ":"))
    return tuple(_cut(text, _HOLES[request.pattern]))


def _of_the_pattern(pattern: Pattern, timeout_seconds: int) -> Mapping[str, str]:
    """Returns the pattern's own variables. A request-response task carries its limit, because nothing waits for it."""
    if pattern is Pattern.CALLBACK:
        return {TOKEN_VARIABLE: ""}
    return {"RUN_TIMEOUT_SECONDS": str(timeout_seconds)} if pattern is Pattern.REQUEST_RESPONSE else {}


def _of_the_job(request: RunRequest) -> Mapping[str, str]:
    """Returns the variables of a run of a job."""
    if request.job is None:
        return {}
    scheduled = {"RUN_SCHEDULED_TIME": iso_seconds(request.scheduled_time)} if request.scheduled_time else {}
    return {"RUN_JOB": request.job, **scheduled}


def _cut(text: str, holes: tuple[str, ...]) -> Iterator[str]:
    """Yields the pieces. No user's value looks like a hole: inside a JSON text a backslash stands before each quote."""
    for name in holes:
        before, place, text = text.partition(f'{{"Name":"{name}","Value":"')
        yield before + place
    yield text
