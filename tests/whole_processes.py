"""Runs commands in a process of their own and says how much memory that process has had at most."""

import json
import subprocess
import sys

CODE = """
import json, resource, sys
from lstm_anomaly.commands.frame.app import app
for command in json.loads(sys.stdin.read()):
    try: app.main(command)
    except SystemExit: pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def most_memory(folder, commands):
    """Bytes of a whole process that runs all these commands in a folder, one after the other."""
    # Through a shell, which forks once more: a process counts the most memory of the one that it was copied
    # from as its own, also when it runs another program then, and that of all tests so far may be much.
    done = subprocess.run(
        ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", CODE],
        cwd=folder,
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
    )
    return 1024 * int(done.stderr.splitlines()[-1])
