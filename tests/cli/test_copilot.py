"""Manifests of Copilot as jobs: every key of its documentation, and the job that comes of it."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.copilot import AS_WRITTEN, Context, Imported, imported
from cli.copilot_keys import KEYS
from cli.copilot_schedules import deployed
from cli.errors import BadInputError
from cli.jobs_file import parse
from cli.jobs_yaml import jobs_yaml
from cli.yaml_text import read

PAGE = Path(__file__).parents[2] / "docs/copilot.md"
FRAME = "name: report\ntype: Scheduled Job\n"
IMAGE = "image: {location: registry.example/report:1}\n"
ALWAYS = f"{IMAGE}on: {{schedule: '@daily'}}\ntimeout: 1h\n"
KNOWN = Context(
    application="shop",
    environment="prod",
    account="123456789012",
    region="eu-west-1",
    variables={"TAG": "1.4", "GROUPS": '["sg-1", "sg-2"]', "LIST": "[1]", "ODD": "[x"},
    read_file={"log.env": "# level\nLOG_LEVEL=debug\nEMPTY=\nno pair\nURL=a=b\n"}.get,
)
#: What every job has whose manifest says nothing of these.
DEFAULTS: dict[str, object] = {"cpu": 256, "memory": 512, "platform": "linux/amd64", "retries": 0}


def convert(text: str, context: Context = KNOWN) -> Imported:
    """A manifest as a job; the frame comes by itself."""
    document = read((FRAME + text).encode(), as_written=AS_WRITTEN, merges=True)
    assert document.flaws == ()
    assert isinstance(document.data, Mapping)
    return imported(document.data, context)


def with_the_rest(text: str) -> str:
    """Part of a manifest, with the keys that it does not have and every test but one of them needs."""
    keys = {line.partition(":")[0] for line in text.splitlines()}
    return text + "".join(line for line in ALWAYS.splitlines(keepends=True) if line.partition(":")[0] not in keys)


def told(found: Imported) -> list[str]:
    """The paths of what is to be known, those of what is lost with a minus."""
    return [("-" if note.is_lost else "") + ".".join(map(str, note.path)) for note in found.notes]


#: Part of a manifest, and what the job has of it beside the defaults.
CONVERTED: dict[str, tuple[str, Mapping[str, object]]] = {
    "an image": ("image:\n  location: alpine\n", {"image": "alpine"}),
    "an image with a variable": ("image: {location: 'registry/report:${TAG}'}\n", {"image": "registry/report:1.4"}),
    "a command as a text": ("command: ps 'a u'\n", {"command": ["ps", "a u"]}),
    "a command as a list": ("command: [sleep, 30, true]\n", {"command": ["sleep", "30", "true"]}),
    "a command of the image": ("command: []\n", {"command": None}),
    "an entrypoint as a text": ("entrypoint: /bin/run --p1\n", {"entrypoint": ["/bin/run", "--p1"]}),
    "an entrypoint as a list": ("entrypoint: [/bin/run]\n", {"entrypoint": ["/bin/run"]}),
    "an escaped variable": ("command: echo \\${name}\n", {"command": ["echo", "${name}"]}),
    "sizes": ("cpu: 512\nmemory: 2048\n", {"cpu": 512, "memory": 2048}),
    "arm": ("platform: linux/arm64\n", {"platform": "linux/arm64"}),
    "arm by another name": ("platform: linux/ARM\n", {"platform": "linux/arm64"}),
    "x86": ("platform: linux/x86_64\n", {"platform": "linux/amd64"}),
    "a platform as a map": ("platform: {osfamily: linux, architecture: arm64}\n", {"platform": "linux/arm64"}),
    "half a platform": ("platform: {architecture: arm64}\n", {"platform": "linux/arm64"}),
    "a timeout": ("timeout: 1h30m\n", {"timeout": "90m", "totalTimeout": "90m"}),
    "a timeout in hours": ("timeout: 3h\n", {"timeout": "3h", "totalTimeout": "3h"}),
    "a timeout in seconds": ("timeout: 90s\n", {"timeout": "90s", "totalTimeout": "90s"}),
    "retries": ("retries: 3\n", {"retries": 3, "retryOn": {"any": True}}),
    "no retries": ("retries: 0\n", {"retries": 0}),
    "a preset": ("on: {schedule: '@weekly'}\n", {"schedules": {"cron": "0 0 ? * 1 *"}}),
    "an interval": ("on: {schedule: '@every 5h'}\n", {"schedules": {"rate": "300 minutes"}}),
    "a rate": ("on: {schedule: rate(1 hour)}\n", {"schedules": {"rate": "1 hour"}}),
    "a cron": ("on: {schedule: 0 12 * * MON}\n", {"schedules": {"cron": "0 12 ? * MON *"}}),
    "a cron of AWS": ("on: {schedule: 'cron(0 9 1 * ? *)'}\n", {"schedules": {"cron": "0 9 1 * ? *"}}),
    "variables": (
        "variables: {LEVEL: info, PORT: 8080, DEBUG: true, VERSION: 1.10, NONE: }\n",
        {"environment": {"LEVEL": "info", "PORT": "8080", "DEBUG": "true", "VERSION": "1.10", "NONE": ""}},
    ),
    "a file of variables": (
        "env_file: log.env\nvariables: {LOG_LEVEL: info}\n",
        {"environment": {"LOG_LEVEL": "info", "EMPTY": "", "URL": "a=b"}},
    ),
    "the default storage": ("storage: {ephemeral: 20}\n", {}),
    "an anchor": ("x: &x {A: b}\nvariables: {<<: *x}\n", {"environment": {"A": "b"}}),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_what_converts_is_converted(name: str) -> None:
    text, expected = CONVERTED[name]
    found = convert(with_the_rest(text))

    job: dict[str, object] = {
        "image": "registry.example/report:1",
        "timeout": "1h",
        "totalTimeout": "1h",
        "schedules": {"cron": "0 0 * * ? *"},
        **DEFAULTS,
        **expected,
    }
    schedule = job["schedules"]
    assert isinstance(schedule, dict)
    job["schedules"] = [{"name": "main", **schedule, "timeZone": "UTC"}]
    assert found.job == {key: value for key, value in job.items() if value is not None}
    assert [note for note in found.notes if note.is_lost] == []


SECRETS = {
    "by name": ("SQL_PASS", "arn:aws:ssm:eu-west-1:123456789012:parameter/SQL_PASS"),
    "by a path with variables": (
        "/copilot/${COPILOT_APPLICATION_NAME}/${COPILOT_ENVIRONMENT_NAME}/secrets/db",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/copilot/shop/prod/secrets/db",
    ),
    "by ARN": (
        "arn:aws:ssm:eu-west-1:123456789012:parameter/a",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/a",
    ),
    "by ARN in more quotes": (
        "\"'arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-Yi6mvL'\"",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-Yi6mvL",
    ),
    "of Secrets Manager": (
        "{secretsmanager: demo/test/mysql}",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:demo/test/mysql",
    ),
    "a key of Secrets Manager": (
        "{secretsmanager: 'mysql:password::'}",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mysql:password::",
    ),
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_named_by_its_arn(name: str) -> None:
    written, arn = SECRETS[name]
    found = convert(f"{ALWAYS}secrets:\n  DB: {written}\n")

    assert found.job["secrets"] == {"DB": arn}
    assert told(found) == ["secrets"]
    assert "AllowedSecrets" in found.notes[0].detail


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_a_secret_of_another_partition(region: str, partition: str) -> None:
    found = convert(f"{ALWAYS}secrets: {{DB: db}}\n", Context(account="123456789012", region=region))

    assert found.job["secrets"] == {"DB": f"arn:{partition}:ssm:{region}:123456789012:parameter/db"}


OWN = "Register a task definition that has it"
#: Part of a manifest that a job here cannot say, and for each loss its path and words of the way out.
LOST: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "a build": ("image: {build: ./Dockerfile}\n", [("image.build", "Build and push it yourself")]),
    "a build as a map": ("image: {build: {context: a}}\n", [("image.build", "--image")]),
    "no image": ("image: {}\n", [("image", "Give it with --image")]),
    "parts of an image": (
        "image: {location: a, credentials: arn, labels: {a: b}, depends_on: {a: start}, healthcheck: {retries: 1}}\n",
        [("image.credentials", OWN), ("image.labels", OWN), ("image.depends_on", OWN), ("image.healthcheck", OWN)],
    ),
    "a command that is open": ("command: echo 'a\n", [("command", "Write it as a list")]),
    "windows": ("platform: windows/x86_64\n", [("platform", "only Linux runs here")]),
    "windows as a map": (
        "platform: {osfamily: windows_server_2022_core, architecture: x86_64}\n",
        [("platform", "is windows_server_2022_core; only Linux")],
    ),
    "no schedule": ("on: {}\n", [("on", "Give the job schedules")]),
    "a schedule that never was": (
        "on: {schedule: 0 9 1 * 1}\n",
        [("on.schedule", "was never deployed: Copilot refuses")],
    ),
    "half a second": ("timeout: 1500ms\n", [("timeout", "'1500ms' is no whole number of seconds")]),
    "no time": ("timeout: 0s\n", [("timeout", "'0s' is no whole number of seconds")]),
    "a day": ("timeout: 1d\n", [("timeout", "'1d' is no whole number of seconds")]),
    "many retries": ("retries: 11\n", [("retries", "is 11, and 10 is the most here")]),
    "a file that is not there": ("env_file: no.env\n", [("env_file", "Name that with --workspace")]),
    "an imported variable": (
        "variables: {A: {from_cfn: Stack-Name}}\n",
        [("variables.A", "is CloudFormation's export Stack-Name. Look its value up")],
    ),
    "an imported secret": ("secrets: {A: {from_cfn: Stack-Name}}\n", [("secrets.A", "list-exports")]),
    "a secret without a name": ("secrets: {A: }\n", [("secrets.A", "Give its ARN")]),
    "storage": (
        "storage: {ephemeral: 100, readonly_fs: true, volumes: {a: {path: /a, efs: true}}}\n",
        [("storage.ephemeral", OWN), ("storage.readonly_fs", OWN), ("storage.volumes", OWN)],
    ),
    "logging": (
        "logging: {retention: 1, image: a, destination: {Name: cloudwatch}}\n",
        [("logging.image", OWN), ("logging.destination", OWN)],
    ),
    "the network": (
        "network: {vpc: {placement: private, security_groups: [sg-1]}, connect: true}\n",
        [
            ("network.vpc.placement", "SubnetIds"),
            ("network.vpc.security_groups", "SecurityGroupIds"),
            ("network.connect", "Call others by their own names"),
        ],
    ),
    "sidecars": (
        "sidecars: {nginx: {image: a}, envoy: {image: b}}\n",
        [("sidecars.nginx", OWN), ("sidecars.envoy", OWN)],
    ),
    "rules": ("taskdef_overrides: [{path: A, value: b}]\n", [("taskdef_overrides.0", OWN)]),
    "topics": (
        "publish: {topics: [{name: mytopic, fifo: true}]}\n",
        [("publish.topics.0", "is the SNS topic mytopic")],
    ),
    "a variable of the shell": (
        "command: echo ${A} ${A}\n",
        [("command", "needs the variable A: set it in the shell")],
    ),
}


@pytest.mark.parametrize("name", LOST)
def test_what_does_not_convert_is_named_with_its_way_out(name: str) -> None:
    text, expected = LOST[name]
    found = convert(with_the_rest(text))

    lost = [note for note in found.notes if note.is_lost]
    assert [".".join(map(str, note.path)) for note in lost] == [path for path, _ in expected]
    for note, (_, words) in zip(lost, expected, strict=True):
        assert words in note.detail


NOTED: dict[str, tuple[str, list[str]]] = {
    "none": ("on: {schedule: none}\n", ["on.schedule"]),
    "a surprise": ("on: {schedule: 0 9 */2 * *}\n", ["on.schedule"]),
    "no timeout": ("timeout:\n", ["timeout"]),
    "retention": ("logging: {retention: 30}\n", ["logging.retention"]),
    "what did nothing": (
        "count: 2\nexec: true\nobservability: {tracing: awsxray}\n",
        ["count", "exec", "observability"],
    ),
    "what is unknown": ("imge: {}\n", ["imge"]),
    "a port": ("image: {location: a, port: 80}\n", ["image.port"]),
}


@pytest.mark.parametrize("name", NOTED)
def test_what_is_to_be_known_is_said(name: str) -> None:
    text, expected = NOTED[name]

    assert told(convert(with_the_rest(text))) == expected


def test_without_an_account_a_secret_has_no_arn() -> None:
    found = convert(f"{ALWAYS}secrets: {{A: db}}\n", Context(region="eu-west-1"))

    assert told(found) == ["-secrets.A"]
    assert "Give --account and --region" in found.notes[0].detail
    assert "secrets" not in found.job


def test_the_image_that_was_built_is_named_by_the_caller() -> None:
    found = convert("image: {build: a}\non: {schedule: none}\ntimeout: 1s\n", Context(image="registry/mine:1"))

    assert found.job["image"] == "registry/mine:1"
    assert told(found) == ["image.build", "on.schedule"]


ENVIRONMENTS = """
image: {build: ./Dockerfile, labels: {a: b}}
on: {schedule: '@daily'}
timeout: 1h
variables: {LEVEL: info, DB: {from_cfn: MYDB}}
command: [a, b]
environments:
  test:
    image: {location: registry/test}
    on: {schedule: none}
    variables: {DB: test-db, ONLY: test}
    command: c
    retries:
  prod:
    cpu: 2048
    memory: 4096
    command: []
  empty:
