"""Runs Croton's workloads and peers' programs side by side and writes docs/benchmarks.md.

usage: bench.py --build FOLDER [--json FILE] [--peers numpy,jax,..] [--peer-folder FOLDER]
                [--threads N] [W1 W2 W3 W4 W5 W6]

Peers are programs NAME_peer.py in --peer-folder, run by the Python of build/peers/NAME, a virtual
environment that is made here with what the peer needs, or `hand`, which is built by its build.sh.
Figures are medians of one run on one machine: only their ratios mean anything.
"""

import argparse
import json
import os
import subprocess
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
PACKAGES = {
    "numpy": ["numpy", "numexpr"],
    "jax": ["jax"],
    "pytensor": ["pytensor", "numba"],
    "casadi": ["casadi", "numpy"],
    "torch": ["torch"],
}
PARTS = {"W1": "W1", "W2": "W23", "W3": "W23", "W4": "W45", "W5": "W45", "W6": "W6"}


def lines_of(command, folder=None):
    """The JSON lines that a program prints."""
    run = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        print(f"bench: {command[0]} ended with {run.returncode}", file=sys.stderr)
    return [json.loads(text) for text in run.stdout.splitlines() if text.startswith("{")]


def run_croton(build, workloads, threads):
    parts = list(dict.fromkeys(PARTS[w] for w in workloads))
    program = os.path.join(build, "bin", "workloads")
    return lines_of([program, *parts, "--threads", str(threads)])


def run_peer(name, folder, workloads, threads):
    if name == "hand":
        subprocess.run(["./build.sh"], cwd=os.path.join(folder, "hand"), check=True)
        program = os.path.join(folder, "hand", "build-clang++-22", "hand")
        return lines_of([program, *workloads, "--threads", str(threads)])
    home = os.path.join(TOP, "build", "peers", name)
    python = os.path.join(home, "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES[name]], check=True)
    program = os.path.join(folder, f"{name}_peer.py")
    return lines_of([python, program, *workloads, "--threads", str(threads)], folder)


def agree(a, b, case):
    tolerance = 1e-10 if "f64" in case else 1e-5
    return abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-30)


def table(rows):
    """A line a case: Croton's time, and each peer's as a multiple of it."""
    peers = list(dict.fromkeys(r["peer"] for r in rows if r["peer"] != "croton"))
    text = "| workload | case | threads | croton, us | " + " | ".join(peers) + " |\n"
    text += "| --- | --- | --- | --- |" + " --- |" * len(peers) + "\n"
    for own in (r for r in rows if r["peer"] == "croton"):
        cells = []
        for peer in peers:
            same = [r for r in rows if r["peer"] == peer and r["metric"] == own["metric"]
                    and all(r[k] == own[k] for k in ("workload", "case", "threads"))]
            if not same:
                cells.append("")
                continue
            mark = "" if agree(own["check"], same[0]["check"], own["case"]) else " (check differs)"
            cells.append(f"{same[0]['value'] / own['value']:.2f}x{mark}")
        cells = " | ".join(cells)
        text += (f"| {own['workload']} | {own['case']} | {own['threads']} |"
                 f" {own['value'] / 1000:.4g} | {cells} |\n")
    return text


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        info = file.read()
    model = next(l.split(":", 1)[1].strip() for l in info.splitlines() if "model name" in l)
    vectors = "AVX-512" if "avx512f" in info else "AVX2, no AVX-512"
    return f"{model}, {os.cpu_count()} CPUs, {vectors}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--json")
    parser.add_argument("--peers", default="")
    parser.add_argument("--peer-folder", default=os.path.join(TOP, "..", "shared", "peers"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("workloads", nargs="*", default=list(PARTS))
    options = parser.parse_args()
    unknown = [w for w in options.workloads if w not in PARTS]
    if unknown:
        sys.exit(f"bench: no such workload yet: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    rows = run_croton(options.build, options.workloads, options.threads)
    for peer in filter(None, options.peers.split(",")):
        rows += run_peer(peer, options.peer_folder, options.workloads, options.threads)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    command = "./dev bench " + " ".join(sys.argv[3:])
    page = (f"# Benchmarks\n\nMachine: {machine()}. A peer's column is its time over Croton's in"
            f" the same run: above 1, Croton is faster.\n"
            f"Written by `{command.strip()}`.\n\n{table(rows)}")
    with open(os.path.join(TOP, "docs", "benchmarks.md"), "w", encoding="utf-8") as file:
        file.write(page)
    print(page)


if __name__ == "__main__":
    main()
