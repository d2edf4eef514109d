"""The netc that a script's first argument names."""

import subprocess
import sys


def netc(*arguments):
    done = subprocess.run([sys.argv[1], *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"netc {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")
    return done.stdout
