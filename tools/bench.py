"""Runs Croton's workloads and peers' programs side by side and writes docs/benchmarks.md.

usage: bench.py --build FOLDER [--json FILE] [--peers numpy,jax,..] [--peer-folder FOLDER]
                [--threads 1,2] [--rounds N] [--page FILE]
                [--gradbench FOLDER]
                [W1 calls W2 W3 W4 W5 W6 W7 W9 W10 W11 W12 scan heston W13 W13chain W13graph W14
                 W3:2 heston:2 ..]

Programs run in turn, some rounds of them, and of each figure the least is taken: a shared machine
has seconds in which everything takes half as long again.
Peers are programs NAME_peer.py in --peer-folder, run by the Python of build/peers/NAME, a virtual
environment that is made here with what the peer needs, or `hand`, which is built by its build.sh
and needs AVX-512. Of W11 they are `manual` and `tapenade`, which gradbench_peer.py builds from
--gradbench, a checkout of github.com/gradbench/gradbench, and which are columns like the others:
    git clone https://github.com/gradbench/gradbench build/peers/gradbench
Figures are of one run on one machine: only their ratios mean anything.
W3:2 is W3 on two threads, whatever --threads says.
Without --peers they are hand and jax, and manual and tapenade where there is such a checkout. Where
none of them can run the table is printed, and the page stays as it is unless --page names it. A
section "Notes" at the end of the page is kept.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
PACKAGES = {
    "numpy": ["numpy", "numexpr", "scipy"],
    "jax": ["jax", "scipy"],
    "pytensor": ["pytensor", "numba"],
    "casadi": ["casadi", "numpy"],
    "torch": ["torch"],
}
# Workload: our program and its part, and the parts of `hand` that it is measured against.
PARTS = {
    "W1": ("workloads", "W1", ["W1"]),
    "calls": ("calls", "calls", []),
    "W2": ("workloads", "W23", ["W23"]),
    "W3": ("workloads", "W23", ["W23", "W3libmvec", "W3sleef"]),
    "W4": ("workloads", "W45", ["W4"]),
    "W5": ("workloads", "W45", ["W5"]),
    "W6": ("workloads", "W6", ["W6"]),
    "W7": ("workloads", "W7", ["W7"]),
    "W9": ("workloads", "W9", []),
    "W10": ("workloads", "W10", ["W10"]),
    "W11": ("workloads", "W11", []),
    "W12": ("workloads", "W12", ["W12"]),
    "scan": ("workloads", "scan", []),
    "heston": ("workloads", "heston", []),
    "W13": ("first_call", "W13", []),
    "W13chain": ("first_call", "W13chain", []),
    "W13graph": ("first_call", "W13graph", []),
    "W14": ("first_call", "W14", []),
}
GRADBENCH = ("manual", "tapenade")
# Workloads of Croton's own, which no peer has.
OWN = {"calls", "scan", "heston", "W13graph"}
UNITS = {"ns_per_call": (1e-3, "us"), "peak_mib": (1, "MiB"), "disk_mib": (1, "MiB"),
         "workspace_mib": (1, "MiB"), "us_an_apply": (1, "us")}


def unit(metric):
    return UNITS.get(metric, (1, "ms"))


def lines_of(command, cpus, folder=None):
    """The JSON lines that a program prints, which runs on these CPUs."""
    print("bench:", " ".join(command), file=sys.stderr)
    run = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True,
                         preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    if run.returncode != 0:
        print(f"bench: {command[0]} ended with {run.returncode}", file=sys.stderr)
    return [json.loads(text) for text in run.stdout.splitlines() if text.startswith("{")]


def adbench():
    """ADBench's data, unpacked once; W11 says what it misses where the archive is absent."""
    home = os.path.join(TOP, "build", "peers", "adbench")
    default = os.path.join(TOP, "..", "shared", "conformance")
    archive = os.path.join(os.environ.get("CROTON_CONFORMANCE_DIR") or default, "adbench.tar.zst")
    if not os.path.exists(home) and os.path.exists(archive):
        os.makedirs(home)
        subprocess.run(["tar", "-I", "zstd", "-xf", archive, "-C", home, "--strip-components=1"],
                       check=True)
    return home


def run_croton(build, workloads, threads, cpus):
    program, part, _ = PARTS[workloads[0]]
    command = [os.path.join(build, "bin", program), part, "--threads", str(threads)]
    return lines_of(command + (["--adbench", adbench()] if part == "W11" else []), cpus)


