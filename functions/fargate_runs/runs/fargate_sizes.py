"""The sizes that Fargate has: CPU units (1,024 are a vCPU) with the MiB of memory that each allows.

Source: "Task size" of the Amazon ECS developer guide, for Linux.
"""

from collections.abc import Mapping
from typing import Final

_GIB: Final = 1_024
_FEW: Final = 5
MEMORY_FOR: Final[Mapping[str, tuple[int, ...]]] = {
    "256": (512, 1_024, 2_048),
    "512": tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    "1024": tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    "2048": tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    "4096": tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    "8192": tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    "16384": tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}


def go_together(cpu: str, memory: str) -> bool:
    """Returns whether Fargate has this size. Both are texts of digits, as ECS writes them."""
    return int(memory) in MEMORY_FOR.get(cpu, ())


def memory_words(cpu: str) -> str:
    """Returns the memory sizes for a cpu that Fargate has: `"512", "1024", "2048"`."""
    sizes = MEMORY_FOR[cpu]
    if len(sizes) < _FEW:
        return ", ".join(f'"{size}"' for size in sizes)
    return f'"{sizes[0]}" to "{sizes[-1]}" in steps of {sizes[-1] - sizes[-2]}'


def missing_half(given: tuple[str | None, str | None], own: tuple[str, str]) -> str | None:
    """Returns the problem of a run that asks for a cpu or a memory alone; None if there is none.

    The task definition has the other half, and Fargate starts no task whose halves do not go together. Both arguments
    are pairs of cpu and memory: those asked for, and those of the task definition.
    """
    (cpu, memory), (own_cpu, own_memory) = given, own
    if cpu is not None and memory is None and not go_together(cpu, own_memory):
        return (
            f'cpu: "{cpu}" does not go with the memory "{own_memory}" of the task definition on Fargate;'
            f" give a memory too: {memory_words(cpu)}"
        )
    if memory is not None and cpu is None and not go_together(own_cpu, memory):
        return (
            f'memory: "{memory}" does not go with the cpu "{own_cpu}" of the task definition on Fargate;'
            f" use {memory_words(own_cpu)}, or give a cpu too"
        )
    return None
