"""JSONPath in machines: what a path gives, and what is said of one that leads nowhere, as recorded (fact B49)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.conftest import Aws, Json, state

RUN_TASK = "arn:aws:states:::ecs:runTask"
GAME: Json = {"game": {"date": "d", "teams": {"away": {"team": {"id": 1}}, "home": {"team": {"id": 2}}}}}


def a_pass(**fields: object) -> Json:
    """A machine of one Pass state."""
    return {"StartAt": "S", "States": {"S": {"Type": "Pass", "End": True, **fields}}}


def shaped(aws: Aws, value: str, data: object) -> object:
    """What a template's field gives."""
    end = aws.run(a_pass(Parameters={"r.$": value}), data)
    assert end["status"] == "SUCCEEDED", end
    return json.loads(str(end["output"]))["r"]


@pytest.mark.parametrize(
    ("value", "data", "expected"),
    [
        ("$.items[1:]", {"items": []}, []),
        ("$.a[?(@.y==1997)]", {"a": [{"y": 1997}, {"y": 1998}]}, [{"y": 1997}]),
        ("$..id", GAME, [1, 2]),
        ("States.JsonToString($.game.teams..team.id)", GAME, "[1,2]"),
        ("States.Array('-d', States.Format('-d={}', $.game.date), $..id)", GAME, ["-d", "-d=d", [1, 2]]),
        ("States.ArrayLength($.a[?(@.y=='x, (y)')])", {"a": [{"y": "x, (y)"}]}, 1),
        ("States.Array('it\\'s', 1, -2.5, true, null)", {"a": 1}, ["it's", 1, -2.5, True, None]),
        ("States.Format('{} \\{\\} {}', $.n, $.o)", {"n": None, "o": {"A": [1, True]}}, "null {} {A=[1, true]}"),
        ("States.MathAdd($.a, $.b)", {"a": 1.5, "b": 1.51}, 4),
        ("States.JsonToString($.o)", {"o": {"n": "é"}}, '{"n":"é"}'),
        ("$$.State.Name", {"a": 1}, "S"),
    ],
)
def test_b49_what_a_path_or_a_function_gives(aws: Aws, value: str, data: object, expected: object) -> None:
    assert shaped(aws, value, data) == expected


def test_templates_in_lists_are_filled_in(aws: Aws) -> None:
    end = aws.run(a_pass(Parameters={"list": [{"n.$": "$.n"}, [{"n.$": "$.n"}], "$.n"]}), {"n": 7})
    assert json.loads(str(end["output"])) == {"list": [{"n": 7}, [{"n": 7}], "$.n"]}


NO_PATH = "The value for the field 'r.$' must be a valid JSONPath or a valid intrinsic function call"
LOST: Json = {"other": 1}
ARGUMENT = "The JsonPath argument for the field '$.no' could not be found in the input '{\"other\":1}'"
SAID = "could not be found in the input '{\"other\":1}'"


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"Parameters": {"value.$": "$.no"}}, f"The JSONPath '$.no' specified for the field 'value.$' {SAID}"),
        (
            {"Parameters": {"a": [{"value.$": "$$.Execution.Input.no"}]}},
            f"The JSONPath '$$.Execution.Input.no' specified for the field 'value.$' {SAID}",
        ),
        (
            {"Parameters": {"value.$": "States.Format('{}', $.no)"}},
            f"The function 'States.Format('{{}}', $.no)' had the following error: {ARGUMENT}",
        ),
        ({"InputPath": "$.no"}, "Invalid path '$.no' : No results for path: $['no']"),
        ({"OutputPath": "$.no"}, "Invalid path '$.no' : No results for path: $['no']"),
        ({"OutputPath": "$.no.such"}, "Invalid path '$.no.such' : Missing property in path $['no']"),
        (
            {"InputPath": "$.other[0]"},
            "Invalid path '$.other[0]' : Filter: [0] can only be applied to arrays. Current context is: 1",
        ),
        ({"Type": "Fail", "ErrorPath": "$.no"}, f"The JSONPath '$.no' specified for the field 'ErrorPath' {SAID}"),
        ({"Type": "Fail", "CausePath": "$.no"}, f"The JSONPath '$.no' specified for the field 'CausePath' {SAID}"),
    ],
)
def test_b49_a_path_that_leads_nowhere_fails_its_execution(aws: Aws, fields: Json, cause: str) -> None:
    """Nothing can catch it (B27)."""
    inner: Any = a_pass(**fields)
    if fields.get("Type") == "Fail":
        del inner["States"]["S"]["End"]
    end = aws.run(inner, LOST)
    where = "An error occurred while executing the state 'S' (entered at the event id #2). "
    assert (end["status"], end["error"], end["cause"]) == ("FAILED", "States.Runtime", where + cause)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"Parameters": {"r.$": "$.a[::2]"}}, f"{NO_PATH}: "),
        ({"Parameters": {"r.$": "plain"}}, f"{NO_PATH}: "),
        ({"OutputPath": "$.a[::2]"}, "Invalid path '$.a[::2]' : "),
        ({"Parameters": {"r.$": "$.a.length()"}}, "functions of paths are not supported"),
        ({"Parameters": {"r.$": "$x"}}, f"{NO_PATH}: "),
        ({"Parameters": {"r.$": 7}}, f"{NO_PATH}: it is 7"),
        ({"Parameters": {"r.$": "States.Format('{}' $.a)"}}, "',' or ')' is missing"),
        ({"Parameters": {"r.$": "States.Nothing($.a)"}}, "States.Nothing"),
        ({"ResultPath": "$.a[0]"}, "ResultPath must be a path of names"),
        ({"ResultPath": "$.a["}, "Invalid path '$.a['"),
    ],
)
def test_what_is_not_supported_fails_and_is_never_null(aws: Aws, fields: Json, said: str) -> None:
    end = aws.run(a_pass(**fields), {"a": [1, 2]})
    assert (end["status"], end["error"]) == ("FAILED", "States.Runtime")
    assert said in str(end["cause"])


