"""What each role may do with jobs: their table, their timers and their slots."""

import pytest

from tests.template.loading import Object, resources_of_type
from tests.template.roles import as_list, statements, statements_on


def test_jobs_are_written_by_their_function_alone_and_nothing_else_of_their_table(template: Object) -> None:
    def keys(role: str, action: str) -> list[list[str]]:
        tables = [each for each in statements_on(template, role, action) if "JobsTable" in str(each["Resource"])]
        return [next(iter(each["Condition"].values()))["dynamodb:LeadingKeys"] for each in tables]

    assert keys("JobsRole", "dynamodb:PutItem") == [["JOBS"], ["GATE#*"]]
    assert keys("JobsRole", "dynamodb:Query") == [["JOBS"]]
    assert keys("JobsRole", "dynamodb:DeleteItem") == [["GATE#*"]]
    for role in resources_of_type(template, "AWS::IAM::Role"):
        for action in ("PutItem", "DeleteItem", "UpdateItem"):
            # The sweep notes on a job that people have been told that it is late.
            is_allowed = role == "JobsRole" or (role, action) == ("SweepRole", "PutItem")
            assert is_allowed or ["JOBS"] not in keys(role, f"dynamodb:{action}")


def test_the_roles_of_timers_are_passed_to_scheduler_alone_and_its_schedules_are_those_of_the_group(
    template: Object,
) -> None:
    *_, timers = statements_on(template, "JobsRole", "iam:PassRole")
    assert timers["Resource"] == {"Fn::GetAtt": ["TimerRole", "Arn"]}
    assert timers["Condition"] == {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    (schedules,) = statements_on(template, "JobsRole", "scheduler:CreateSchedule")
    assert schedules["Resource"]["Fn::Sub"].endswith(":schedule/${JobScheduleGroup}/*")
    (calls,) = statements_on(template, "TimerRole", "lambda:InvokeFunction")
    assert calls["Resource"] == {"Fn::GetAtt": ["StartScheduledRunFunction", "Arn"]}


#: Who may do what with which partitions of the jobs table. Only what changes jobs, and the sweep, may write JOBS.
AT_GATES = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"}
PARTITIONS = {
    "PrepareRunRole": [({"dynamodb:GetItem"}, ["JOBS"]), ({"dynamodb:GetItem", "dynamodb:PutItem"}, ["GATE#*"])],
    "ApiRole": [({"dynamodb:GetItem"}, ["JOBS"]), ({"dynamodb:GetItem"}, ["GATE#*"])],
    "TaskStateChangeRole": [(AT_GATES, ["GATE#*"])],
    "ExecutionStateChangeRole": [(AT_GATES, ["GATE#*"])],
    "StartScheduledRunRole": [({"dynamodb:GetItem"}, ["JOBS"])],
    "WaitForSlotRole": [(AT_GATES, ["GATE#*"])],
    "SweepRole": [
        (AT_GATES, ["GATE#*"]),
        ({"dynamodb:Query"}, ["JOBS", "GATE#*"]),
        ({"dynamodb:PutItem"}, ["JOBS"]),  # that people know of a job which is late
    ],
}


@pytest.mark.parametrize("role", PARTITIONS)
def test_each_function_reaches_its_partitions_of_the_jobs_table_and_no_others(role: str, template: Object) -> None:
    table = {"Fn::GetAtt": ["JobsTable", "Arn"]}
    found = [each for each in statements(template, role) if table in as_list(each["Resource"])]
    partitions = [next(iter(each["Condition"].values()))["dynamodb:LeadingKeys"] for each in found]
    assert [(set(as_list(each["Action"])), keys) for each, keys in zip(found, partitions, strict=True)] == PARTITIONS[
        role
    ]
    assert all(operator.startswith("ForAllValues:String") for each in found for operator in each["Condition"])


@pytest.mark.parametrize("role", ["WaitForSlotRole", "SweepRole"])
def test_runs_that_are_replaced_are_stopped_in_our_own_machines_alone(role: str, template: Object) -> None:
    (stops,) = statements_on(template, role, "states:StopExecution")
    assert len(stops["Resource"]) == 3
    assert all(":execution:${RunTask" in each["Fn::Sub"] for each in stops["Resource"])
