"""Make the pictures of the README and of docs/ again from the sample data, so that they stay true.

    python docs/make_pictures.py

`terminal.svg` is the screen of `detect`, `event.png` a picture of `report --plot`, `forecast.png` one of
`forecast --plot`, `report.png`, `report-dark.png`, `report-phone.png` and `training.png` are the reports in a
headless Chromium, `score.svg` is drawn by `score_picture.py`, `lstm.svg` by `lstm_picture.py`,
`architecture.svg` by `architecture_picture.py`, those in `notebook.ipynb` by `run_notebook.py`.
Needs what the notebook and the tests of the report need: pip install 'lstm-anomaly[test,docs]', chromium and
chromedriver.
"""

import os
import pty
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
PROGRAM = Path(sys.executable).with_name("lstm-anomaly")
WIDTH, LINES = 100, 46  # of the terminal
# Rich's own, without the address of a font.
SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
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


def run(*arguments: object) -> None:
    """Run the program on files of the sample data."""
    subprocess.run([PROGRAM, *map(str, arguments)], cwd=ROOT, check=True)


def on_a_terminal(*arguments: object) -> str:
    """What the program shows on a terminal."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color", "COLORTERM": ""}
    process = subprocess.Popen(
        [PROGRAM, *map(str, arguments)], cwd=ROOT, env=environment, stdout=follower, stderr=subprocess.DEVNULL
    )
    os.close(follower)
    out = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the program has ended
            break
        if not part:
            break
        out += part
    process.wait()
    return out.decode().replace("\r\n", "\n")


def terminal_picture(screen: str, path: Path) -> None:
    """The first lines of a screen as a drawing."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(width=WIDTH, record=True, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi("\n".join(screen.splitlines()[:LINES])))
        title = "lstm-anomaly detect week.csv --model pump.model"
        path.write_text(
            console.export_svg(title=title, code_format=SVG, unique_id="screen"), encoding="utf-8"
        )


def photograph(page: Path, path: Path, *, width: int, height: int, dark: bool = False, at: str = "") -> None:
    """A page, or the part of it with the name `at`, as a browser shows it."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "hide-scrollbars"):
        options.add_argument(f"--{argument}")
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        features = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        asked = [{"name": name, "value": value} for name, value in features.items()]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": asked})
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        driver.get(f"{page.as_uri()}#{at}" if at else page.as_uri())
        time.sleep(2)  # charts are drawn as they come into view
        driver.save_screenshot(str(path))
    finally:
        driver.quit()


def main() -> None:
    """Train, detect and report on the sample data, and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        model, training, report = folder / "pump.model", folder / "training.html", folder / "report.html"
        run("train", "sample_data/normal.csv", "--model", model, "--report", training, "--quiet")
        week = ("sample_data/week.csv", "--model", model)
        for script in (
            ("score_picture.py", model),
            ("lstm_picture.py",),
            ("architecture_picture.py",),
            ("run_notebook.py",),
        ):
            subprocess.run([sys.executable, ROOT / "docs" / script[0], *script[1:]], check=True)
        run("forecast", "sample_data/normal.csv", "--model", model, "--plot", folder / "fans", "--quiet")
        shutil.copy(folder / "fans" / "forecast-2-temperature-c.png", PICTURES / "forecast.png")
        run("report", *week, "--out", report, "--plot", folder / "events", "--quiet")
        terminal_picture(on_a_terminal("detect", *week), PICTURES / "terminal.svg")
        shutil.copy(sorted((folder / "events").glob("event-*.png"))[1], PICTURES / "event.png")
        photograph(report, PICTURES / "report.png", width=1000, height=1100)
        photograph(report, PICTURES / "report-dark.png", width=1000, height=700, dark=True, at="event-3")
        photograph(report, PICTURES / "report-phone.png", width=375, height=812, at="event-1")
        photograph(training, PICTURES / "training.png", width=1000, height=1100)


if __name__ == "__main__":
    main()
