#!/usr/bin/env python3
"""Draws docs/pictures/terminal.svg: a mistake is found, repaired, and the net trained.

usage: scripts/terminal-svg.py [FOLDER_OF_NETC]

Runs the commands below in a terminal of 100 columns and draws what it shows. The programs are those
of target/release unless another folder is named. It takes `pip install rich==15.0.0 pyte==0.8.2`.
"""
import os
import pathlib
import pty
import re
import sys
import tempfile

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release").resolve()
COLUMNS = 100
NET = """\
import std: conv_bn

net first(width = 16) {
  input image: [N, 3, 32, 32]

  stem: conv_bn(width)
  body: conv_bn(2*width, stride = 2) -> conv_bn
  join: add(stem)
  head: globalavgpool -> flatten -> linear(10)

  output logits: [N, 10]
}
"""
COMMANDS = [
    "netc check first.net",
    "netc check --fix first.net",
    "netc train first.net --data synthetic --limit-train 5000 --recipe quick.yaml",
]


def shown(command: str) -> list[Text]:
    """The lines of a terminal after a command."""
    screen = pyte.Screen(COLUMNS, 200)
    stream = pyte.ByteStream(screen)

    def read(terminal: int) -> bytes:
        part = os.read(terminal, 65536)
        stream.feed(part)
        return part

    status = pty.spawn(["sh", "-c", f"stty cols {COLUMNS} rows 50; {command}"], read, lambda _: b"")
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{command} failed")
    lines = []
    for row in range(screen.cursor.y):
        line = Text()
        for column in range(COLUMNS):
            cell = screen.buffer[row][column]
            colour = None if cell.fg == "default" else cell.fg.replace("brown", "yellow")
            line.append(cell.data, Style(color=colour, bold=cell.bold, underline=cell.underscore))
        line.rstrip()
        lines.append(line)
    return lines


console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w", encoding="utf-8"))
os.environ.update(TERM="xterm-256color", PATH=f"{PROGRAMS}:{os.environ['PATH']}")
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    pathlib.Path("first.net").write_text(NET)
    pathlib.Path("quick.yaml").write_text((ROOT / "examples/recipes/quick.yaml").read_text())
    for command in COMMANDS:
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        for line in shown(command):
            console.print(line, soft_wrap=True)
        console.print()
svg = console.export_svg(title="netc", unique_id="terminal")
# No font from the network: every system has one of fixed width.
svg = re.sub(r"@font-face \{[^}]*\}\s*", "", svg).replace("Fira Code, monospace", "monospace")
(ROOT / "docs/pictures/terminal.svg").write_text(svg, encoding="utf-8")
