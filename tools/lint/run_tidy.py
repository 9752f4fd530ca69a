"""Runs clang-tidy over those files of a build folder's compile commands that changed.

usage: run_tidy.py CLANG_TIDY BUILD

A file is skipped when nothing it is made of changed since it last passed: its text, the project's
headers it includes, its compile command, the configuration and clang-tidy itself.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time

INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


class Sources:
    """Texts and include lists of the project's files, each read once."""

    def __init__(self, top, build):
        self.top = top + os.sep
        self.build = build + os.sep
        self.cache = {}

    def ours(self, path):
        return path.startswith(self.top)

    def read(self, path):
        if path not in self.cache:
            try:
                with open(path, "rb") as file:
                    text = file.read()
            except OSError:
                text = None
            self.cache[path] = text
        return self.cache[path]

    def closure(self, path, folders):
        """The file and all files of the project that it includes, in order."""
        seen, todo = [], [path]
        while todo:
            current = todo.pop()
            if current in seen:
                continue
            seen.append(current)
            for kind, name in INCLUDE.findall(self.read(current)):
                near = [os.path.dirname(current)] if kind == b'"' else []
                for folder in near + folders:
                    found = os.path.normpath(os.path.join(folder, name.decode()))
                    if self.ours(found) and self.read(found) is not None:
                        todo.append(found)
                        break
        return sorted(seen)


def include_folders(arguments):
    folders = []
    for index, argument in enumerate(arguments):
        if argument in ("-I", "-isystem"):
            folders.append(arguments[index + 1])
        elif argument.startswith("-I"):
            folders.append(argument[2:])
    return folders


def configurations(path, top):
    """Texts of the .clang-tidy files that apply to `path`."""
    texts = []
    folder = os.path.dirname(path)
    while folder.startswith(top):
        name = os.path.join(folder, ".clang-tidy")
        if os.path.exists(name):
            with open(name, "rb") as file:
                texts.append(file.read())
        folder = os.path.dirname(folder)
    return texts


def key_of(entry, sources, top, version):
    arguments = shlex.split(entry["command"])
    parts = [version, entry["command"].encode(), *configurations(entry["file"], top)]
    for path in sources.closure(entry["file"], include_folders(arguments)):
        parts += [path.encode(), sources.read(path)]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.hexdigest()


def check(tool, build, path):
    started = time.monotonic()
    run = subprocess.run(
        [tool, "-p", build, "--quiet", "--use-color=0", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    output = run.stdout if run.stdout.strip() or run.returncode == 0 else run.stderr
    return run.returncode, output, time.monotonic() - started


def main():
    tool, build = sys.argv[1], os.path.abspath(sys.argv[2])
    top = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    version = subprocess.run([tool, "--version"], stdout=subprocess.PIPE).stdout
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = {entry["file"]: entry for entry in json.load(file)}
    sources = Sources(top, build)
    cache = os.path.join(os.path.dirname(build), "lint-cache")
    os.makedirs(cache, exist_ok=True)

    todo = {}
    for path, entry in entries.items():
        if sources.ours(path) and not path.startswith(sources.build):
            key = os.path.join(cache, key_of(entry, sources, top, version))
            if not os.path.exists(key):
                todo[path] = key
    print(f"clang-tidy: {len(todo)} of {len(entries)} files to check", flush=True)

    failed, spent = [], []
    largest_first = sorted(todo, key=os.path.getsize, reverse=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(check, tool, build, path): path for path in largest_first}
        for job in concurrent.futures.as_completed(jobs):
            path = jobs[job]
            status, output, seconds = job.result()
            spent.append((seconds, os.path.relpath(path, top)))
            if status == 0:
                open(todo[path], "w").close()
            else:
                failed.append(path)
                print(output.replace(top + os.sep, ""), flush=True)
    for seconds, path in sorted(spent, reverse=True)[:3]:
        print(f"clang-tidy: slowest: {seconds:5.1f} s  {path}")
    if failed:
        sys.exit(f"clang-tidy: {len(failed)} files fail")


if __name__ == "__main__":
    main()
