"""`runs jobs export`, `import-copilot` and `schema`."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from cli import target
from cli.main import main
from cli.yaml_text import read
from tests.cli.aws_for_tests import Aws, denied
from tests.cli.jobs_for_tests import NOW, Jobs
from tests.cli.standin import StandIn, at, serving
from tests.cli.test_jobs_file import FILE

Run = Callable[..., Result]
EVERYTHING: dict[str, object] = {
    "project": "reports",
    "image": "registry.example/report:1",
    "entrypoint": ["/bin/run"],
    "command": ["python", "-c", "print(1)"],
    "environment": {"STAGE": "prod", "PORT": "8080"},
    "secrets": {"DB": "arn:aws:ssm:eu-west-1:111122223333:parameter/db"},
    "cpu": 512,
    "memory": 1024,
    "platform": "linux/arm64",
    "taskRole": "arn:aws:iam::111122223333:role/a",
    "capacity": "spot-first",
    "timeout": "1h",
    "totalTimeout": "3h",
    "retries": 2,
    "retryOn": {"exitCodes": [75]},
    "pattern": "sync",
    "schedules": [
        {"name": "a", "cron": "0 6 ? * MON-FRI *", "timeZone": "Europe/Berlin", "startingDeadline": "2h"},
        {"name": "b", "rate": "5 minutes", "enabled": False, "overrides": {"cpu": 1024, "memory": 2048}},
    ],
    "concurrency": {"limit": 2, "policy": "skip"},
    "alarm": {"noSuccessFor": "26h"},
}
DEFINITION = {
    "taskDefinition": {
        "containerDefinitions": [
            {
                "name": "main",
                "environment": [
                    {"name": "STAGE", "value": "prod"},
                    {"name": "PORT", "value": "8080"},
                    {"name": "OURS", "value": "x"},
                ],
            }
        ]
    }
}


def body(**changes: object) -> dict[str, object]:
    """That of a job with every key, or with others."""
    return {key: value for key, value in {**EVERYTHING, **changes}.items() if value is not None}


@pytest.fixture
def jobs() -> Jobs:
    """The stack."""
    found = Jobs()
    found.apply("nightly", body())
    return found


@pytest.fixture
def server(jobs: Jobs) -> Iterator[StandIn]:
    """Its API."""
    with serving(jobs.answer) as running:
        yield running


@pytest.fixture
def aws() -> Aws:
    """AWS, which shows task definitions."""
    return Aws(NOW, {"DescribeTaskDefinition": DEFINITION})


@pytest.fixture
def run(runner: CliRunner, server: StandIn, aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Type a command in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(target.Target, "ecs", lambda _: aws.session().client("ecs"))
    return lambda *words: runner.invoke(main, ["jobs", *words], obj=at(server))


def test_what_is_exported_is_applied_again_without_a_change(run: Run, jobs: Jobs, aws: Aws) -> None:
    jobs.apply("weekly", body(environment=None))
    result = run("export")

    assert (result.exit_code, result.stderr, aws.asked) == (0, "", ["DescribeTaskDefinition"])
    Path("jobs.yaml").write_text(result.stdout)
    diff = run("diff")
    assert (diff.exit_code, diff.stdout) == (
        0,
        "  2 jobs are as the file says\nNo change: everything is as jobs.yaml says.\n",
    )


def test_only_variables_of_the_job_are_exported(run: Run) -> None:
    assert "OURS" not in run("export").stdout


OWN: dict[str, object] = {
    "image": None,
    "entrypoint": None,
    "secrets": None,
    "platform": None,
    "taskRole": None,
    "taskDefinition": "own",
}
OVERRIDDEN = [{"name": "a", "rate": "1 hour", "overrides": {"environment": {"DAY": "1"}}}]
MISSING: dict[str, tuple[dict[str, object], object, list[str]]] = {
    "without a permission": (
        {},
        denied("DescribeTaskDefinition"),
        [
            "nightly: environment.PORT: its task definition cannot be read (AccessDenied)",
            "nightly: environment.STAGE: its task definition cannot be read (AccessDenied)",
        ],
    ),
    "a variable that is gone": (
        {"environment": {"STAGE": "prod", "NEW": "x"}},
        DEFINITION,
        ["nightly: environment.NEW: its task definition has no such variable"],
    ),
    "a task definition of others": (
        OWN,
        DEFINITION,
        [
            "nightly: environment.PORT: its runs have it as an override, which is nowhere to be read",
            "nightly: environment.STAGE: its runs have it as an override, which is nowhere to be read",
        ],
    ),
    "overrides": (
        {"schedules": OVERRIDDEN},
        DEFINITION,
        ["nightly: schedules[0].overrides.environment.DAY: values of overrides are nowhere to be read"],
    ),
}


@pytest.mark.parametrize("name", MISSING)
def test_a_value_that_cannot_be_read_is_named(run: Run, jobs: Jobs, aws: Aws, name: str) -> None:
    changes, answer, lines = MISSING[name]
    jobs.apply("nightly", body(**changes))
    aws.answers["DescribeTaskDefinition"] = answer  # type: ignore[assignment]
    refused, exported = run("export"), run("export", "--without-values")

    told = "Nothing is exported: give --without-values to leave these out."
    assert (refused.exit_code, refused.stdout, refused.stderr.splitlines()) == (1, "", [*lines, told])
    assert (exported.exit_code, exported.stderr.splitlines()) == (0, lines)
    unwrapped = exported.stdout.replace("\n    # ", " ").replace("No value", "\nNo value").splitlines()
    assert [line.strip() for line in unwrapped if line.startswith("No value")] == [
        f"No value is known: {line}" for line in lines
    ]


def test_of_several_projects_one_is_named(run: Run, jobs: Jobs) -> None:
    jobs.apply("other", body(project="others"))
    several = run("export")

    assert (several.exit_code, several.stderr) == (2, "Error: There are others, reports: name one with --project.\n")
    assert "project: others\n" in run("export", "--project", "others").stdout
    assert run("export", "--project", "none").stderr == "Error: There is no job to export.\n"


MANIFEST = """\
name: report
type: Scheduled Job
image:
  location: registry.example/report:${TAG}
