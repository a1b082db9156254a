"""`script/pictures [NAME…]`: every screen as a picture, from the recording that ships.

The console draws itself as SVG; Chromium, or rsvg-convert where there is none, turns that into PNG.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benches.paths import ROOT
from benches.rows import say
from console.control.recording import demo
from console.settings.config import ScreenConfig
from console.tui.picture import picture

FOLDER = ROOT / "docs" / "screens"
COMPACT, ROOMY, SMALL = (80, 24), (120, 40), (60, 16)
KEYS: dict[str, tuple[str, ...]] = {
    "deck": (),
    "jobs": ("2",),
    "job": ("2", "slash", *"exact", "enter", "enter"),
    "verification": ("3",),
    "earnings": ("4",),
    "statement": ("4", "s"),
    "machine": ("5",),
    "models": ("6",),
    "network": ("7",),
    "events": ("8",),
    "why": ("w",),
    "settings": ("comma",),
    "help": ("question_mark",),
    "palette": ("ctrl+p",),
}
THEMES_ON = "deck"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def shots() -> dict[str, tuple[tuple[int, int], tuple[str, ...], ScreenConfig]]:
    """Every picture's name with its size, keys and settings."""
    found: dict[str, tuple[tuple[int, int], tuple[str, ...], ScreenConfig]] = {}
    for name, keys in KEYS.items():
        for size in (COMPACT, ROOMY):
            found[f"{name}-{size[0]}x{size[1]}"] = (size, keys, ScreenConfig())
    found["deck-60x16"] = (SMALL, (), ScreenConfig())
    found["deck-ascii-80x24"] = (COMPACT, (), ScreenConfig(ascii=True))
    for path in sorted((ROOT / "themes").glob("*.toml")):
        found[f"theme-{path.stem}-80x24"] = (COMPACT, (), ScreenConfig(theme=path.stem))
    return found


def to_png(svg: Path, png: Path) -> None:
    """Turn one into the other. Raises RuntimeError: neither tool is there, or it failed."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is not None:
        _by_browser(browser, svg, png)
    elif shutil.which("rsvg-convert"):
        subprocess.run(["rsvg-convert", "-o", str(png), str(svg)], check=True)
    else:
        raise RuntimeError("Chromium or rsvg-convert is needed to make PNGs; install one of them")
    if not png.exists():
        raise RuntimeError(f"{png.name} was not made")


def _by_browser(browser: str, svg: Path, png: Path) -> None:
    box = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg.read_text(encoding="utf-8"))
    if box is None:
        raise RuntimeError(f"{svg.name} is no picture")
    wide, high = (int(float(part)) for part in box.groups())
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(
            f'<body style="margin:0;background:#fff"><img src="{svg.as_uri()}" width={wide}></body>'
        )
        command = [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={folder}/user", f"--window-size={wide},{high}", f"--screenshot={png}",
            page.as_uri(),
        ]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)


def main(wanted: list[str]) -> int:
    """Make all, or those whose name begins like one of `wanted`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, (size, keys, settings) in shots().items():
            if wanted and not name.startswith(tuple(wanted)):
                continue
            svg = Path(folder) / f"{name}.svg"
            picture(demo(), size, svg, keys=keys, settings=settings)
            to_png(svg, FOLDER / f"{name}.png")
            made += 1
            say(f"{name}.png")
    say(f"{made} pictures in {FOLDER.relative_to(ROOT)}")
    return 0 if made else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
