#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What scipy says of the engine's special functions and test statistics.

`make oracle` (package python3-scipy) writes tests/oracle/statistics.txt, which
the unit tests read: one case a line, "FUNCTION ARGUMENTS = VALUES". Samples are
"M:x,x,...". Seeds are fixed. The counts of U are integers of Python beside it.
"""
import itertools
import warnings

import numpy
from scipy import optimize, special, stats

warnings.simplefilter("error")
rng = numpy.random.default_rng(20261124)


def show(values):
    return " ".join(repr(float(v)) for v in values)


def sample(values):
    return "%d:%s" % (len(values), ",".join(repr(float(v)) for v in values))


def case(name, arguments, values):
    print(name, " ".join(arguments), "=", show(values))


def t_quantile(tail, freedom):
    """stats.t.isf() has ten digits only; the root of sf() has them all."""
    near = stats.t.isf(tail, freedom)
    width = 1e-6 * abs(near)
    return optimize.brentq(lambda t: stats.t.sf(t, freedom) / tail - 1, near - width, near + width,
                           xtol=1e-15 * abs(near), rtol=1e-15)


def special_functions():
    for a, b, x in itertools.product((0.5, 1, 3.5, 40, 1000), (0.5, 2, 17, 300),
                                     (1e-9, 0.01, 0.3, 0.5, 0.9, 0.999)):
        value = special.betainc(a, b, x)
        if value > 1e-280:
            case("beta", [repr(float(v)) for v in (a, b, x)], [value])
    for t, freedom in itertools.product((-3.0, 0.0, 0.1, 1.0, 2.5, 8.0, 40.0),
                                        (1, 2, 3.5, 10, 58, 1e4)):
        case("t-tail", [repr(t), repr(float(freedom))], [stats.t.sf(t, freedom)])
    for tail, freedom in itertools.product((0.4, 0.1, 0.025, 0.005, 1e-4, 1e-8, 0.9),
                                           (1, 2, 4, 18, 78)):
        case("t-quantile", [repr(tail), repr(float(freedom))], [t_quantile(tail, freedom)])
    for z in (-2.0, 0.0, 1.0, 5.0, 20.0):
        case("normal-tail", [repr(z)], [stats.norm.sf(z)])


def exact_u(m, n):
    """Counts of U by dynamic programming in integers."""
    counts = {(0, j): [1] for j in range(n + 1)}
    for i in range(1, m + 1):
        counts[i, 0] = [1]
        for j in range(1, n + 1):
            row = [0] * (i * j + 1)
            for k, c in enumerate(counts[i - 1, j]):
                row[k + j] += c
            for k, c in enumerate(counts[i, j - 1]):
                row[k] += c
            counts[i, j] = row
    return counts[m, n]


def rank_statistics():
    for m, n in ((1, 1), (2, 3), (5, 5), (8, 3), (10, 10), (20, 25), (40, 40)):
        counts = exact_u(m, n)
        total = sum(counts)
        for u in sorted({0, 1, m * n // 4, m * n // 2, m * n - 1}):
            below = sum(counts[:u + 1])
            ours = below / total
            case("mwu-tail", [str(u), str(m), str(n)], [ours])
    for m, n in ((4, 6), (7, 7), (12, 9)):
        x = numpy.round(rng.normal(0, 1, m), 1)
        y = numpy.round(rng.normal(0.4, 1, n), 1)
        case("mwu-u", [sample(x), sample(y)], [stats.mannwhitneyu(x, y).statistic])
    for m, n in ((5, 5), (8, 6), (20, 20)):
        x, y = rng.normal(0, 1, m), rng.normal(0.5, 1, n)
        p = stats.mannwhitneyu(x, y, alternative="less", method="exact")
        case("mwu-p", [sample(x), sample(y)], [p.pvalue])
    for m, n in ((3, 3), (5, 5), (10, 10), (7, 12), (20, 20)):
        for _ in range(3):
            x, y = rng.normal(0, 1, m), rng.normal(0.7, 1, n)
            result = stats.ks_2samp(x, y, method="exact")
            case("ks", [repr(float(result.statistic)), str(m), str(n)], [result.pvalue])


def hodges_lehmann():
    for m, n, alpha in ((6, 6, 0.05), (10, 8, 0.05), (10, 10, 0.01), (25, 30, 0.001)):
        for rounded in (False, True):
            x, y = rng.normal(0, 1, m), rng.normal(1, 1, n)
            if rounded:
                x, y = numpy.round(x, 1), numpy.round(y, 1)
            differences = sorted(float(a) - float(b) for a in x for b in y)
            counts = exact_u(m, n)
            total, below, cut = sum(counts), 0, 0
            while (below + counts[cut]) / total <= alpha / 2:
                below += counts[cut]
                cut += 1
            case("hodges-lehmann", [sample(x), sample(y), repr(alpha)],
                 [numpy.median(differences), differences[cut - 1], differences[-cut]])


special_functions()
rank_statistics()
hodges_lehmann()
