"""What a container prints: untouched into a pipe, harmless on a terminal."""

import pytest

from cli.container_lines import for_a_terminal, written

RED, RESET = "\x1b[31m", "\x1b[0m"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain\ttext, ünï日本 👩\u200d💻", "plain\ttext, ünï日本 👩\u200d💻"),
        (f"{RED}red{RESET}", f"{RED}red{RESET}{RESET}"),
        ("\x1b[38;5;196mred", f"\x1b[38;5;196mred{RESET}"),
        ("\x1b[38:2::1:2:3mred", f"\x1b[38:2::1:2:3mred{RESET}"),
        ("a\x1b[2Jb\x1b[1;1Hc", "abc"),
        ("a\x1b[?1049hb", "ab"),
        ("\x1b]0;title\x07a", "a"),
        ("\x1b]52;c;aGVsbG8=\x1b\\a", "a"),
        ("\x1b]8;;https://x.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0;2;0;0;0\x1b\\a", "a"),
        ("\x1bP an end that never comes", ""),
        ("\x9b2Ja\x9d0;title\x9cb", "ab"),
        ("\x1bca\x1b(0b", "ab"),
        ("\x1b", ""),
        ("\x1b[", ""),
        ("\x1b\x1b[31ma", f"{RED}a{RESET}"),
        ("\x1b]0;t\x1b[31mitle\x07a", f"{RED}itle\ufffda{RESET}"),
        ("a\x07b\x08c\x00d\x7fe\x85f", "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf"),
        ("\u202eevil\u2066", "\ufffdevil\ufffd"),
        ("windows\r", "windows"),
        ("10 %\r20 %\r100 %", "100 %"),
        ("100 %\r\r", "100 %"),
        ("\x1b[5" + ";5" * 40 + "ma", "a"),
    ],
)
def test_a_terminal_is_not_taken_over(line: str, shown: str) -> None:
    assert for_a_terminal(line, colour=True) == shown


def test_colours_go_where_none_are_wanted() -> None:
    assert for_a_terminal(f"{RED}red{RESET}", colour=False) == "red"


def test_a_line_of_several_lines_stays_several() -> None:
    assert written(["a\r\nb", "c"], terminal=True, colour=True) == b"a\nb\nc\n"


@pytest.mark.parametrize("line", ["a\x1b[2Jb\x07\r\ud83dc", "\x00\x9b\u202e", "a\nb"])
def test_a_pipe_gets_everything_unchanged(line: str) -> None:
    assert written([line], terminal=False, colour=False) == f"{line}\n".encode("utf-8", "surrogatepass")


def test_what_cannot_be_encoded_does_not_end_the_show() -> None:
    assert written(["a\ud83db"], terminal=True, colour=True) == "a\ufffdb\n".encode()
