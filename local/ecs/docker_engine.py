"""The Docker engine by its Python SDK: the only module that knows the SDK, which is imported only when it is asked for.

EngineError
└── ImageMissingError
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from local.errors import NoContainerEngineError

LABEL: Final = "fargate-runs.local"
# Of one call, or of one piece of news in a pull; a container itself may be silent for as long as it likes.
CALL_SECONDS: Final = 120
PROBE_SECONDS: Final = 10
REMOVED_AT_ONCE: Final = 8


class EngineError(Exception):
    """The engine refused a call, or was not there for it; the message is its own."""


class ImageMissingError(EngineError):
    """The image is not on this machine."""


@dataclass(frozen=True)
class ContainerOptions:
    """What a container is made with. `entry_point` and `command` replace the image's own where they are not None."""

    image: str
    entry_point: Sequence[str] | None = None
    command: Sequence[str] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    working_directory: str | None = None
    memory_mib: int | None = None
    host_network: bool = True
    label: str = ""


class Engine:
    """The calls that a runtime makes. All of them block; every method may be used from any thread."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    def connect(cls) -> Engine:
        """Returns the engine of DOCKER_HOST, or the machine's own. Raises NoContainerEngineError if none answers."""
        import docker  # type: ignore[import-untyped]  # noqa: PLC0415

        where = docker.utils.kwargs_from_env()
        probe = docker.APIClient(version=docker.constants.DEFAULT_DOCKER_API_VERSION, timeout=PROBE_SECONDS, **where)
        try:
            with _translated():
                spoken = probe.version(api_version=False)["ApiVersion"]
        except EngineError as error:
            raise NoContainerEngineError(str(error)) from error
        finally:
            probe.close()
        return cls(docker.APIClient(version=spoken, timeout=CALL_SECONDS, **where))

    def create(self, options: ContainerOptions) -> str:
        """Makes a container and returns its id. Raises ImageMissingError if its image has to be pulled first."""
        memory = f"{options.memory_mib}m" if options.memory_mib else None
        with _translated():
            made = self._client.create_container(
                options.image,
                command=options.command,
                entrypoint=options.entry_point,
                environment=dict(options.environment),
                user=options.user,
                working_dir=options.working_directory,
                labels={LABEL: options.label},
                host_config=self._client.create_host_config(
                    # Swap would let a container live on after its limit.
                    mem_limit=memory,
                    memswap_limit=memory,
                    network_mode="host" if options.host_network else None,
                    # All output is read as it comes; nobody asks the engine for it again.
                    log_config={"Type": "none"},
                ),
            )
        return str(made["Id"])

    def attach(self, container: str) -> Iterator[bytes]:
        """The output of both streams, from here to the container's end."""
        with _translated():
            pieces: Iterator[bytes] = self._client.attach(container, stream=True, logs=False)
        return pieces

    def start(self, container: str) -> None:
        """Starts it. Raises EngineError, with the text of the OCI runtime, if its command cannot be executed."""
        with _translated():
            self._client.start(container)

    def wait(self, container: str) -> int:
        """Waits for its end and returns the exit code."""
        with _translated():
            return int(self._client.wait(container, timeout=None)["StatusCode"])

    def out_of_memory(self, container: str) -> bool:
        """Whether the kernel killed something in it for its memory."""
        with _translated():
            return bool(self._client.inspect_container(container)["State"]["OOMKilled"])

    def execute(self, container: str, arguments: Sequence[str]) -> int:
        """Runs a command in it and returns the command's exit code."""
        with _translated():
            made = self._client.exec_create(container, list(arguments), stdout=False, stderr=False)
            self._client.exec_start(made["Id"])
            return int(self._client.exec_inspect(made["Id"])["ExitCode"])

    def signal(self, container: str, name: str) -> None:
        """Signals its first process. Does nothing if it has ended."""
        with contextlib.suppress(EngineError), _translated():
            self._client.kill(container, signal=name)

    def remove(self, container: str) -> None:
        """Kills and removes it. Does nothing if it is gone."""
        with contextlib.suppress(EngineError), _translated():
            self._client.remove_container(container, v=True, force=True)

    def pull(self, image: str) -> None:
        """Pull an image; EngineError with the registry's text."""
        from docker.utils import parse_repository_tag  # type: ignore[import-untyped]  # noqa: PLC0415

        repository, tag = parse_repository_tag(image)
        with _translated():
            for news in self._client.pull(repository, tag=tag or "latest", stream=True, decode=True):
                if "error" in news:
                    raise EngineError(str(news["error"]))

    def remove_labelled(self, label: str) -> int:
        """Removes all containers with a label, some at a time. Returns the count; 0 if the engine is gone."""
        try:
            found = self.labelled(label)
        except EngineError:
            return 0
        with ThreadPoolExecutor(REMOVED_AT_ONCE) as removers:
            list(removers.map(self.remove, found))
        return len(found)

    def close(self) -> None:
        """Close the connections to the engine."""
        self._client.close()

    def labelled(self, label: str) -> list[str]:
        """The ids of all containers, ended ones too, with a label."""
        with _translated():
            found = self._client.containers(all=True, filters={"label": f"{LABEL}={label}"})
        return [str(each["Id"]) for each in found]


def remove_labelled(label: str) -> int:
    """Removes every container of a runtime. Returns the count; 0 if no engine answers."""
    try:
        engine = Engine.connect()
    except NoContainerEngineError:
        return 0
    with contextlib.closing(engine):
        return engine.remove_labelled(label)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    from docker import errors  # noqa: PLC0415
    from requests.exceptions import RequestException  # noqa: PLC0415

    try:
        yield
    except errors.ImageNotFound as error:
        raise ImageMissingError(str(error.explanation)) from error
    except errors.APIError as error:
        raise EngineError(str(error.explanation or error)) from error
    except (errors.DockerException, RequestException, OSError) as error:
        raise EngineError(_last_cause(error)) from error


def _last_cause(error: BaseException) -> str:
    """The innermost error's text: the SDK wraps `No such file or directory` five times."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.strip().splitlines()[0]
