"""Whole manifests of Copilot, one for each kind in its documentation: imported, and the result applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from fargate_runs.jobs.job import Job
from tests.cli.jobs_for_tests import Jobs
from tests.cli.standin import at, serving

MANIFESTS = Path(__file__).parent / "copilot"
SHARED = ("--env", "prod", "--account", "123456789012", "--region", "eu-west-1", "--app", "shop")


@dataclass(frozen=True)
class Expected:
    """The places of what is left out and of what else is said, and what the job has at the end."""

    left_out: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    job: Mapping[str, object] = field(default_factory=dict)
    options: tuple[str, ...] = ()


EXPECTED = {
    "nightly-report": Expected(
        said=("7:3: image.build", "18:1: secrets"),
        schedules=("cron(0 0 * * ? *)",),
        job={
            "image": "registry.example/shop/nightly:1",
            "cpu": 2048,
            "environment": {"LOG_LEVEL": "info", "REGION": "eu"},
            "retries": 3,
            "retry_on_any": True,
            "total_timeout_seconds": 5400,
            "secrets": {"API_KEY": "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/report/api-key"},
        },
        options=("--image", "registry.example/shop/nightly:1"),
    ),
    "with-sidecar": Expected(
        left_out=(
            "6:3: image.labels",
            "7:3: image.depends_on",
            "24:3: secrets.USER",
            "15:3: storage.ephemeral",
            "16:3: storage.volumes",
            "34:5: network.vpc.security_groups",
            "27:3: sidecars.proxy",
            "20:7: publish.topics[0]",
        ),
        said=("22:1: secrets",),
        schedules=("cron(0 12 ? * MON *)",),
        job={
            "entrypoint": ("/bin/sh", "-c"),
            "command": ("echo 'all is well'",),
            "secrets": {
                "PASSWORD": "arn:aws:ssm:eu-west-1:123456789012:parameter/PASSWORD",
                "DB": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/prod/mysql:password::",
            },
        },
    ),
    "every-five-hours": Expected(
        said=("11:1: count", "12:1: exec"),
        schedules=("rate(300 minutes)",),
        job={
            "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/sync:1.4",
            "platform": "linux/arm64",
            "command": ("python", "-m", "sync", "--all"),
            "retries": 0,
            "retry_on_any": False,
            "timeout_seconds": 10_800,
        },
    ),
    "weekdays": Expected(
        left_out=("12:3: logging.destination", "8:5: taskdef_overrides[0]"),
        said=("2:1: timeout", "4:6: on.schedule", "11:3: logging.retention", "6:1: observability"),
        schedules=("cron(30 4 * * ? *)",),
        job={"cpu": 256, "memory": 512, "platform": "linux/amd64", "timeout_seconds": None},
    ),
    "switched-off": Expected(
        left_out=("16:21: network.vpc.placement",),
        schedules=("cron(0 6 ? * MON-FRI *)",),
        job={
            "image": "registry.example/shop/check:2",
            "command": ("python", "check.py", "--all"),
            "environment": {"DB": "db.shop.local"},
            "total_timeout_seconds": 90,
        },
    ),
    "windows": Expected(
        left_out=("4:1: platform",), schedules=("rate(1 day)",), job={"platform": None, "timeout_seconds": 3600}
    ),
    "hourly-anchors": Expected(
        left_out=("9:3: image.healthcheck",),
        schedules=("cron(0 * * * ? *)",),
        job={"environment": {"STAGE": "prod", "DEBUG": "true", "LIMIT": "010"}, "retries": 1},
    ),
}


@pytest.mark.parametrize("name", [path.stem for path in sorted(MANIFESTS.glob("*.yml"))])
def test_a_manifest_is_imported_and_the_result_applied(
    runner: CliRunner, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = EXPECTED[name]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAG", "1.4")
    (tmp_path / "report.env").write_text("REGION=eu\nLOG_LEVEL=debug\n")
    file = tmp_path / "manifest.yml"
    file.write_text((MANIFESTS / f"{name}.yml").read_text())
    result = runner.invoke(main, ["jobs", "import-copilot", "manifest.yml", *SHARED, *expected.options])

    lines = [line.removeprefix("manifest.yml:") for line in result.stderr.splitlines()[:-2]]
    lost = [line.partition(": left out: ")[0] for line in lines if ": left out: " in line]
    assert (result.exit_code, lost) == (1 if expected.left_out else 0, [*expected.left_out])
    said = [": ".join(line.split(": ")[:2]) for line in lines if ": left out: " not in line]
    assert said == [*expected.said]
    assert applied(runner, result.stdout, name) == expected.job
    assert tuple(each.expression for each in jobs_of(runner, result.stdout)[name].schedules) == expected.schedules


def jobs_of(runner: CliRunner, text: str) -> Mapping[str, Job]:
    """Apply a file, twice: the second time nothing changes."""
    Path("jobs.yaml").write_text(text)
    jobs = Jobs()
    with serving(jobs.answer) as server:
        first = runner.invoke(main, ["jobs", "apply", "--yes"], obj=at(server))
        second = runner.invoke(main, ["jobs", "diff"], obj=at(server))
    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr
    return jobs.jobs


def applied(runner: CliRunner, text: str, name: str) -> Mapping[str, object]:
    """What the test looks at, of the job as it stands."""
    job = jobs_of(runner, text)[name]
    return {key: getattr(job, key) for key in EXPECTED[name].job}


def test_each_manifest_is_expected() -> None:
    assert {path.stem for path in MANIFESTS.glob("*.yml")} == {*EXPECTED}