"""


def test_an_environment_overrides_what_holds_for_all() -> None:
    test = convert(ENVIRONMENTS, Context(environment="test"))

    assert test.job == {
        **DEFAULTS,
        "image": "registry/test",
        "command": ["c"],
        "environment": {"LEVEL": "info", "DB": "test-db", "ONLY": "test"},
        "timeout": "1h",
        "totalTimeout": "1h",
    }
    assert told(test) == ["-image.labels", "on.schedule"]
    prod = convert(ENVIRONMENTS, Context(environment="prod")).job
    assert (prod["cpu"], prod["memory"], "command" in prod) == (2048, 4096, False)


def test_a_build_ends_the_location_of_all() -> None:
    text = f"{ALWAYS}environments: {{prod: {{image: {{build: a}}}}}}\n"

    assert told(convert(text)) == ["-image.build"]


@pytest.mark.parametrize(
    ("environment", "first"), [(None, "-environments"), ("staging", "environments"), ("empty", "-image.build")]
)
def test_without_a_known_environment_it_is_said_which_there_are(environment: str | None, first: str) -> None:
    found = convert(ENVIRONMENTS, Context(environment=environment))

    assert told(found)[0] == first
    if environment is None:
        assert found.notes[0].detail == "is left out; --env takes that of one of test, prod, empty."


def test_a_variable_may_hold_a_list() -> None:
    listed = convert(f"{ALWAYS}network: {{vpc: {{security_groups: '${{GROUPS}}'}}}}\ncommand: ${{GROUPS}}\n")
    assert listed.job["command"] == ["sg-1", "sg-2"]
    assert convert(f"{ALWAYS}command: ${{LIST}}\n").job["command"] == ["[1]"]
    assert convert(f"{ALWAYS}command: ${{ODD}}\n").job["command"] == ["[x"]


@pytest.mark.parametrize(
    ("variable", "way"), [("COPILOT_APPLICATION_NAME", "--app"), ("COPILOT_ENVIRONMENT_NAME", "--env")]
)
def test_a_variable_of_copilot_has_an_option(variable: str, way: str) -> None:
    (note,) = convert(f"{ALWAYS}command: echo ${{{variable}}}\n", Context()).notes

    assert note.detail == f"needs the variable {variable}: give {way}, and import again."


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        ({"name": "a", "type": "Backend Service"}, "is no manifest of a scheduled job: its type is Backend Service."),
        ({}, "is no manifest of a scheduled job: its type is None."),
        ({"type": "Scheduled Job"}, "has no name."),
    ],
)
def test_another_manifest_is_refused(manifest: Mapping[str, object], problem: str) -> None:
    with pytest.raises(BadInputError) as caught:
        imported(manifest, Context())
    assert caught.value.message == problem


def test_the_keys_of_a_job_are_in_one_order() -> None:
    job = convert(f"retries: 1\ncommand: a\nvariables: {{A: b}}\n{ALWAYS}").job

    assert [*job] == [
        *("image", "command", "environment", "cpu", "memory", "platform"),
        *("timeout", "totalTimeout", "retries", "retryOn", "schedules"),
    ]


@pytest.mark.parametrize("name", [*CONVERTED])
def test_what_comes_of_it_is_a_file_without_a_problem(name: str) -> None:
    text, _ = CONVERTED[name]
    found = convert(with_the_rest(text))
    file = parse(jobs_yaml("shop", {found.name: found.job}).encode(), "jobs.yaml")

    assert [problem for problem in file.problems if "reserved" in problem.detail] == []
    assert file.problems == ()


def test_every_documented_key_has_a_converter() -> None:
    documented = "on image entrypoint command cpu memory platform retries timeout network variables env_file secrets"
    more = "storage logging publish sidecars taskdef_overrides count exec observability"

    assert {*KEYS} == {*documented.split(), *more.split()}


def test_the_page_names_every_key() -> None:
    page = PAGE.read_text()
    table = page.partition("| key |")[2].partition("\n\n")[0]
    named = {
        key.partition(".")[0] for line in table.splitlines() for key in re.findall(r"`([a-z_.]+)`", line.split("|")[1])
    }

    assert {*KEYS, "environments"} == named - {"labels", "depends_on", "healthcheck"}


@pytest.mark.parametrize(
    ("schedule", "rule"),
    re.findall(r"^\| (?:[a-z ]+: )?`([^`]+)` \| `(?:cron|rate)\(([^`]+)\)`", PAGE.read_text(), re.MULTILINE),
)
def test_the_page_says_what_was_deployed(schedule: str, rule: str) -> None:
    assert deployed(schedule).fields == rule
