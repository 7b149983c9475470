"""Between the functions and AWS: clients shaped like boto3's, every call of which the scheduler decides about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any, Final

import botocore.loaders
from botocore import xform_name
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from tests.simulation.faults import CallFault, FaultPlan, error_of
from tests.simulation.rates import Rates
from tests.simulation.scheduler import Process, Scheduler, current_process

Answer = Any
Operation = Callable[..., Answer]

_API_NAMES: Final = {"dynamodb": "dynamodb", "stepfunctions": "stepfunctions", "ecs": "ecs", "logs": "logs"}
_DOES_NOT_ARRIVE: Final = frozenset({CallFault.NOT_SENT, CallFault.THROTTLED, CallFault.BROKEN_BEFORE})
_ANSWER_IS_LOST: Final = frozenset({CallFault.ANSWER_LOST, CallFault.BROKEN_AFTER})


@dataclass(frozen=True, slots=True)
class Call:
    """One call on its way."""

    service: str
    operation: str
    carry_out: Operation
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sleep:
    """A process that sleeps."""

    seconds: float


class Network:
    """Carries calls: each one takes time, in which anything else may happen, and may have a fault."""

    def __init__(self, scheduler: Scheduler, plan: FaultPlan) -> None:
        self._scheduler = scheduler
        self._plan = plan
        self._random = plan.rng.random
        self.caller: Process | None = None
        self.rates = Rates()

    def on_wait(self, process: Process, what: Call | Sleep) -> None:
        """A process waits for the answer of a call, or sleeps."""
        if isinstance(what, Sleep):
            self._scheduler.after(what.seconds, process.resume, None)
            return
        function = process.name.partition("-")[0]
        fault, process.awaits = process.awaits or self._plan.for_call(function), None
        takes = 0.002 + self._random() * 0.03
        if fault is CallFault.SLOW:
            takes += self._random() ** 2 * 20
        self._scheduler.after(takes, self._arrives, process, what, fault)

    def _arrives(self, process: Process, call: Call, fault: CallFault) -> None:
        self._scheduler.trace.add((self._scheduler.now, process.name, call.service, call.operation, fault.value))
        if fault is CallFault.DIES_BEFORE:
            process.kill()
            return
        if fault in _DOES_NOT_ARRIVE:
            self._answer(process, error_of(fault, call.service, call.operation))
            return
        self.caller = process
        self.rates.called(call.operation, self._scheduler.now)
        answer = self._carried_out(call)
        if call.operation == "put_item" and _is_of_a_task(call) and not isinstance(answer, Exception):
            process.awaits = self._plan.after_a_record(process.name.partition("-")[0])
        if fault is CallFault.DIES_AFTER:
            process.kill()
        elif fault is CallFault.TRIED_TWICE:
            self._scheduler.after(self._random() * 3, self._arrives, process, call, CallFault.NONE)
        else:
            lost = fault in _ANSWER_IS_LOST
            self._answer(process, error_of(fault, call.service, call.operation) if lost else answer)

    @staticmethod
    def _carried_out(call: Call) -> Answer:
        try:
            return call.carry_out(**call.parameters)
        except Exception as error:  # noqa: BLE001 - what AWS refuses is the caller's to handle
            return error

    def _answer(self, process: Process, answer: Answer) -> None:
        takes = 0.001 + self._random() * 0.02
        if isinstance(answer, Exception):
            self._scheduler.trace.add((self._scheduler.now, process.name, "<-", _said(answer)))
            self._scheduler.after(takes, process.fail, answer)
        else:
            self._scheduler.after(takes, process.resume, answer)


def _is_of_a_task(put: Call) -> bool:
    return str(put.parameters["Item"]["sk"]["S"]).startswith("TASK#")


class Client:
    """A boto3-shaped client of a twin. Inside of a process every call goes over the network; outside it is direct."""

    def __init__(self, service: str, twin: object) -> None:
        self._service = service
        self._twin = twin
        self.meta = SimpleNamespace(region_name="us-east-1")

    def __getattr__(self, name: str) -> Operation:
        carry_out: Operation = getattr(self._twin, name)
        service = self._service

        def call(**parameters: Any) -> Answer:
            check(service, name, parameters)
            process = current_process()
            if process is None:
                return carry_out(**parameters)
            return process.wait(Call(service, name, carry_out, parameters))

        self.__dict__[name] = call
        return call


_checked: set[tuple[str, str, frozenset[str]]] = set()


def check(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """That boto3 itself would take these parameters; each combination of names is looked at once."""
    shape = (service, operation, frozenset(parameters))
    if shape in _checked:
        return
    model = _model(service)
    api_name = next(name for name in model.operation_names if _snake(name) == operation)
    shape_of_input = model.operation_model(api_name).input_shape
    assert shape_of_input
    report = ParamValidator().validate(parameters, shape_of_input)
    if report.has_errors():
        raise AssertionError(f"{service}.{operation}: {report.generate_report()}")
    _checked.add(shape)


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(botocore.loaders.Loader().load_service_model(_API_NAMES[service], "service-2"))


def _snake(name: str) -> str:
    return str(xform_name(name))


def _said(error: Exception) -> str:
    response = getattr(error, "response", None)
    return str(response["Error"]["Code"]) if response else type(error).__name__
