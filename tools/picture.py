"""Draws docs/images/run.svg: the demo pipeline, run on a terminal of its own, as its last screen shows it."""

from __future__ import annotations

import os
import pty
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "run.svg"
COLUMNS = 76
COMMAND = ["run", "demo", "flights_delays"]

# Without the fonts that rich would load from the network.
SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

MOVES = re.compile(r"\x1b\[(\d*)([AKJ])|\x1b\[\?25[hl]|\r|\n")


def on_a_terminal(command: list[str], environment: dict[str, str]) -> str:
    """Everything that the command writes to a terminal of its own."""
    chunks: list[bytes] = []

    def read(descriptor: int) -> bytes:
        chunks.append(os.read(descriptor, 65536))
        return chunks[-1]

    os.environ.update(environment)
    silent = os.open(os.devnull, os.O_WRONLY)
    screen = os.dup(1)
    os.dup2(silent, 1)
    try:
        status = pty.spawn(command, read)
    finally:
        os.dup2(screen, 1)
    if status:
        sys.exit(f"{' '.join(command)} failed:\n" + b"".join(chunks).decode(errors="replace"))
    return b"".join(chunks).decode()


def last_screen(written: str) -> list[str]:
    """The lines that stand when everything has been written: a live display goes up and writes over its own lines."""
    lines, row, position = [""], 0, 0
    for match in MOVES.finditer(written + "\n"):
        text = written[position : match.start()]
        position = match.end()
        lines[row] += text
        if match.group() == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        elif match[2] == "A":
            row -= int(match[1] or 1)
        elif match[2] == "K":
            lines[row] = ""
    return [line for line in lines if Text.from_ansi(line).plain.strip()]


def main() -> None:
    """Run the demo and draw what stands at the end."""
    with tempfile.TemporaryDirectory() as place:
        environment = {
            "HOME": place,
            "PENSTOCK_DATA_DIR": f"{place}/data",
            "COLUMNS": str(COLUMNS),
            "LINES": "40",
            "TERM": "xterm-256color",
        }
        program = str(Path(sys.executable).parent / "penstock")
        # The second run is the one to show: the first one compiles and learns what to import.
        on_a_terminal([program, *COMMAND], environment)
        lines = last_screen(on_a_terminal([program, *COMMAND], environment).replace(place, "~"))
    console = Console(record=True, width=COLUMNS, file=Path(os.devnull).open("w"), force_terminal=True)  # noqa: SIM115
    console.print(Text(f"$ penstock {' '.join(COMMAND)}", style="bold"))
    for line in lines:
        console.print(Text.from_ansi(line), soft_wrap=True)
    console.print()  # else the last line's descenders are cut off
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(console.export_svg(title="Penstock", code_format=SVG, unique_id="penstock"), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
