"""Checks that the code blocks of README.md and docs/ are the code that compiles and runs.

usage: check_snippets.py [--update]

A comment above a block says where its text comes from:

    <!-- snippet: examples/01_expression.cpp build -->  region // [build] .. // [/build]
    <!-- snippet: tests/golden/sum.cpp -->              the whole file
    <!-- output: 01_expression -->          lines of examples/expected/01_expression.txt
    <!-- output: 01_expression fused_0 -->  those from `// fused_0 ..` to the kernel's last brace

Blocks of C, C++ and CUDA must have one, and no block is made by indentation alone, which names no
language. With --update, snippets and kernels are rewritten.
"""

import glob
import os
import re
import sys
import textwrap

from compare_output import line_matches

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
MARK = re.compile(r"^<!-- (snippet|output): (\S+)(?: (\S+))? -->$")
COMPILED_LANGUAGES = ("c", "cpp", "c++", "cuda", "cu")


class SnippetError(Exception):
    pass


def read_lines(path):
    if not os.path.isfile(path):
        raise SnippetError(f"no such file: {path}")
    with open(path, encoding="utf-8") as file:
        return file.read().rstrip("\n").split("\n")


def region_of(path, region):
    """The lines of a file, or of one marked region of it, moved to the left margin."""
    lines = read_lines(path)
    if region is None:
        return lines
    marks = [line.strip() for line in lines]
    begin, end = f"// [{region}]", f"// [/{region}]"
    if marks.count(begin) != 1 or marks.count(end) != 1:
        raise SnippetError(f"{path} does not have exactly one region {begin} .. {end}")
    chosen = lines[marks.index(begin) + 1 : marks.index(end)]
    chosen = [line for line in chosen if not re.match(r"\s*// \[/?\w+\]$", line)]
    return textwrap.dedent("\n".join(chosen)).split("\n")


def is_part_of(block, expected):
    last = len(expected) - len(block)
    return any(
        all(line_matches(e, p) for e, p in zip(expected[at:], block)) for at in range(last + 1)
    )


def kernel_of(path, kernel):
    """The comment and the text of one kernel in a program's printed output."""
    lines = read_lines(path)
    # A formula on the same line, or the user's lines after a gap.
    heads = (f"// {kernel}:", f"// {kernel}  ")
    begin = next((i for i, line in enumerate(lines) if line.startswith(heads)), None)
    if begin is None or "}" not in lines[begin:]:
        raise SnippetError(f"{path} has no kernel {kernel}")
    return lines[begin : lines.index("}", begin) + 1]


def check_block(mark, language, block):
    """The text a block must have; raises when an output block is not what is printed."""
    if mark is None:
        if language in COMPILED_LANGUAGES:
            raise SnippetError("a code block without a <!-- snippet: .. --> above it")
        return block
    kind, source, region = mark.groups()
    if kind == "snippet":
        return region_of(source, region)
    if region is not None:
        return kernel_of(f"examples/expected/{source}.txt", region)
    if not is_part_of(block, read_lines(f"examples/expected/{source}.txt")):
        raise SnippetError(f"not what {source} prints")
    return block


def check_page(path, update):
    """Messages for one page; rewrites its snippets if `update`."""
    lines, result, wrong = read_lines(path), [], []
    mark, index = None, 0
    while index < len(lines):
        line = lines[index]
        starts = index == 0 or not lines[index - 1].strip()
        if starts and line.startswith("    ") and line.strip():
            wrong.append(f"{path}:{index + 1}: a code block by indentation; fences name a language")
        result.append(line)
        index += 1
        if not line.startswith("```"):
            mark = MARK.match(line) or (mark if not line.strip() else None)
            continue
        first = index
        while index < len(lines) and lines[index] != "```":
            index += 1
        block = lines[first:index]
        index += 1
        try:
            expected = check_block(mark, line[3:].strip(), block)
            if expected != block and not update:
                source = " ".join(filter(None, mark.groups()))
                wrong.append(f"{path}:{first}: differs from {source}")
        except SnippetError as error:
            wrong.append(f"{path}:{first}: {error}")
            expected = block
        result += [*expected, "```"]
        mark = None
    if update and result != lines:
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(result) + "\n")
        print(f"{path}: rewritten")
    return wrong


def main():
    os.chdir(TOP)
    update = sys.argv[1:] == ["--update"]
    pages = [path for path in ["README.md"] if os.path.isfile(path)]
    pages += sorted(glob.glob("docs/**/*.md", recursive=True))
    wrong = [text for path in pages for text in check_page(path, update)]
    print("\n".join(wrong), end="\n" if wrong else "")
    if wrong:
        sys.exit(f"snippets: {len(wrong)} code blocks are not what runs; ./dev docs rewrites them")
    print(f"snippets: {len(pages)} pages")


if __name__ == "__main__":
    main()
