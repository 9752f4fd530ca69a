#!/usr/bin/env python3
"""Minimax polynomials of the math prelude (codegen/prelude/*.h), in C hexadecimal constants.

    pip install mpmath gmpy2; tools/minimax.py [NAME ...]

Prints the polynomials that are named, or all; a name without its type is that of f32 and f64. Of
each the largest error is printed as a power of 2: of real coefficients, of those that are printed,
and of those that stand in the prelude.

Each entry of FITS holds a function, an interval, the powers of the polynomial, the weight of the
error and where in the prelude the coefficients stand. The fit is Remez's exchange on a Chebyshev
grid in 200-bit arithmetic. Coefficients are rounded to the format one by one, from the lowest power
up, and the others fitted again each time, so that the rounding of one is made good by the rest.
"""
import dataclasses
import pathlib
import re
import struct
import sys
import typing

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


@dataclasses.dataclass
class Fit:
    g: typing.Callable  # what the polynomial approximates
    over: tuple  # the interval of its argument
    powers: typing.Iterable
    weight: typing.Callable  # by what an error of the polynomial is multiplied
    where: str  # the prelude's function
    variables: str  # in it, whose coefficients stand in the text from the highest power down;
    # "even odd" are two sums, "+" joins variables of one, and of "b>a>return" all literals count
    fixed: tuple = ()  # the first coefficients, if they are given

    @property
    def bits(self):
        return 24 if self.where.endswith("f32") and self.where != "pow_f32" else 53


def points(f):
    low, high = (mpf(end) for end in f.over)
    xs = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (GRID - 1 - i) / (GRID - 1))
          for i in range(GRID)]
    return [x if abs(x) > mpf(2) ** -40 else mpf(2) ** -40 for x in xs]


def fit(f):
    """Rounded coefficients of f.powers, the error of real ones and the error of these."""
    xs = points(f)
    target = [big(f.g(x)) for x in xs]
    w = [abs(big(f.weight(x))) for x in xs]
    powers = list(f.powers)
    columns = [[big(x ** p) for x in xs] for p in powers]
    done = []
    for step, power in enumerate(powers):
        if step < len(f.fixed):
            value = mpfr(f.fixed[step])
        else:
            # Of x, x^2, .. errors alternate once they are divided by x, whose sign may change.
            signed = [-v if x < 0 and power % 2 == 1 else v for v, x in zip(w, xs)]
            c, worst = remez(target, signed, columns[step:])
            value = to_format(c[0], f.bits)
            if step == len(f.fixed):
                best = worst
        done.append(value)
        target = [t - value * x for t, x in zip(target, columns[step])]
    return done, best, max(abs(t * v) for t, v in zip(target, w))


def error_of(f, coefficients):
    """The largest weighted error of these coefficients of f.powers."""
    worst = 0
    for x in points(f):
        value = sum(c * big(x ** p) for p, c in zip(f.powers, coefficients))
        worst = max(worst, abs((big(f.g(x)) - value) * big(f.weight(x))))
    return worst


LITERAL = r"-?(?:0x)?[0-9][0-9a-f.]*(?:p[-+][0-9]+)?f?\b"


def literals_of(body, variable, every=False):
    """The last literal, or all, of each statement that sets `variable` or returns a sum continuing
    it.

    Of `variable?near` it is the one before, where each is chosen as in `near ? 1.0 : 2.0`.
    """
    variable, _, choice = variable.partition("?")
    found = []
    for statement in re.findall(r"[^;{}]+", body):
        sets = re.match(r"\s*(?:(?:f32|f64) )?%s = (.*)" % re.escape(variable), statement, re.S)
        returns = re.match(r"\s*return fma_f..\(%s, (.*)" % variable, statement, re.S)
        if variable == "return":
            returns = re.match(r"\s*return (.*)", statement, re.S)
        if not sets and not returns:
            continue
        numbers = re.findall(r"(?<![\w.])" + LITERAL, (sets or returns)[1])
        if every:
            found += [mpfr(float.fromhex(n.rstrip("f"))) for n in numbers]
        elif numbers:
            number = numbers[-2 if choice == "near" else -1].rstrip("f")
            found.append(mpfr(float.fromhex(number) if "x" in number else float(number)))
    return found


