"""Checks that clang-format leaves every tracked C++ and CUDA file as it is.

usage: check_format.py CLANG_FORMAT
"""

import concurrent.futures
import os
import subprocess
import sys

from tracked import tracked_files


def main():
    tool = sys.argv[1]
    files = tracked_files((".cpp", ".hpp", ".h", ".c", ".cu", ".cuh"))

    def check(path):
        command = [tool, "--dry-run", "-Werror", path]
        run = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        return run.stderr.split("\n")[0] if run.returncode != 0 else None

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = list(filter(None, pool.map(check, files)))
    if wrong:
        print("\n".join(wrong))
        sys.exit(f"format: {len(wrong)} files differ: {tool} -i mends them")
    print(f"format: {len(files)} files")


if __name__ == "__main__":
    main()
