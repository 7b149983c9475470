"""What a process of a handler has in place of its own: nothing cached, these clients, and this sleep."""

from collections.abc import Callable, Iterable
from importlib import import_module

from tests.simulation.network import Client, Sleep
from tests.simulation.scheduler import current_process


def forget_what_is_cached(functions: Iterable[str]) -> None:
    """Clear every cache of the handlers' modules, as a process that begins has none."""
    for name in functions:
        module = import_module(f"{name}.handler")
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def factory_of(client: Client) -> Callable[[], Client]:
    """What makes a client of AWS, as the handlers' modules call it."""
    return lambda: client


def sleep(seconds: float) -> None:
    """A handler sleeps: its process waits, and others go on."""
    process = current_process()
    assert process, "only handlers sleep"
    process.wait(Sleep(seconds))