on:
  schedule: "@daily"
timeout: 1h
retries: 2
env_file: log.env
secrets:
  DB: /shop/db
sidecars:
  nginx: {image: nginx}
environments:
  prod:
    cpu: 1024
    memory: 2048
    network: {vpc: {placement: private}}
"""
KNOWN = ("--env", "prod", "--account", "123456789012", "--region", "eu-west-1")


@pytest.fixture
def manifest(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of Copilot, where the command is typed."""
    monkeypatch.setenv("TAG", "1.4")
    (tmp_path / "copilot/report").mkdir(parents=True)
    (tmp_path / "copilot/.workspace").write_text("application: shop\n")
    (tmp_path / "log.env").write_text("LOG_LEVEL=debug\n")
    path = tmp_path / "copilot/report/manifest.yml"
    path.write_text(MANIFEST)
    return path


def test_a_manifest_becomes_a_file_that_says_what_is_left_out(run: Run, manifest: Path) -> None:
    result = run("import-copilot", "copilot/report/manifest.yml", *KNOWN)

    assert result.exit_code == 1
    assert [line for line in result.stdout.splitlines() if "#" not in line] == [
        "version: 1",
        "project: shop",
        "jobs:",
        "  report:",
        "    image: registry.example/report:1.4",
        "    environment: {LOG_LEVEL: debug}",
        "    secrets: {DB: arn:aws:ssm:eu-west-1:123456789012:parameter/shop/db}",
        "    cpu: 1024",
        "    memory: 2048",
        "    platform: linux/amd64",
        "    timeout: 1h",
        "    totalTimeout: 1h",
        "    retries: 2",
        "    retryOn: {any: true}",
        "    schedules:",
        '      - {name: main, cron: "0 0 * * ? *", timeZone: UTC}',
    ]
    assert "  # From copilot/report/manifest.yml for the environment prod.\n" in result.stdout
    assert "    # LEFT OUT: sidecars.nginx: is a second container" in result.stdout
    said = [line.partition(": ")[::2] for line in result.stderr.splitlines()]
    file = "copilot/report/manifest.yml"
    assert [place for place, _ in said] == [f"{file}:10:1", f"{file}:18:21", f"{file}:13:3", file, file]
    assert said[1][1].startswith("network.vpc.placement: left out: ")