def test_result_path_in_brackets(aws: Aws) -> None:
    end = aws.run(a_pass(Result=1, ResultPath="$['a b'].c"), {"x": 0})
    assert json.loads(str(end["output"])) == {"x": 0, "a b": {"c": 1}}


@pytest.mark.parametrize("suffix", ["", ".sync", ".waitForTaskToken"])
def test_b49_run_task_is_not_called_with_a_path_that_leads_nowhere(aws: Aws, suffix: str) -> None:
    """States.Runtime, which Retry and Catch of States.ALL do not match (B27)."""
    definition = aws.task_definition({})
    override = {"Name": "main", "Environment": [{"Name": "X", "Value.$": "$.typo.here"}]}
    machine: Any = state(
        RUN_TASK + suffix,
        aws.parameters(definition, Overrides={"ContainerOverrides": [override]}),
        Retry=[{"ErrorEquals": ["States.ALL"]}],
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
    )
    machine["States"]["Caught"] = {"Type": "Pass", "End": True}
    end = aws.run(machine)
    assert (end["status"], end["error"]) == ("FAILED", "States.Runtime")
    assert "The JSONPath '$.typo.here' specified for the field 'Value.$' could not be found" in str(end["cause"])
    types = [event["type"] for event in aws.history(end["executionArn"])]
    assert types == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]
    family = definition.rpartition("/")[2].partition(":")[0]
    for status in ("RUNNING", "STOPPED"):
        assert aws.ecs.list_tasks(cluster=aws.cluster, family=family, desiredStatus=status)["taskArns"] == []


def test_b49_a_result_selector_filters_the_containers_of_a_task(aws: Aws) -> None:
    selector = {
        "exit.$": "$.Containers[?(@.Name=='main')].ExitCode",
        "first.$": "$.Containers[0].ExitCode",
        "all.$": "$..ExitCode",
    }
    parameters = aws.parameters(aws.task_definition({}), "python", "-c", "pass")
    end = aws.run(state(RUN_TASK + ".sync", parameters, ResultSelector=selector))
    assert json.loads(str(end["output"])) == {"exit": [0], "first": 0, "all": [0]}


def chosen(aws: Aws, rule: Json, data: object) -> Json:
    """The end of a machine whose Choice has one rule: its output says whether it held."""
    states = {
        "C": {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        "Yes": {"Type": "Pass", "Result": True, "End": True},
        "No": {"Type": "Pass", "Result": False, "End": True},
    }
    return aws.run({"StartAt": "C", "States": states}, data)


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"Variable": "$.null", "IsPresent": True}, True),
        ({"Variable": "$.absent", "IsPresent": False}, True),
        ({"Variable": "$.absent.x", "IsPresent": True}, False),
        ({"Variable": "$.yes", "IsNumeric": True}, False),
        ({"Variable": "$.one", "IsNumeric": True}, True),
        ({"Variable": "$.null", "IsNull": True}, True),
        ({"Variable": "$.ab", "StringGreaterThanEqualsPath": "$.a"}, True),
        ({"Variable": "$.at", "TimestampEqualsPath": "$.at"}, True),
        ({"Variable": "$.one", "NumericLessThanPath": "$.two"}, True),
        ({"Variable": "$$.State.Name", "StringEquals": "C"}, True),
        ({"And": [{"Variable": "$.absent", "IsPresent": True}, {"Variable": "$.absent", "NumericEquals": 1}]}, False),
        ({"Or": [{"Variable": "$.one", "NumericEquals": 2}, {"Variable": "$.a", "StringMatches": "A*"}]}, True),
        ({"Not": {"Variable": "$.one", "NumericEquals": 2}}, True),
    ],
)
def test_b49_choice_rules(aws: Aws, rule: Json, holds: bool) -> None:
    data = {"null": None, "yes": True, "one": 1, "two": 2, "a": "A", "ab": "AB", "at": "2012-10-09T19:00:55Z"}
    assert json.loads(str(chosen(aws, rule, data)["output"])) is holds


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            {"Variable": "$.no", "NumericEquals": 1},
            "Invalid path '$.no': The choice state's condition path references an invalid value.",
        ),
        ({"Variable": "$.other", "NumericEqualsPath": "$.no"}, "Invalid path '$.no': The choice state's condition "),
        ({"Variable": "$.other", "NumberEquals": 1}, "one known operator"),
        ({"And": []}, "Choice rules must be objects"),
        ({"Variable": "$.other[", "NumericEquals": 1}, "Invalid path '$.other[' : "),
        ({"Variable": "$.other[", "IsPresent": True}, "Invalid path '$.other[' : "),
    ],
)
def test_a_choice_that_cannot_be_made_fails(aws: Aws, rule: Json, said: str) -> None:
    end = chosen(aws, rule, LOST)
    assert (end["status"], end["error"]) == ("FAILED", "States.Runtime")
    assert said in str(end["cause"])


def test_batches_have_the_input_that_their_template_says(aws: Aws) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    each = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"tag.$": "$.tag"}},
        "ItemProcessor": processor,
        "End": True,
    }
    end = aws.run({"StartAt": "S", "States": {"S": each}}, {"items": [1, 2, 3], "tag": "t"})
    assert json.loads(str(end["output"])) == [
        {"BatchInput": {"tag": "t"}, "Items": [1, 2]},
        {"BatchInput": {"tag": "t"}, "Items": [3]},
    ]
