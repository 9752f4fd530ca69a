"""The files that git tracks, for the checks of this folder."""

import os
import subprocess
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def tracked_files(endings=None):
    """Paths relative to the top, in git's order; the working directory becomes the top."""
    os.chdir(TOP)
    # A clone may belong to another user, as in containers: reading its index is harmless.
    command = ["git", "-c", f"safe.directory={TOP}", "ls-files", "-z", "--cached"]
    command += ["--others", "--exclude-standard"]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        sys.exit("git ls-files failed")
    files = sorted({path for path in run.stdout.split("\0") if path and os.path.isfile(path)})
    return files if endings is None else [path for path in files if path.endswith(endings)]
