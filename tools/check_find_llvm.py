"""Checks which LLVM tools/cmake/find_llvm.cmake takes, of what a machine has.

usage: check_find_llvm.py CMAKE

Configures a project that only looks for LLVM, beside folders that look like installations, and
beside the machine's LLVM 19 if there is one.
"""

import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(find_llvm LANGUAGES C)
list(APPEND CMAKE_MODULE_PATH {modules})
include(find_llvm)
get_target_property(libraries croton_llvm INTERFACE_LINK_LIBRARIES)
message(STATUS "libraries: ${{libraries}}")
"""
HEADERS = ["clang/Frontend/CompilerInstance.h", "lld/Common/Driver.h", "llvm/Config/llvm-config.h"]
STATIC = ["libclangCodeGen.a", "libLLVMPasses.a", "liblldELF.a", "liblldCommon.a"]
INSTALLED = "/usr/lib/llvm-19"


def write(path, text=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def install(folder, major, without=""):
    """An installation as CMake sees one, with static and shared libraries."""
    root = os.path.join(folder, f"llvm-{major}")
    shared = [f"libclang-cpp.so.{major}.1", f"libLLVM-{major}.so"]
    version = f'#define LLVM_VERSION_STRING "{major}.1.0"\n'
    for name in [*(f"include/{h}" for h in HEADERS), *(f"lib/{l}" for l in [*STATIC, *shared])]:
        if not without or without not in name:
            write(os.path.join(root, name), version if name.endswith("llvm-config.h") else "")


def found(cmake, folder, *definitions):
    """The version that is found, or what CMake says where there is none."""
    source = os.path.join(folder, "source")
    write(os.path.join(source, "CMakeLists.txt"),
          PROJECT.format(modules=os.path.join(TOP, "tools", "cmake")))
    run = subprocess.run([cmake, "-G", "Ninja", "-S", source, "-B", os.path.join(folder, "build"),
                          f"-DCROTON_LLVM_PREFIX={folder}/llvm-", *definitions],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if run.returncode != 0:
        return " ".join(run.stdout.split())
    version = re.search(r"LLVM (\d+)\.", run.stdout)[1]
    libraries = re.search(r"libraries: (.*)", run.stdout)[1]
    other = [r for r in re.findall(r"/llvm-(\d+)/", libraries) if r != version]
    return version if not other else f"{version}, with libraries of {other[0]}"


def main():
    cmake = sys.argv[1]
    errors = []

    def check(what, expected, prepare, *definitions):
        with tempfile.TemporaryDirectory() as folder:
            prepare(folder)
            version = found(cmake, folder, *definitions)
        print(f"{what}: {version if len(version) < 40 else 'none'}")
        if expected not in version or (expected.isdigit() and version != expected):
            errors.append(f"{what}: expected {expected}, CMake took {version}")

    def both(folder, without=""):
        install(folder, 22, without)
        install(folder, 19)

    check("22 and 19", "22", both)
    check("19 alone", "19", lambda f: install(f, 19))
    check("22 without LLD's headers, and 19", "19", lambda f: both(f, "include/lld"))
    check("22 without libraries, and 19", "19", lambda f: both(f, "lib/"))
    check("22 and 19, and 19 is asked for", "19", both, "-DCROTON_LLVM_VERSION=19")
    check("none", "apt install libclang-22-dev llvm-22-dev liblld-22-dev (or 19)", lambda f: None)
    if os.path.exists(os.path.join(INSTALLED, "include", HEADERS[1])):
        check("the machine's 19 alone", "19",
              lambda f: os.symlink(INSTALLED, os.path.join(f, "llvm-19")))
    else:
        skipped = f"the machine's LLVM 19 alone: {INSTALLED} has no headers of LLD"
        print(f"skipped: {skipped}")
        if list_of_skips := os.environ.get("CROTON_SKIPS"):  # which ./dev test prints
            with open(list_of_skips, "a", encoding="utf-8") as file:
                file.write(skipped + "\n")
    if errors:
        sys.exit("\n".join(errors))


if __name__ == "__main__":
    main()
