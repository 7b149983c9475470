"""The port of a checkout: two do not meet, and each keeps its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.port_choice import PORTS, choose, own_port, remember, remembered


def everything(_port: int) -> bool:
    return True


def test_a_hundred_checkouts_hardly_meet(tmp_path: Path) -> None:
    ports = [own_port(tmp_path / f"clone-{n}" / ".local") for n in range(100)]
    assert len(set(ports)) >= 95
    assert set(ports) <= set(PORTS)
    assert own_port(tmp_path / "clone-1" / ".local") == ports[1]


def test_the_first_time_it_is_the_own_port_and_then_the_one_of_last_time(tmp_path: Path) -> None:
    assert choose(tmp_path, everything) == own_port(tmp_path)
    remember(tmp_path, 4570)
    assert (remembered(tmp_path), choose(tmp_path, everything)) == (4570, 4570)


@pytest.mark.parametrize("port", [1, 65_535])
def test_every_port_that_there_is_can_be_remembered(port: int, tmp_path: Path) -> None:
    remember(tmp_path, port)
    assert remembered(tmp_path) == port


def test_what_is_taken_is_passed_by(tmp_path: Path) -> None:
    own = own_port(tmp_path)
    remember(tmp_path, 4570)
    assert choose(tmp_path, lambda port: port != 4570) == own
    assert choose(tmp_path, lambda port: port not in {4570, own}) == own + 1


def test_after_the_last_port_comes_the_first(tmp_path: Path) -> None:
    assert choose(tmp_path, lambda port: port == PORTS[0]) == PORTS[0]


@pytest.mark.parametrize("content", [b"", b"none", b"0", b"-1", b"65536", b"99999999", b"\xff"])
def test_a_file_that_says_nothing_is_no_port(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "port").write_bytes(content)
    assert remembered(tmp_path) is None
