"""No command opens a socket, whatever it is given: told by an audit hook in a process of its own."""

import subprocess
import sys

CODE = """
import sys
opened = []
def listen(event, args):
    if event.startswith(("socket.", "urllib.")): opened.append(event)
sys.addaudithook(listen)
from lstm_anomaly.commands.frame.app import app
for words in (
    ["check", "{normal}"], ["check", "http://example.org/a.csv"],
    ["train", "{normal}", "--model", "m.model", "--model-kind", "linear"],
    ["train", "https://example.org/a.csv", "--model", "m.model"],
    ["detect", "{new}", "--model", "m.model", "--scores", "s.csv", "--exit-zero"],
    ["detect", "{new}", "--model", "http://example.org/m.model"],
    ["calibrate", "m.model", "{normal}"], ["inspect", "m.model"], ["inspect", "ftp://example.org/m.model"],
    ["evaluate", "{new}", "--model", "m.model", "--labels", "http://example.org/labels.csv"],
):
    try: app.main(words)
    except SystemExit: pass
print("opened", opened)
"""


def test_no_command_opens_a_socket(trained, tmp_path):
    code = CODE.format(normal=trained / "normal.csv", new=trained / "new.csv")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "opened []"
    assert (tmp_path / "s.csv").exists()
