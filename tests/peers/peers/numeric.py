"""NumPy, SciPy and the standard library's `math` and `statistics`, over the rows of each window.

The rows are those of the fractions' side; what is checked here is arithmetic. Deliberately absent:
windows.
"""
import math
import statistics
import warnings

import numpy
import scipy.stats

NUMPY = {
    "sum": lambda x: numpy.sum(x),
    "mean": lambda x: numpy.mean(x),
    "var_pop": lambda x: numpy.var(x),
    "var_samp": lambda x: numpy.var(x, ddof=1),
    "stddev_pop": lambda x: numpy.std(x),
    "stddev_samp": lambda x: numpy.std(x, ddof=1),
    "skewness": lambda x: scipy.stats.skew(x, bias=True),
    "kurtosis": lambda x: scipy.stats.kurtosis(x, fisher=True, bias=True),
}
# CPython documents `fsum` as exact and computes these over fractions, rounding once.
STANDARD = {
    "sum": math.fsum,
    "mean": lambda x: statistics.mean(map(float, x)),
    "var_pop": lambda x: statistics.pvariance(map(float, x)),
    "var_samp": lambda x: statistics.variance(map(float, x)),
    "stddev_pop": lambda x: statistics.pstdev(map(float, x)),
    "stddev_samp": lambda x: statistics.stdev(map(float, x)),
}


def values(functions, history, feature, every=1):
    """The feature's values; too few inputs are null here, where these functions fail. With `every`
    only of each so manieth spine row, since fractions are slow."""
    function, least = functions[feature.aggregate], 2 if feature.aggregate.endswith("_samp") else 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            None if row % every or len(inputs) < least else float(function(inputs))
            for row, inputs in enumerate(history.inputs(feature))
        ]


def co_moments(history, feature):
    answers = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for pairs in history.pairs(feature):
            sample = feature.aggregate == "covar_samp"
            if len(pairs) < (2 if sample else 1):
                answers.append(None)
                continue
            x, y = zip(*pairs)
            if feature.aggregate == "corr":
                answers.append(float(numpy.corrcoef(x, y)[0, 1]))
            else:
                answers.append(float(numpy.cov(x, y, ddof=int(sample))[0, 1]))
    return answers


def percentiles(history, feature):
    """NumPy's inverted distribution function: the value of rank ceil(p n)."""
    part = feature.parameter("millionths") / 10_000
    return [
        int(numpy.percentile(x, part, method="inverted_cdf")) if x else None
        for x in history.inputs(feature)
    ]
