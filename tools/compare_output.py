"""Runs a program and compares what it prints with a file.

usage: compare_output.py [--update | --one-cpu] EXPECTED PROGRAM [ARGUMENTS]

A line of EXPECTED that starts with ~ is a regular expression for the whole line: times and folders
differ between machines. All other lines are compared as they are, trailing blanks aside. With
--update EXPECTED is rewritten; lines that one of its regular expressions matches stay that. With
--one-cpu the program runs on one CPU alone.
"""

import os
import re
import subprocess
import sys


def line_matches(expected, printed):
    if expected.startswith("~"):
        return re.fullmatch(expected[1:].strip(), printed.strip()) is not None
    return expected.rstrip() == printed.rstrip()


def first_difference(expected, printed):
    """The index of the first line that differs, or None."""
    for index in range(max(len(expected), len(printed))):
        if index >= len(expected) or index >= len(printed):
            return index
        if not line_matches(expected[index], printed[index]):
            return index
    return None


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().rstrip("\n").split("\n")


def update(path, printed):
    before = read_lines(path) if os.path.exists(path) else []
    patterns = [line for line in before if line.startswith("~")]
    lines = [
        next((p for p in patterns if line_matches(p, line)), line.rstrip()) for line in printed
    ]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def main():
    arguments = sys.argv[1:]
    option = arguments.pop(0) if arguments[0].startswith("--") else ""
    rewrite = option == "--update"
    path, *command = arguments
    if option == "--one-cpu":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    run = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    # A progress bar returns to the start of its line: what stays visible counts.
    printed = [line.split("\r")[-1] for line in run.stdout.rstrip("\n").split("\n")]
    if run.returncode != 0:
        sys.exit(f"{run.stdout}{command[0]}: exit status {run.returncode}")
    if rewrite:
        update(path, printed)
        return

    print(run.stdout)
    expected = read_lines(path)
    index = first_difference(expected, printed)
    if index is not None:
        show = lambda lines: repr(lines[index]) if index < len(lines) else "end of text"
        sys.exit(f"{path}:{index + 1}: expected {show(expected)}, printed {show(printed)}")


if __name__ == "__main__":
    main()
