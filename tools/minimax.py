#!/usr/bin/env python3
"""Minimax polynomials of the math prelude (codegen/prelude/*.h), in C hexadecimal constants.

    pip install mpmath gmpy2; tools/minimax.py [NAME ...]

Each entry of FITS names a function g, an interval, the powers of the polynomial and the weight of
the error. The fit is Remez's exchange on a Chebyshev grid in 200-bit arithmetic. Coefficients are
rounded to the format one by one, from the lowest power up, and the others fitted again each time,
so that the rounding of one is made good by the rest.
"""
import struct
import sys

import gmpy2
from gmpy2 import mpfr
from mpmath import mp, mpf

mp.prec = gmpy2.get_context().precision = 200
GRID = 1000


def big(x):
    """An mpmath number as gmpy2's, in which the fit is much faster."""
    return (-1 if x < 0 else 1) * mpfr(int(x.man), 200) * mpfr(2) ** x.exp if x else mpfr(0)


def to_format(x, bits):
    """x rounded to f32 (24) or f64 (53)."""
    if bits == 24:
        return mpfr(struct.unpack("f", struct.pack("f", float(x)))[0])
    return mpfr(float(x))


def literal(x, bits):
    """The C hexadecimal literal of a rounded coefficient."""
    mantissa, exponent = float(x).hex().split("p")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}p{int(exponent):+d}{'f' if bits == 24 else ''}"


def solve(a, b):
    """Gaussian elimination with pivoting; rows of Python lists of gmpy2 numbers."""
    n = len(b)
    rows = [a[i] + [b[i]] for i in range(n)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k])]
    x = [mpfr(0)] * n
    for k in reversed(range(n)):
        x[k] = (rows[k][n] - sum(rows[k][j] * x[j] for j in range(k + 1, n))) / rows[k][k]
    return x


def alternation(error, count):
    """Indices of the `count` largest errors of alternating sign."""
    peaks, start, n = [], 0, len(error)
    for i in range(1, n + 1):
        if i == n or (error[i] > 0) != (error[start] > 0):
            peaks.append(max(range(start, i), key=lambda k: abs(error[k])))
            start = i
    while len(peaks) > count:
        least = min(range(len(peaks)), key=lambda k: abs(error[peaks[k]]))
        if least in (0, len(peaks) - 1):
            peaks.pop(least)
        elif len(peaks) == count + 1:
            peaks.pop(0 if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else -1)
        else:  # without the least, its neighbours have one sign: keep the larger
            a, b = least - 1, least + 1
            drop = a if abs(error[peaks[a]]) < abs(error[peaks[b]]) else b
            peaks = [p for k, p in enumerate(peaks) if k not in (least, drop)]
    return peaks


def remez(target, weight, basis):
    """Coefficients c minimising max |weight * (target - sum c_j basis_j)| over the grid."""
    n, count = len(target), len(basis)
    picks = [round((n - 1) * k / count) for k in range(count + 1)]
    best = None
    for _ in range(100):
        a = [[basis[j][i] for j in range(count)] + [(-1) ** row / weight[i]]
             for row, i in enumerate(picks)]
        *c, level = solve(a, [target[i] for i in picks])
        error = list(target)
        for j in range(count):
            error = [e - c[j] * x for e, x in zip(error, basis[j])]
        error = [e * w for e, w in zip(error, weight)]
        worst = max(abs(e) for e in error)
        if best is None or worst < best[1]:
            best = c, worst
        picks = alternation(error, count + 1)
        if worst <= abs(level) * 1.001 or len(picks) <= count:
            break
    return best


def fit(g, low, high, powers, bits, weight=None, fixed=()):
    """Rounded coefficients of `powers`; the first ones may be given in `fixed`."""
    low, high = mpf(low), mpf(high)
    xs = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (GRID - 1 - i) / (GRID - 1))
          for i in range(GRID)]
    xs = [x if abs(x) > mpf(2) ** -40 else mpf(2) ** -40 for x in xs]
    target = [big(g(x)) for x in xs]
    w = [abs(big(weight(x)) if weight else 1 / t) for x, t in zip(xs, target)]
    columns = [[big(x ** p) for x in xs] for p in powers]
    done = []
    for step in range(len(powers)):
        if step < len(fixed):
            value = mpfr(fixed[step])
        else:
            c, worst = remez(target, w, columns[step:])
            value = to_format(c[0], bits)
            if step == len(fixed):
                best = worst
        done.append(value)
        target = [t - value * x for t, x in zip(target, columns[step])]
    final = max(abs(t * v) for t, v in zip(target, w))
    return done, best, final


def show(name, g, low, high, powers, bits, weight=None, fixed=()):
    c, best, final = fit(g, low, high, powers, bits, weight, fixed)
    exact, rounded = float(gmpy2.log2(best)), float(gmpy2.log2(final))
    print(f"{name}: error 2^{exact:.2f}, rounded 2^{rounded:.2f}")
    for p, v in zip(powers, c):
        print(f"  x^{p}: {literal(v, bits)}")
    sys.stdout.flush()
