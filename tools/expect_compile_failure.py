"""Checks that a file compiles as it stands, and with CROTON_TRAP defined fails as it should.

usage: expect_compile_failure.py FILE REGEX COMPILER [ARGUMENTS]

The first half makes sure that the second fails for the line under test and nothing else.
"""

import re
import subprocess
import sys


def compile_file(command, path, *more):
    run = subprocess.run(
        [*command, *more, "-fsyntax-only", path], stderr=subprocess.PIPE, text=True
    )
    return run.returncode, run.stderr


def main():
    path, expected, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    status, messages = compile_file(command, path)
    if status != 0:
        sys.exit(f"{path}: does not compile without CROTON_TRAP\n{messages}")
    status, messages = compile_file(command, path, "-DCROTON_TRAP")
    if status == 0:
        sys.exit(f"{path}: compiles with CROTON_TRAP, but must not")
    if not re.search(expected, messages):
        sys.exit(f"{path}: fails without a message that matches {expected!r}\n{messages}")


if __name__ == "__main__":
    main()