def in_prelude(f):
    """The coefficients of f.powers that stand in the prelude."""
    folder = pathlib.Path(__file__).parent.parent / "codegen" / "prelude"
    text = "\n".join(path.read_text() for path in sorted(folder.glob("*.h")))
    body = re.search(r"^CT_MATH \w+ %s\([^)]*\)\n{\n(.*?)^}" % f.where, text, re.M | re.S)[1]
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    sums = []
    for names in f.variables.split():
        numbers = [n for name in names.split("+") for n in literals_of(body, name)]
        if ">" in names:
            numbers = [n for name in names.split(">") for n in literals_of(body, name, True)]
        sums.append(numbers[::-1])
    if len(sums) == 1:
        return sums[0]
    mixed = [None] * (len(sums[0]) + len(sums[1]))
    mixed[0::2], mixed[1::2] = sums
    return mixed


def show(name):
    f = FITS[name]
    c, best, final = fit(f)
    standing = in_prelude(f)
    if len(standing) != len(c):
        sys.exit(f"{name}: {len(standing)} coefficients stand in {f.where}, not {len(c)}")
    real, rounded, prelude = (float(gmpy2.log2(e)) for e in (best, final, error_of(f, standing)))
    print(f"{name}: error 2^{real:.2f}, rounded 2^{rounded:.2f}, in the prelude 2^{prelude:.2f}")
    for p, v in zip(f.powers, c):
        print(f"  x^{p}: {literal(v, f.bits)}")
    sys.stdout.flush()


LN2 = mp.log(2)
NEAR_0 = (-LN2 / 2, LN2 / 2)  # the rest of an exponential's argument
S_OF_SQRT2 = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)  # s = f / (2 + f) of 1 + f = sqrt(2)
LN2_F32 = mpf(float.fromhex("0x1.62e43p-1"))  # as the formats have it
LN2_F64 = mpf(float.fromhex("0x1.62e42fefa39efp-1"))


def up_to(end):
    """The interval of z = r^2 for |r| <= end."""
    return 0, mpf(end) ** 2


def odd(f):
    """p of f(r) = r + r z p(z), z = r^2."""
    return lambda z: (f(mp.sqrt(z)) - mp.sqrt(z)) / (mp.sqrt(z) * z)


def odd_weight(f):
    """What an error of odd(f) does to f, relative to f."""
    return lambda z: mp.sqrt(z) * z / f(mp.sqrt(z))


PI_4 = mp.pi / 4