def has_avx512():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return "avx512f" in file.read()


def is_there(name, options):
    """Whether a program of GradBench is in the checkout."""
    return os.path.exists(os.path.join(options.gradbench, "tools", name))


def prepare(name, options):
    """Builds or installs a peer; false where this machine cannot run it."""
    home, folder = os.path.join(TOP, "build", "peers", name), options.peer_folder
    if name != "hand" and name not in (*PACKAGES, *GRADBENCH):
        sys.exit(f"bench: no such peer: {name}; there are hand, {', '.join(GRADBENCH)},"
                 f" {', '.join(PACKAGES)}")
    if name in GRADBENCH:
        if is_there(name, options):
            return True
        print(f"bench: {name} is left out: {options.gradbench} is no checkout of"
              " https://github.com/gradbench/gradbench; --gradbench names one", file=sys.stderr)
        return False
    program = os.path.join(folder, "hand" if name == "hand" else f"{name}_peer.py")
    if not os.path.exists(program):
        print(f"bench: {name} is left out: there is no {program}; --peer-folder says where the"
              " peers' programs are", file=sys.stderr)
        return False
    if name == "hand":
        if not has_avx512():
            print("bench: hand is left out: its programs need AVX-512, which this CPU has not",
                  file=sys.stderr)
            return False
        subprocess.run(["./build.sh", "clang++-22", home], cwd=os.path.join(folder, "hand"),
                       check=True)
        return True
    if not os.path.exists(os.path.join(home, "complete")):
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([os.path.join(home, "bin", "python"), "-m", "pip", "install", "-q",
                        *PACKAGES[name]], check=True)
        open(os.path.join(home, "complete"), "w", encoding="utf-8").close()
    return True


def run_peer(name, options, workloads, threads, cpus):
    home, folder = os.path.join(TOP, "build", "peers", name), options.peer_folder
    if name in GRADBENCH:
        peer = [sys.executable, os.path.join(TOP, "tools", "gradbench_peer.py"), name, "--source",
                options.gradbench, "--adbench", adbench(), "--work", home]
        return lines_of(peer, cpus) if "W11" in workloads and threads == 1 else []
    if name == "hand":
        parts = list(dict.fromkeys(p for w in workloads for p in PARTS[w][2]))
        hand = [os.path.join(home, "hand"), *parts, "--threads", str(threads)]
        return lines_of(hand, cpus, folder) if parts else []
    program = [os.path.join(home, "bin", "python"), os.path.join(folder, f"{name}_peer.py")]
    rows = []
    # One at a time: a peer that does not know a workload still gives its figures of the others.
    for workload in workloads:
        rows += lines_of([*program, workload, "--threads", str(threads)], cpus, folder)
    return rows


def groups_of(workloads):
    """Workloads that one part of a program of ours measures together."""
    groups = {}
    for workload in workloads:
        groups.setdefault(PARTS[workload][:2], []).append(workload)
    return list(groups.values())


def belongs(row, group):
    """Whether the row is of the group, not of another workload of the same part of our program."""
    name = row["workload"]
    return name in group or name not in PARTS or PARTS[name][:2] != PARTS[group[0]][:2]


def run_rounds(options, workloads, peers, threads):
    """Croton and its peers in turn, so that they see the same machine. A list of rows a round."""
    cpus = sorted(os.sched_getaffinity(0))[-threads:]
    rounds = []
    for group in groups_of(workloads):
        # A program of first calls repeats them itself, in a new process each.
        count = 1 if PARTS[group[0]][0] == "first_call" else options.rounds
        for _ in range(count):
            rows = run_croton(options.build, group, threads, cpus)
            rows = [r for r in rows if belongs(r, group)]
            for name in peers:
                if not OWN.issuperset(group):
                    rows += run_peer(name, options, group, threads, cpus)
            rounds.append(rows)
    return rounds


def key_of(row):
    return tuple(row[k] for k in ("workload", "case", "metric", "threads"))


def least(rounds):
    """A row for each figure of each peer: that of the round in which it was disturbed least."""
    best = {}
    for row in (row for rows in rounds for row in rows):
        at = (row["peer"], *key_of(row))
        if at not in best or row["value"] < best[at]["value"]:
            best[at] = row
    return list(best.values())


def agree(a, b, case):
    if a is None or b is None:
        return True
    tolerance = 1e-10 if "f64" in case else 1e-5
    return abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-30)


