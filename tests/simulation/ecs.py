"""A client twin of ECS, and the lives of its tasks: versions, events, stops, and what it forgets."""

from collections.abc import Callable
from email.utils import format_datetime
from typing import Any, Final

from fargate_runs.outcomes.kinds import ErrorName
from tests.fakes.ecs import CANARY, REGION_AND_ACCOUNT, TASK_DEFINITION_ARN
from tests.simulation.faults import FaultPlan, client_error
from tests.simulation.lives import ANSWERS, EXPECTED, FAILED_STARTS, Ending
from tests.simulation.scheduler import Scheduler
from tests.simulation.tasks import REMEMBERS, Detail, Order, Task

_MOST_DESCRIBED: Final = 100
#: The chance that a task is missing in lists for a while, within how long after its start it begins to, for how long.
USUALLY_HIDDEN: Final = (0.4, 250.0, 100.0)


class Ecs:
    """The operations that functions call, and what happens to tasks by itself.

    `emit` gets the detail of each change, `own_answer` is a container that answers its token, `on_stopped` is told of
    each end, `on_stop` of each task that a function stops; `is_known` says whether a task is recorded.
    """

    def __init__(self, scheduler: Scheduler, plan: FaultPlan) -> None:
        self._scheduler = scheduler
        self._plan = plan
        self._rng = plan.rng
        self.tasks: dict[str, Task] = {}
        self.emit: Callable[[Task, Detail], None] = lambda _task, _detail: None
        self.own_answer: Callable[[str, bool], None] = lambda _token, _well: None
        self.on_stopped: Callable[[Task], None] = lambda _task: None
        self.on_stop: Callable[[Task], None] = lambda _task: None
        self.is_known: Callable[[Task], bool] = lambda _task: True
        self.page = 100
        self.hidden = USUALLY_HIDDEN
        self.shows_deleted = False

    # ---- operations ----------------------------------------------------------------------------------------------

    def list_tasks(
        self,
        *,
        cluster: str,
        desiredStatus: str = "RUNNING",  # noqa: N803
        nextToken: str | None = None,  # noqa: N803
        maxResults: int = 100,  # noqa: N803
        **_filters: Any,
    ) -> dict[str, Any]:
        """Pages of ARNs, by the status that is desired; the newest may not be listed yet.

        A token says after which task it goes on, so that one that leaves the list hides no other.
        """
        after = int(nextToken or 0)
        found = [
            (number, task.arn)
            for number, task in enumerate(self.tasks.values(), 1)
            if number > after and task.desired_status == desiredStatus and self._is_listed(task, cluster)
        ]
        size = min(maxResults, self.page)
        more = {"nextToken": str(found[size - 1][0])} if len(found) > size else {}
        return {"taskArns": [arn for _, arn in found[:size]], **more, **self._dated()}

    def describe_tasks(self, *, cluster: str, tasks: list[str], **_options: Any) -> dict[str, Any]:
        """Up to 100 tasks, and a failure for each that is not seen (fact B12)."""
        if len(tasks) > _MOST_DESCRIBED:
            raise client_error("DescribeTasks", "InvalidParameterException", "Tasks can have at most 100 items")
        found, failures = [], []
        for arn in tasks:
            task = self.tasks.get(arn)
            if task is None or task.order.cluster != cluster or not self._is_seen(task):
                self._plan.count["F16"] += 1
                failures.append({"arn": arn, "reason": "MISSING"})
            elif self._plan.happens(0.02):
                task.unavailable = self._scheduler.now
                failures.append({"arn": arn, "reason": "UNAVAILABLE"})
            else:
                found.append(self._described(task))
        return {"tasks": found, "failures": failures, **self._dated()}

    def stop_task(self, *, cluster: str, task: str, reason: str | None = None) -> dict[str, Any]:
        """Stop a task; one that has stopped stays as it is."""
        found = self.tasks.get(task)
        if found is None or found.order.cluster != cluster or not self.is_remembered(found):
            raise client_error("StopTask", "InvalidParameterException", "The referenced task was not found.")
        if reason is not None and len(reason) > 255:
            raise client_error("StopTask", "InvalidParameterException", "Reason must be at most 255 characters long.")
        if found.is_live and found.desired_status != "STOPPED":
            self.on_stop(found)
        self.stop(found, reason or "Task stopped by user")
        return {"task": self._described(found)}

    # ---- what Step Functions and people do -----------------------------------------------------------------------

    def run_task(self, order: Order) -> Task:
        """A new task, which lives from now on."""
        now = self._scheduler.now
        cluster = order.cluster.rpartition("/")[2]
        arn = f"arn:aws:ecs:{REGION_AND_ACCOUNT}:task/{cluster}/{self._rng.getrandbits(128):032x}"
        task = Task(arn, order, now, visible_from=now + self._rng.random() * 4, times={"createdAt": now})
        chance, within, seconds = self.hidden
        if self._plan.happens(chance):
            start = now + self._rng.random() * within
            task.hidden = (start, start + seconds)
        task.containers = self._fresh_containers(task)
        self.tasks[arn] = task
        self._changed(task)
        self._scheduler.after(order.life.starts_after * 0.4, self._pending, task)
        return task

    def environment_of(self, task: Task) -> list[dict[str, str]]:
        """What the task's main container was given, the canary included."""
        given = {**task.order.environment, "SECRET": CANARY}
        return [{"name": name, "value": value} for name, value in given.items()]

    # ---- a life --------------------------------------------------------------------------------------------------

    def _pending(self, task: Task) -> None:
        life = task.order.life
        if task.last_status != "PROVISIONING" or task.desired_status == "STOPPED" or life.ending is Ending.STUCK:
            return
        if life.ending in FAILED_STARTS:
            self._failed_start(task, FAILED_STARTS[life.ending])
            return
        task.times["pullStartedAt"] = self._scheduler.now
        self._becomes(task, "PENDING")
        self._scheduler.after(life.starts_after * 0.6, self._running, task)

    def _failed_start(self, task: Task, reason: str) -> None:
        task.stop_code, task.stopped_reason, task.desired_status = "TaskFailedToStart", reason, "STOPPED"
        if task.order.life.ending is Ending.NO_CONTAINERS:
            task.containers = ()
        self._plan.count["F14"] += 1
        self._end(task)

    def _running(self, task: Task) -> None:
        if task.last_status != "PENDING" or task.desired_status == "STOPPED":
            return
        life, now = task.order.life, self._scheduler.now
        task.times.update(pullStoppedAt=now - 1, startedAt=now)
        self._becomes(task, "RUNNING")
        if self._plan.happens(0.2):
            self._scheduler.after(life.works_for / 2, self._notable, task)
        if life.ending in ANSWERS:
            self._scheduler.after(life.works_for / 2, self._answers, task)
        if life.ending is Ending.SPOT:
            self._scheduler.after(life.works_for, self._spot_warning, task)
        elif life.ending is Ending.VANISHES:
            self._scheduler.after(life.works_for, self._vanishes, task)
        elif not life.runs_on:
            self._scheduler.after(life.works_for, self._exits, task, life.exit_code)

    def _notable(self, task: Task) -> None:
        """A change that means nothing, such as an agent that connects."""
        if task.last_status == "RUNNING":
            self._changed(task, more=1)

    def _answers(self, task: Task) -> None:
        token = next((v for n, v in task.order.environment.items() if n.startswith("TASK_TOKEN")), None)
        if token and task.last_status == "RUNNING":
            self.own_answer(token, task.order.life.answers_well)

    def _spot_warning(self, task: Task) -> None:
        if task.last_status != "RUNNING" or task.desired_status == "STOPPED":
            return
        self._plan.count["F17"] += 1
        task.desired_status, task.stop_code = "STOPPED", "SpotInterruption"
        task.stopped_reason = "Your Spot Task was interrupted."
        task.times["stoppingAt"] = self._scheduler.now
        self._changed(task, more=1)
        self._scheduler.after(120, self._terminated, task)

    def _terminated(self, task: Task) -> None:
        """SIGTERM: some end well, some badly, some are killed."""
        code = (0, 143, 137)[int(self._rng.random() * 3)]
        self._scheduler.after(self._rng.random() * 30, self._exits, task, code)

    def _vanishes(self, task: Task) -> None:
        """ECS forgets it; not before anybody has seen it, because nobody could know of it then."""
        if not task.is_live:
            return
        if not self.is_known(task):
            self._scheduler.after(20, self._vanishes, task)
            return
        task.has_vanished = True
        task.truth = frozenset({ErrorName.LOST})

    def _exits(self, task: Task, code: int) -> None:
        if task.last_status != "RUNNING" or not task.is_live:
            return
        ending = task.order.life.ending
        task.times["executionStoppedAt"] = self._scheduler.now
        main = {**task.containers[0], "lastStatus": "STOPPED", "exitCode": code}
        if ending is Ending.OUT_OF_MEMORY and task.stop_code is None:
            main["reason"] = "OutOfMemoryError: Container killed due to memory usage"
        side_code = 1 if ending is Ending.SIDECAR and task.stop_code is None else 143
        others = [{**each, "lastStatus": "STOPPED", "exitCode": side_code} for each in task.containers[1:]]
        task.containers = (main, *others)
        if task.stop_code is None:
            task.stop_code, task.stopped_reason = "EssentialContainerExited", "Essential container in task exited"
        task.desired_status = "STOPPED"
        self._end(task)

    def stop(self, task: Task, reason: str) -> None:
        """Somebody stops it: SIGTERM, if it runs already."""
        if not task.is_live or task.desired_status == "STOPPED":
            return
        was_running = task.last_status == "RUNNING"
        task.desired_status, task.stop_code, task.stopped_reason = "STOPPED", "UserInitiated", reason
        task.times["stoppingAt"] = self._scheduler.now
        self._changed(task, more=1)
        if was_running:
            self._terminated(task)
        else:
            self._scheduler.after(self._rng.random() * 10, self._end, task)

    def _end(self, task: Task) -> None:
        self._becomes(task, "DEPROVISIONING")
        self._scheduler.after(task.order.life.stops_after, self._stopped, task)

    def _stopped(self, task: Task) -> None:
        task.stopped_at = task.times["stoppedAt"] = self._scheduler.now
        task.times.setdefault("stoppingAt", self._scheduler.now)
        task.truth = self._truth(task)
        self._becomes(task, "STOPPED")
        self.on_stopped(task)
        if self._plan.happens(0.03) and task.stop_code == "EssentialContainerExited":
            self._scheduler.after(self._rng.random() * 60, self._contradicts, task)

    def _contradicts(self, task: Task) -> None:
        """Late evidence of another end (fault F11): either is right, whichever was decided first."""
        self._plan.count["F11"] += 1
        main = {**task.containers[0], "exitCode": 5}
        main.pop("reason", None)
        task.containers = (main, *task.containers[1:])
        task.truth |= {ErrorName.EXITED_NON_ZERO}
        self._changed(task, more=1)

    @staticmethod
    def _truth(task: Task) -> frozenset[ErrorName | None]:
        if task.stop_code == "UserInitiated":
            by_machine = "AWS Step Functions execution" in (task.stopped_reason or "")
            if "past its timeoutSeconds" in (task.stopped_reason or ""):
                return frozenset({ErrorName.TIMED_OUT})
            return frozenset({ErrorName.STOPPED_BY_STEP_FUNCTIONS if by_machine else ErrorName.STOPPED_BY_USER})
        ending = task.order.life.ending
        environment = task.order.environment
        if ending is Ending.SIDECAR and not environment:
            return frozenset({ErrorName.EXITED_NON_ZERO})  # nothing says which container is the main one
        if ending is Ending.SIDECAR and not {"RUN_ID", "TASK_TOKEN", "TASK_TOKEN_ENV_VARIABLE"} & environment.keys():
            # A variable that is a token's by the settings of some time alone.
            return frozenset({ErrorName.EXITED_NON_ZERO, ErrorName.SIDECAR_FAILED})
        return frozenset({EXPECTED[ending]})

    # ---- what is seen of it --------------------------------------------------------------------------------------

    def _becomes(self, task: Task, status: str) -> None:
        task.last_status = status
        self._changed(task, more=1)

    def _changed(self, task: Task, *, more: int = 0) -> None:
        task.version += more
        self._scheduler.trace.add((self._scheduler.now, "ecs", task.task_id[:6], task.version, task.last_status))
        self.emit(task, self.detail(task, self._scheduler.iso))

    def is_remembered(self, task: Task) -> bool:
        """Whether ECS still knows a task."""
        if task.has_vanished:
            return False
        return task.stopped_at is None or self._scheduler.now - task.stopped_at < REMEMBERS

    def _is_listed(self, task: Task, cluster: str) -> bool:
        return task.order.cluster == cluster and self._is_seen(task)

    def _is_seen(self, task: Task) -> bool:
        now = self._scheduler.now
        if not self.is_remembered(task) or now < task.visible_from:
            return False
        return self._plan.is_over or not task.hidden[0] <= now < task.hidden[1]

    def _dated(self) -> Detail:
        """The time by ECS's clock, as every answer of HTTP says it."""
        return {
            "ResponseMetadata": {
                "HTTPHeaders": {"date": format_datetime(self._scheduler.datetime(self._scheduler.now), usegmt=True)}
            }
        }

    def _described(self, task: Task) -> Detail:
        shown = self.detail(task, self._scheduler.datetime)
        if self.shows_deleted and task.stopped_at is not None:
            shown["lastStatus"] = "DELETED"  # fact B44
        return {**shown, "tags": [], "healthStatus": "UNKNOWN"}

    def detail(self, task: Task, time: Callable[[float], object]) -> Detail:
        """A task as it stands; what is not known is absent (fact B2)."""
        order = task.order
        shown: Detail = {
            "taskArn": task.arn,
            "clusterArn": order.cluster,
            "taskDefinitionArn": TASK_DEFINITION_ARN,
            "version": task.version,
            "lastStatus": task.last_status,
            "desiredStatus": task.desired_status,
            "launchType": "FARGATE",
            "capacityProviderName": order.provider,
            "cpu": "256",
            "memory": "512",
            "group": "family:fargate-runs",
            "containers": list(task.containers),
            "overrides": {
                "containerOverrides": [
                    {"name": "aws-guardduty-agent-x", "environment": [], "memory": 128},
                    {"name": "main", "command": ["job"], "environment": self.environment_of(task)},
                ]
            },
        }
        shown.update({name: time(at) for name, at in task.times.items()})
        for name, value in (
            ("stopCode", task.stop_code),
            ("stoppedReason", task.stopped_reason),
            ("startedBy", order.started_by),
        ):
            if value is not None:
                shown[name] = value
        return shown

    @staticmethod
    def _fresh_containers(task: Task) -> tuple[Detail, ...]:
        names = ["main", *(["proxy"] if task.order.life.has_sidecar else []), "aws-guardduty-agent-x"]
        return tuple(
            {
                "containerArn": f"{task.arn.replace(':task/', ':container/')}/{name}",
                "taskArn": task.arn,
                "name": name,
                "lastStatus": "PENDING",
                "cpu": "null" if name.startswith("aws-") else "0",
                "networkInterfaces": [],
            }
            for name in names
        )
