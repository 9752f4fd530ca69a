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
    workers = os.cpu_count() or 1

    def check(part):
        return subprocess.run([tool, "--dry-run", "-Werror", *part]).returncode if part else 0

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        parts = [files[start::workers] for start in range(workers)]
        wrong = any(list(pool.map(check, parts)))
    if wrong:
        sys.exit(f"format: run {tool} -i on the files above")
    print(f"format: {len(files)} files")


if __name__ == "__main__":
    main()
