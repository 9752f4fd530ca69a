"""Checks what including a header costs, and that it parses after `using namespace std`.

usage: check_header_cost.py HEADER LIMIT COMPILER [ARGUMENTS]

The cost is counted, not timed: preprocessed lines that hold code, over those of the standard
headers that every user of the library includes anyway.
"""

import subprocess
import sys

STANDARD = "#include <array>\n#include <span>\n#include <string>\n#include <vector>\n"


def compiler_output(command, source, *more):
    run = subprocess.run(
        [*command, *more, "-x", "c++", "-"], input=source, stdout=subprocess.PIPE, text=True
    )
    if run.returncode != 0:
        sys.exit(f"does not compile:\n{source}")
    return run.stdout


def count_lines(command, source):
    lines = compiler_output(command, source, "-E", "-P").split("\n")
    return sum(1 for line in lines if line.strip())


def main():
    header, limit, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    include = f"#include <{header}>\n"
    base = count_lines(command, STANDARD)
    cost = count_lines(command, STANDARD + include)
    print(f"{header}: {cost} lines, standard headers {base}: {cost / base:.3f}x, limit {limit}x")
    if cost > limit * base:
        sys.exit(f"{header}: costs {cost / base:.3f}x of the standard headers, limit {limit}x")
    source = STANDARD + "#include <algorithm>\n#include <cmath>\n#include <functional>\n"
    source += "#include <numeric>\nusing namespace std;\n" + include
    compiler_output(command, source, "-fsyntax-only")


if __name__ == "__main__":
    main()
