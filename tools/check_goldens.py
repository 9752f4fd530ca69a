"""Compiles the emitted texts of tests/codegen/golden as C and as C++, warnings being errors.

usage: check_goldens.py WRITE_GOLDENS C_COMPILER CXX_COMPILER

WRITE_GOLDENS writes the texts with the prelude in front. Besides the two compilers, the newest
clang that is installed takes each text in both languages.
"""

import concurrent.futures
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

# What emitted text is compiled with wherever it is compiled.
MEANING = ["-O2", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
WARNINGS = ["-Wall", "-Wextra", "-Werror"]
C = ["-x", "c", "-std=c11"]
CXX = ["-x", "c++", "-std=c++20"]


def newest_clang():
    for name in ("clang-22", "clang-21", "clang-20", "clang-19", "clang"):
        if shutil.which(name):
            return name
    return None


def commands(c_compiler, cxx_compiler):
    cpu = ["-march=x86-64-v3"] if platform.machine() == "x86_64" else []
    pairs = [(c_compiler, C), (cxx_compiler, CXX)]
    if clang := newest_clang():
        pairs += [(clang, C), (clang, CXX)]
    return [[compiler, *language, *MEANING, *WARNINGS, *cpu] for compiler, language in pairs]


def compile_one(command, path):
    run = subprocess.run(
        [*command, "-c", path, "-o", os.devnull], stderr=subprocess.PIPE, text=True
    )
    if run.returncode == 0:
        return None
    return f"{' '.join(command)} {path.name}\n{run.stderr[:3000]}"


def main():
    program, c_compiler, cxx_compiler = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "--whole", folder], check=True)
        files = sorted(pathlib.Path(folder).glob("*.cpp"))
        if not files:
            sys.exit("goldens: none were written")
        all_commands = commands(c_compiler, cxx_compiler)
        jobs = [(command, path) for path in files for command in all_commands]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            wrong = [text for text in pool.map(lambda job: compile_one(*job), jobs) if text]
    if wrong:
        print("\n".join(wrong[:5]))
        sys.exit(f"goldens: {len(wrong)} of {len(jobs)} compilations failed")
    print(f"goldens: {len(files)} texts, each compiled by {len(all_commands)} commands")


if __name__ == "__main__":
    main()
