"""The repository's own rules, those that no compiler and no formatter knows.

usage: check_repository.py [--op-names PROGRAM]

With --op-names it checks only that no pass, emitter or runtime file spells an op's name as a
string; PROGRAM prints the names, one a line.
"""

import re
import subprocess
import sys

from tracked import tracked_files

CPP = (".cpp", ".hpp", ".h", ".c", ".cu", ".cuh")
CODE = CPP + (".py", ".sh", ".cmake", "CMakeLists.txt", "dev", ".ci/run")
LIBRARY = ("ir/", "passes/", "codegen/", "runtime/", "compiler/", "interop/")

# What a folder may include besides itself.
LAYERS = {
    "ir": set(),
    "passes": {"ir"},
    "codegen": {"ir"},
    "runtime": {"ir", "codegen"},
    "compiler": {"ir", "passes", "codegen", "runtime"},
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"][^>"]+[>"])')
COMMENT = re.compile(r"//.*")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')

# Spelled in halves, or this file would find itself.
MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
BARE_ERROR = re.compile(r"\bthrow\s+std::\w+|\bstd::runtime_error\b")
ENVIRONMENT = re.compile(r"\b(secure_)?getenv\b")
EMPTY_CHECK = re.compile(r"\b(CHECK|REQUIRE)\s*\(\s*true\s*\)|\bSUCCEED\s*\(")
NAMELESS_SUPPRESSION = re.compile(r"NOLINT(NEXTLINE|BEGIN|END)?\b(?!\([a-z])")


def is_public_header(path):
    return "/include/croton/" in path and path.endswith(".hpp")


def included_layer(name):
    """`ir` for <croton/ir/..>, None for anything outside the library."""
    parts = name.strip('<>"').split("/")
    return parts[1] if name.startswith("<croton/") and len(parts) > 2 else None


def check_include(path, name):
    folder = path.split("/")[0]
    layer = included_layer(name)
    if folder in LAYERS and layer and layer != folder and layer not in LAYERS[folder]:
        yield f"{folder} does not depend on {layer}: {name}"
    # The prelude is text of emitted programs; the runtime compares its own types with it.
    if path.startswith(LIBRARY) and "../" in name and "/prelude/" not in name:
        yield f"an include leaves its folder: {name}"
    if name.startswith("<catch2/") and path != "tests/support/catch.hpp":
        yield 'Catch2 is included through "support/catch.hpp" alone'
    header = path.endswith(".hpp") and not path.startswith("tests/")
    if name.startswith("<boost/") and header and not path.endswith("_bgl.hpp"):
        yield f"Boost belongs to graph_bgl.hpp alone: {name}"
    if is_public_header(path):
        if name == "<iostream>":
            yield "<iostream> costs every user's file its static constructors"
        elif name.startswith('"'):
            yield f"a public header includes a private one: {name}"
        elif path.endswith("/ir/format.hpp") and name.startswith("<fmt/"):
            return
        elif "/" in name and not name.startswith(("<croton/", "<boost/", "<sys/")):
            yield f"a public header includes a third party's: {name}"
        elif name.endswith(("_bgl.hpp>", "/ir/format.hpp>")):
            yield f"included by .cpp files only, as it includes a third party's: {name}"


def check_cpp_line(path, line):
    include = INCLUDE.match(line)
    if include:
        yield from check_include(path, include[1])
        return
    code = STRING.sub('""', COMMENT.sub("", line))
    # The JIT module links nothing of Croton; its errors cross its C interface as text.
    own_errors = path.startswith(LIBRARY) and not path.startswith("runtime/jit/")
    if own_errors and not path.endswith("/error.hpp") and BARE_ERROR.search(code):
        yield "errors are UserError, InternalError or BackendError"
    if not path.startswith(("compiler/options.cpp", "tests/")) and ENVIRONMENT.search(code):
        yield "compiler/options.cpp alone reads the environment"
    if path.startswith("tests/") and EMPTY_CHECK.search(code):
        yield "a check that cannot fail"
    if NAMELESS_SUPPRESSION.search(line):
        yield "a suppression names its check: NOLINTNEXTLINE(check): why"


def check_line(path, line):
    if MARKS.search(line):
        yield "a mark left in the source: a limit belongs in an error message or docs/roadmap.md"
    if path.endswith(CODE) and len(line) > 100:
        yield f"{len(line)} columns, the limit is 100"
    if path.endswith(CODE) and line != line.rstrip():
        yield "blanks at the end of the line"
    if path.endswith(CPP):
        yield from check_cpp_line(path, line)


def check_file(path):
    with open(path, "rb") as file:
        data = file.read()
    if b"\0" in data or path == "LICENSE":
        return
    lines = data.decode("utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        for wrong in check_line(path, line):
            yield f"{path}:{number}: {wrong}"
    # A golden is as long as the program that is emitted.
    if path.endswith(CPP) and len(lines) > 601 and not path.startswith("tests/codegen/golden/"):
        yield f"{path}: {len(lines) - 1} lines, the limit is 600"
    if path.endswith(CODE) and data and not data.endswith(b"\n"):
        yield f"{path}: no line break at the end"
    if lines[0].startswith("#!") and "bash" in lines[0]:
        syntax = subprocess.run(["bash", "-n", path], stderr=subprocess.PIPE, text=True)
        if syntax.returncode != 0:
            yield f"{path}: {syntax.stderr.strip()}"


def check_op_names(program):
    output = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
    names = {f'"{name}"' for name in output.split()}
    if not names:
        yield f"{program}: prints no op names"
    for path in tracked_files(CPP):
        if not path.startswith(("passes/", "codegen/", "runtime/")):
            continue
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                for text in STRING.findall(COMMENT.sub("", line)):
                    if text in names:
                        yield f"{path}:{number}: {text} names an op; its record has what you need"


def check_test_files():
    """A test that no build file names would never run."""
    named = ""
    for path in tracked_files((".txt", ".cmake")):
        with open(path, encoding="utf-8") as file:
            named += file.read()
    for path in tracked_files(CPP):
        folder, _, name = path.rpartition("/")
        if not folder.startswith("tests/") or folder in ("tests/support", "tests/package"):
            continue
        if name.endswith(".cpp") and name not in named and not folder.endswith("golden"):
            yield f"{path}: no build file names it"


def main():
    if sys.argv[1:2] == ["--op-names"]:
        files, wrong = None, list(check_op_names(sys.argv[2]))
    else:
        files = tracked_files()
        wrong = [text for path in files for text in check_file(path)]
        wrong += check_test_files()
    print("\n".join(wrong), end="\n" if wrong else "")
    if wrong:
        sys.exit(f"repository: {len(wrong)} places break a rule")
    print("repository: op names" if files is None else f"repository: {len(files)} files")


if __name__ == "__main__":
    main()
