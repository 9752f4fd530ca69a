"""W11 by a tool of GradBench's repository: the same data, compiled as that repository says.

usage: gradbench_peer.py manual|tapenade --source FOLDER --adbench FOLDER --work FOLDER

--source is a checkout of github.com/gradbench/gradbench, --adbench the data that the archive
conformance/adbench.tar.zst holds, --work where programs and their inputs are made. Prints a JSON
line for each case, as every peer does. Nothing of the repository is copied.
"""

import argparse
import json
import os
import statistics
import subprocess

# GradBench's name, W11's case, the file of its data.
CASES = [
    ("gmm", "GMM d10 k25 n1000", "gmm/1k/gmm_d10_K25.txt"),
    ("ba", "BA ba1", "ba/ba1_n49_m7776_p31843.txt"),
    ("lstm", "LSTM l2 c1024", "lstm/lstm_l2_c1024.txt"),
    ("ht", "HAND hand1 c100", "hand/simple_small/hand1_t26_c100.txt"),
]
# What of Tapenade's output stands beside each program.
GENERATED = {"gmm": "gmm/gmm.c gmm/gmm_b.c", "ba": "ba/ba.c ba/ba_b.c",
             "lstm": "lstm/lstm.c lstm/lstm_b.c", "ht": "hand/hand.c hand/hand_d.c"}
FLAGS = ["-O3", "-march=native", "-w"]
# The repository downloads nlohmann's json.hpp; Debian has it in nlohmann-json3-dev.
JSON_HEADER = "/usr/include/nlohmann"


def numbers(path):
    with open(path, encoding="ascii") as file:
        return iter(file.read().split())


def rows(words, count, width):
    return [[float(next(words)) for _ in range(width)] for _ in range(count)]


def mixture(path):
    words = numbers(path)
    d, k, n = (int(next(words)) for _ in range(3))
    alpha = [r[0] for r in rows(words, k, 1)]
    mu, factors, x = (rows(words, k, d), rows(words, k, d * (d + 1) // 2), rows(words, n, d))
    return {"d": d, "k": k, "n": n, "alpha": alpha, "mu": mu, "q": [f[:d] for f in factors],
            "l": [f[d:] for f in factors], "x": x, "gamma": float(next(words)),
            "m": int(next(words))}


def bundle(path):
    words = numbers(path)
    n, m, p = (int(next(words)) for _ in range(3))
    camera, point, weight, feature = (rows(words, 1, count)[0] for count in (11, 3, 1, 2))
    return {"n": n, "m": m, "p": p, "cam": camera, "x": point, "w": weight[0], "feat": feature}


def recurrent(path):
    words = numbers(path)
    layers, count, bits = (int(next(words)) for _ in range(3))
    return {"main_params": rows(words, 2 * layers, 4 * bits), "extra_params": rows(words, 3, bits),
            "state": rows(words, 2 * layers, bits), "sequence": rows(words, count, bits)}


def matrix(words):
    flat = [float(w) for w in words]
    return [flat[4 * i:4 * i + 4] for i in range(4)]


def hand(path):
    model = os.path.join(os.path.dirname(path), "model")

    def lines(name):
        with open(os.path.join(model, name), encoding="ascii") as file:
            return [line.split(":") for line in file.read().split()]

    bones = lines("bones.txt")
    positions, weights = [], []
    for line in lines("vertices.txt"):
        positions.append([float(v) for v in line[:3]] + [1.0])
        own = [0.0] * len(bones)
        for i in range(int(line[8])):
            own[int(line[9 + 2 * i])] = float(line[10 + 2 * i])
        weights.append(own)
    words = numbers(path)
    count, size = int(next(words)), int(next(words))
    points = rows(words, count, 4)
    return {
        "theta": [r[0] for r in rows(words, size, 1)],
        "us": [],
        "data": {
            "correspondences": [int(p[0]) for p in points],
            "points": [p[1:] for p in points],
            "model": {
                "bone_names": [b[0] for b in bones], "parents": [int(b[1]) for b in bones],
                "is_mirrored": False, "base_positions": positions, "weights": weights,
                "triangles": [[int(v) for v in line] for line in lines("triangles.txt")],
                "base_relatives": [matrix(b[2:18]) for b in bones],
                "inverse_base_absolutes": [matrix(b[18:34]) for b in bones],
            },
        },
    }


READ = {"gmm": mixture, "ba": bundle, "lstm": recurrent, "ht": hand}


def compiled(tool, name, source, work):
    """The program of one case, built where it is not there yet."""
    program = os.path.join(work, f"{tool}_{name}")
    if os.path.exists(program):
        return program
    folder = os.path.join(source, "tools", tool)
    includes = [f"-I{os.path.join(source, 'cpp')}", f"-I{JSON_HEADER}", f"-I{folder}"]
    objects = []
    if tool == "tapenade":
        parts = [os.path.join("evals", p) for p in GENERATED[name].split()]
        for part in [*parts, "utils/adBuffer.c", "utils/adStack.c"]:
            objects.append(os.path.join(work, f"{name}_{os.path.basename(part)}.o"))
            subprocess.run(["clang-22", "-std=c11", *FLAGS, *includes, "-c",
                            os.path.join(folder, part), "-o", objects[-1]], check=True)
    subprocess.run(["clang++-22", "-std=c++17", *FLAGS, *includes,
                    os.path.join(folder, f"{name}.cpp"), *objects, "-lm", "-o", program],
                   check=True)
    return program


def total(value):
    if isinstance(value, dict):
        return sum(map(total, value.values()))
    return sum(map(total, value)) if isinstance(value, list) else value


def check_of(name, data, result):
    """The sum of all derivatives. Of bundles a tool prints one block, and each is like it."""
    return data["p"] * sum(result["vals"]) if name == "ba" else total(result)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool", choices=["manual", "tapenade"])
    for name in ("source", "adbench", "work"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    for name, case, data in CASES:
        program = compiled(options.tool, name, options.source, options.work)
        path = os.path.join(options.work, name + ".json")
        inputs = READ[name](os.path.join(options.adbench, "data", data))
        with open(path, "w", encoding="ascii") as file:
            json.dump({**inputs, "min_runs": 7, "min_seconds": 0.3}, file)
        run = subprocess.run([program, path, "jacobian"], stdout=subprocess.PIPE, text=True,
                             check=True)
        result, *times = [json.loads(line) for line in run.stdout.splitlines()]
        ns = statistics.median(t["nanoseconds"] for t in times if t["name"] == "evaluate")
        print(json.dumps({"peer": options.tool, "workload": "W11", "case": case,
                          "metric": "ns_per_call", "value": ns, "threads": 1,
                          "check": check_of(name, inputs, result)}), flush=True)


if __name__ == "__main__":
    main()