def cos_rest(z):
    """p of cos r = 1 - z / 2 + z^2 p, z = r^2."""
    return (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z ** 2


def cos_weight(z):
    return z ** 2 / mp.cos(mp.sqrt(z))


def expm1_q(r):
    """q of e^r - 1 = r + r^2 q."""
    return (mp.expm1(r) - r) / r ** 2


def expm1_weight(r):
    return r ** 2 / mp.expm1(r)


def exp2_rest(ln2):
    return lambda r: (mpf(2) ** r - 1) / r - ln2


def exp2_weight(r):
    return r / mpf(2) ** r


def log_q(f):
    """q of log(1 + f) = f + f^2 q."""
    return (mp.log1p(f) - f) / f ** 2


def log_weight(f):
    return f ** 2 / mp.log1p(f)


def twice_atanh(s):
    """log(1 + f), s = f / (2 + f)."""
    return 2 * mp.atanh(s)


def log_of_s(z):
    """q of log(1 + f) = 2s + s z q, z = s^2."""
    s = mp.sqrt(z)
    return (twice_atanh(s) - 2 * s) / (s * z)


def cot_p(z):
    """p of r / tan r = 1 - z p, z = r^2."""
    return (1 - mp.sqrt(z) / mp.tan(mp.sqrt(z))) / z


def cot_weight(z):
    return z * mp.tan(mp.sqrt(z)) / mp.sqrt(z)


def erf_near(z):
    """p of erf x = x + x p, z = x^2."""
    return mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1


def erf_near_weight(z):
    return mp.sqrt(z) / mp.erf(mp.sqrt(z))


def erf_far(power):
    """p of erf x = 1 - p^power."""
    return lambda x: mp.erfc(x) ** (mpf(1) / power)


def erf_far_weight(power):
    return lambda x: power * mp.erfc(x) ** (1 - mpf(1) / power) / mp.erf(x)


def erfc_t(x):
    return (mpf(x) - 4) / (mpf(x) + 4)


def erfc_g(t):
    """g of erfc x = e^(-x^2) g / (1 + 2x), t = (x - 4) / (x + 4)."""
    x = 4 * (1 + t) / (1 - t)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


def norm_t(x, c):
    return (mpf(x) - c) / (mpf(x) + c)


def norm_g(c):
    """g of Phi(-x) = e^(-x^2/2) g / (1 + 0.8125x), t = (x - c) / (x + c)."""
    def g(t):
        x = c * (1 + t) / (1 - t)
        return (1 + 0.8125 * x) * mp.exp(x * x / 2) * mp.erfc(x / mp.sqrt(2)) / 2
    return g


def relative(g):
    return lambda x: 1 / g(x)


ERFC_F32 = float.fromhex("0x1.3ba592p+0")  # g of t = 0 without its second part
NORM_F32 = float.fromhex("0x1.9ae008p-2")
# Named after the prelude's functions, those of two polynomials with a word in between.
FITS = {
    "exp_poly_f32": Fit(mp.exp, NEAR_0, range(7), relative(mp.exp), "exp_poly_f32", "p", (1, 1)),
    "exp_poly_f64": Fit(mp.exp, NEAR_0, range(12), relative(mp.exp), "exp_poly_f64", "p", (1, 1)),
    "expm1_poly_f32": Fit(expm1_q, NEAR_0, range(6), expm1_weight, "expm1_poly_f32", "q", (0.5,)),
    "expm1_poly_f64": Fit(expm1_q, NEAR_0, range(11), expm1_weight, "expm1_poly_f64", "even odd",
                          (0.5,)),
    "tanh_poly_f32": Fit(odd(mp.tanh), up_to(0.26), range(3), odd_weight(mp.tanh),
                         "tanh_poly_f32", "p"),
    "tanh_poly_f64": Fit(odd(mp.tanh), up_to(0.26), range(7), odd_weight(mp.tanh),
                         "tanh_poly_f64", "p"),
    "exp2m1_poly_f32": Fit(exp2_rest(LN2_F32), (-0.5, 0.5), range(6), exp2_weight,
                           "exp2m1_poly_f32", "p"),
    "exp2m1_poly_f64": Fit(exp2_rest(LN2_F64), (-0.5, 0.5), range(12), exp2_weight,
                           "exp2m1_poly_f64", "even odd"),
    "log_series_f32": Fit(log_q, (-mpf(1) / 3, mpf(1) / 3), range(8), log_weight,
                          "log_series_f32", "q"),
    "log_tail_f64": Fit(log_of_s, up_to(S_OF_SQRT2), range(7), odd_weight(twice_atanh),
                        "log_tail_f64", "q"),
    "sin_poly_f32": Fit(odd(mp.sin), up_to(mp.pi / 2), range(4), odd_weight(mp.sin),
                        "sin_poly_f32", "p+v"),
    "sin_poly_f64": Fit(odd(mp.sin), up_to(mp.pi / 2), range(8), odd_weight(mp.sin),
                        "sin_poly_f64", "upper>c>b>a>v"),
    "sincos_sin_f64": Fit(odd(mp.sin), up_to(PI_4), range(6), odd_weight(mp.sin),
                          "sin_near_f64", "upper>b>a>return"),
    "sincos_cos_f64": Fit(cos_rest, up_to(PI_4), range(6), cos_weight, "cos_near_f64", "c>b>a"),
    "tan_turned_f32": Fit(cot_p, up_to(0.83), range(4), cot_weight, "tan_turned_f32", "p"),
    "tan_turned_f64": Fit(cot_p, up_to(0.7854), range(9), cot_weight, "tan_turned_f64", "p"),
    "atan_poly_f32": Fit(odd(mp.atan), up_to(1), range(9), odd_weight(mp.atan),
                         "atan_poly_f32", "q"),
    "atan_poly_f64": Fit(odd(mp.atan), up_to(mp.sqrt(2) - 1), range(11), odd_weight(mp.atan),
                         "atan_poly_f64", "q"),
    "asin_poly_f32": Fit(odd(mp.asin), up_to(0.5), range(5), odd_weight(mp.asin),
                         "asin_poly_f32", "q"),
    "asin_poly_f64": Fit(odd(mp.asin), up_to(0.5), range(12), odd_weight(mp.asin),
                         "asin_poly_f64", "q"),
    "asinh_poly_f32": Fit(odd(mp.asinh), up_to(0.45), range(5), odd_weight(mp.asinh),
                          "asinh_poly_f32", "p"),
    "atanh_poly_f32": Fit(odd(mp.atanh), up_to(0.25), range(4), odd_weight(mp.atanh),
                          "atanh_poly_f32", "q"),
    "atanh_poly_f64": Fit(odd(mp.atanh), up_to(0.25), range(9), odd_weight(mp.atanh),
                          "atanh_poly_f64", "q"),
    "erf_near_f32": Fit(erf_near, up_to(1.125), range(7), erf_near_weight, "erf_f32", "p?near"),
    "erf_far_f32": Fit(erf_far(8), (1.125, 4), range(7), erf_far_weight(8), "erf_f32", "p?far"),
    "erf_near_f64": Fit(erf_near, up_to(1.375), range(15), erf_near_weight, "erf_f64", "p?near"),
    "erf_far_f64": Fit(erf_far(16), (1.375, 6), range(15), erf_far_weight(16), "erf_f64", "p?far"),
    "erfc_f32": Fit(erfc_g, (erfc_t(0.47), erfc_t(10.5)), [0, *range(11)], relative(erfc_g),
                    "erfc_f32", "q+g", (ERFC_F32,)),
    "erfc_f64": Fit(erfc_g, (erfc_t(0.47), erfc_t(27.3)), range(23), relative(erfc_g),
                    "erfc_f64", "even+g odd"),
    "norm_tail_f32": Fit(norm_g(4), (norm_t(0, 4), norm_t(14.4, 4)), [0, *range(11)],
                         relative(norm_g(4)), "norm_tail_f32", "q+g", (NORM_F32,)),
    "norm_tail_f64": Fit(norm_g(6), (norm_t(0, 6), norm_t(38.7, 6)), range(23),
                         relative(norm_g(6)), "norm_tail_f64", "even+g odd"),
    "pow_log2_f32": Fit(lambda z: 2 / LN2 + z / LN2 * log_of_s(z), up_to(S_OF_SQRT2), range(5),
                        lambda z: LN2 * mp.sqrt(z) / twice_atanh(mp.sqrt(z)), "pow_f32", "q"),
    "pow_exp2_f32": Fit(lambda r: mpf(2) ** r, (-0.5, 0.5), range(7), lambda r: mpf(2) ** -r,
                        "pow_f32", "p"),
    "pow_f64": Fit(lambda z: (log_of_s(z) - mpf(2) / 3) / z, up_to(S_OF_SQRT2), range(7),
                   lambda z: z * odd_weight(twice_atanh)(z), "pow_f64", "u"),
}


def main(names):
    for name in names or FITS:
        known = [n for n in (name, name + "_f32", name + "_f64") if n in FITS]
        if not known:
            sys.exit(f"minimax.py: there is no fit {name}; there are {', '.join(FITS)}")
        for n in known:
            show(n)


if __name__ == "__main__":
    main(sys.argv[1:])