def test_what_is_imported_is_applied(run: Run, jobs: Jobs, manifest: Path) -> None:
    manifest.write_text(MANIFEST.replace("sidecars:\n  nginx: {image: nginx}\n", "").replace("    network", "    # "))
    result = run("import-copilot", "copilot/report/manifest.yml", *KNOWN)
    assert result.exit_code == 0
    Path("jobs.yaml").write_text(result.stdout)

    assert run("apply", "--yes").exit_code == 0
    assert jobs.jobs["report"].schedules[0].expression == "cron(0 0 * * ? *)"
    assert run("diff").exit_code == 0


def test_a_job_without_an_image_is_to_be_mended(run: Run, manifest: Path) -> None:
    manifest.write_text("name: report\ntype: Scheduled Job\nimage: {build: a}\non: {schedule: none}\ntimeout: 1h\n")
    without = run("import-copilot", str(manifest))
    named = run("import-copilot", str(manifest), "--image", "registry.example/report:1", "--project", "mine")

    assert without.exit_code == 1
    assert without.stderr.splitlines()[-1].startswith("To be mended: jobs.yaml:")
    assert "jobs.report: has neither image nor taskDefinition" in without.stderr.splitlines()[-1]
    assert named.exit_code == 0
    assert "project: mine\n" in named.stdout


def test_several_manifests_are_one_file(run: Run, manifest: Path) -> None:
    other = manifest.with_name("other.yml")
    other.write_text(MANIFEST.replace("name: report", "name: other"))
    result = run("import-copilot", str(manifest), str(other), *KNOWN)

    assert ("  report:\n" in result.stdout, "  other:\n" in result.stdout) == (True, True)
    assert run("import-copilot", str(manifest), str(other), "--image", "a").exit_code == 2
    twice = run("import-copilot", str(manifest), str(manifest))
    assert (twice.exit_code, twice.stderr.splitlines()[-1]) == (
        2,
        f"Error: {manifest}: {manifest} has a job report too.",
    )


def test_a_file_of_variables_is_of_the_workspace(run: Run, manifest: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "log.env").write_text("LOG_LEVEL=info\n")
    alone = elsewhere / "manifest.yml"
    alone.write_text(MANIFEST)

    assert "{LOG_LEVEL: info}" in run("import-copilot", str(manifest), "--workspace", str(elsewhere)).stdout
    assert "{LOG_LEVEL: info}" in run("import-copilot", str(alone)).stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: api\ntype: Backend Service\n", "is no manifest of a scheduled job: its type is Backend Service."),
        ("- 1\n", "is no manifest."),
        ("name: [\n", ":2:1: is no YAML"),
    ],
)
def test_what_is_no_manifest_is_refused(run: Run, manifest: Path, text: str, said: str) -> None:
    manifest.write_text(text)
    result = run("import-copilot", str(manifest))

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{manifest}" in result.stderr
    assert said in result.stderr


def test_a_manifest_that_is_not_there_is_refused(run: Run) -> None:
    result = run("import-copilot", "nothing.yml")

    assert (result.exit_code, result.stderr) == (2, "Error: Cannot read nothing.yml: No such file or directory.\n")


def test_the_schema_takes_what_apply_takes(run: Run) -> None:
    schema = json.loads(run("schema").stdout)
    validator = jsonschema.Draft202012Validator(schema)

    assert [*validator.iter_errors(read(FILE.encode()).data)] == []
    numbers = b"version: 1\nproject: a\njobs: {a: {image: a, environment: {PORT: 8080, ON: true}, command: [sleep, 1]}}"
    assert [*validator.iter_errors(read(numbers).data)] == []
    wrong = read(b"version: 1\nproject: a\njobs: {a: {image: a, entrypoint: [{}], cpu: 7}}").data
    assert len([*validator.iter_errors(wrong)]) == 2
