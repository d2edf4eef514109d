"""Writes tests/vectors/statistics.json: what SciPy makes of a few small samples.

    pip install scipy
    python scripts/vectors/statistics.py > tests/vectors/statistics.json

A number that SciPy does not give (too few values) is null, as is one of a sample that does not deviate: netc says none.
"""

import json
import math
import random
import warnings

from scipy import stats

warnings.simplefilter("ignore")
random.seed(1)


def finite(x):
    return float(x) if math.isfinite(x) else None


def interval(found):
    low, high = finite(found[0]), finite(found[1])
    return None if low is None or high is None else [low, high]


def of_mean(values):
    error = stats.sem(values) if len(set(values)) > 1 else math.nan
    return interval(stats.t.interval(0.95, len(values) - 1, sum(values) / len(values), error))


def of_median(values):
    found = stats.quantile_test(values, p=0.5).confidence_interval(0.95)
    return interval([found.low, found.high])


def detectable(values):
    df = len(values) - 1
    return finite((stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)) * stats.sem(values)) if len(set(values)) > 1 else None


def case(a, b):
    apart = stats.ttest_ind(b, a, equal_var=False)
    paired = stats.ttest_rel(b, a)
    return {
        "a": a,
        "b": b,
        "mean_interval": of_mean(a),
        "median": float(sorted(a)[len(a) // 2] + sorted(a)[(len(a) - 1) // 2]) / 2,
        "median_interval": of_median(a),
        "one_sample_p": finite(stats.ttest_1samp(a, b[0]).pvalue) if len(set(a)) > 1 else None,
        "detectable": detectable(a),
        "welch_p": finite(apart.pvalue),
        "welch_interval": interval(apart.confidence_interval(0.95)),
        "paired_p": finite(paired.pvalue),
        "paired_interval": interval(paired.confidence_interval(0.95)),
    }


def drawn(n, mean, std):
    return [round(random.gauss(mean, std), 2) for _ in range(n)]


cases = [case(drawn(n, 94, std), drawn(n, 94.2, 0.3)) for n in (2, 3, 5, 6, 9, 30) for std in (0.1, 2)]
cases += [
    case([94.0], [93.0]),
    case([94.0, 94.0], [93.5, 93.7]),
    case([5.0, 5.1, 4.9, 5.0, 73.0], [10.0, 10.1, 9.9, 10.0, 10.2]),
]
print(json.dumps(cases, indent=1))