def table(rounds):
    """A line a case: Croton's figure, and each peer's as a multiple of it."""
    rows = least(rounds)
    peers = list(dict.fromkeys(r["peer"] for r in rows if r["peer"] != "croton"))
    text = "| workload | case | threads | croton | " + " | ".join(peers) + " |\n"
    text += "| --- | --- | --- | --- |" + " --- |" * len(peers) + "\n"
    for own in (r for r in rows if r["peer"] == "croton"):
        cells = []
        for peer in peers:
            same = [r for r in rows if r["peer"] == peer and key_of(r) == key_of(own)]
            if not same:
                cells.append("")
                continue
            mark = "" if agree(own["check"], same[0]["check"], own["case"]) else " (check differs)"
            cells.append(f"{same[0]['value'] / own['value']:.2f}x{mark}")
        factor, name = unit(own["metric"])
        what = own["case"] + (" warm" if own["metric"].endswith("_warm") else "")
        text += (f"| {own['workload']} | {what} | {own['threads']} |"
                 f" {own['value'] * factor:.4g} {name} | {' | '.join(cells)} |\n")
    return text


NOTES = "\n## Notes\n"


def notes_of(page):
    """What a person wrote below the tables: it stays."""
    if not os.path.exists(page):
        return ""
    with open(page, encoding="utf-8") as file:
        _, mark, notes = file.read().partition(NOTES)
    return mark + notes


def busy_cpus(seconds=1.0):
    """How many CPUs others kept busy while we slept. The load average still has our own build."""

    def times():
        with open("/proc/stat", encoding="utf-8") as file:
            ticks = [int(t) for t in file.readline().split()[1:9]]
        return sum(ticks), ticks[3] + ticks[4]  # all; idle and waiting for a disk

    all_before, idle_before = times()
    time.sleep(seconds)
    all_after, idle_after = times()
    passed = max(all_after - all_before, 1)
    return os.cpu_count() * (1 - (idle_after - idle_before) / passed)


def warn_if_busy():
    busy = busy_cpus()
    if busy > 0.5:
        print(f"bench: this machine is not idle: others keep {busy:.1f} of {os.cpu_count()} CPUs"
              " busy, and figures will be worse than it can give", file=sys.stderr)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        info = file.read()
    model = next(l.split(":", 1)[1].strip() for l in info.splitlines() if "model name" in l)
    vectors = "AVX-512" if has_avx512() else "AVX2, no AVX-512"
    return f"{model}, {os.cpu_count()} CPUs, {vectors}, load {os.getloadavg()[0]:.1f}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--json")
    parser.add_argument("--page")
    parser.add_argument("--peers")
    parser.add_argument("--peer-folder", default=os.path.join(TOP, "..", "shared", "peers"))
    parser.add_argument("--gradbench", default=os.path.join(TOP, "build", "peers", "gradbench"))
    parser.add_argument("--threads", default="1")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("workloads", nargs="*", default=[*PARTS, "W3:2", "heston:2"])
    options = parser.parse_args()
    if options.peers is None:
        options.peers = ",".join(["hand", "jax", *(g for g in GRADBENCH if is_there(g, options))])
    wanted = [w.partition(":")[::2] for w in options.workloads]
    unknown = [w for w, _ in wanted if w not in PARTS]
    if unknown:
        sys.exit(f"bench: no such workload yet: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    warn_if_busy()
    before = machine()
    peers = [p for p in filter(None, options.peers.split(",")) if prepare(p, options)]
    rounds = []
    for threads in options.threads.split(","):
        rounds += run_rounds(options, [w for w, own in wanted if not own], peers, int(threads))
    for threads in dict.fromkeys(own for _, own in wanted if own):
        rounds += run_rounds(options, [w for w, own in wanted if own == threads], peers,
                             int(threads))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in least(rounds))
    command = "./dev bench " + " ".join(sys.argv[3:])
    path = options.page or os.path.join(TOP, "docs", "benchmarks.md")
    page = (f"# Benchmarks\n\nMachine: {before}. {datetime.date.today()}. A peer's column is its"
            f" figure over Croton's: above 1, Croton is better. Each program prints medians;"
            f" all run in turn, {options.rounds} rounds, and each figure is the least of them.\n"
            f"Written by `{command.strip()}`.\n\n{table(rounds)}{notes_of(path)}")
    print(page)
    if options.page or peers:
        with open(path, "w", encoding="utf-8") as file:
            file.write(page)


if __name__ == "__main__":
    main()
