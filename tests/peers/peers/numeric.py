"""NumPy, SciPy and the standard library's `math` and `statistics`, over the rows of each window.

The rows are those of the fractions' side; what is checked here is arithmetic. Deliberately absent:
windows.
"""
import math
import statistics
import warnings

import numpy
import scipy.stats

from . import truth

NUMPY = {
    "sum": lambda x: numpy.sum(x),
    "mean": lambda x: numpy.mean(x),
    "var_pop": lambda x: numpy.var(x),
    "var_samp": lambda x: numpy.var(x, ddof=1),
    "stddev_pop": lambda x: numpy.std(x),
    "stddev_samp": lambda x: numpy.std(x, ddof=1),
    "skewness": lambda x: scipy.stats.skew(x, bias=True),
    "kurtosis": lambda x: scipy.stats.kurtosis(x, fisher=True, bias=True),
    "distinct_sum": lambda x: numpy.sum(numpy.unique(x)),
    "distinct_mean": lambda x: numpy.mean(numpy.unique(x)),
    "distinct_stddev_pop": lambda x: numpy.std(numpy.unique(x)),
    "distinct_stddev_samp": lambda x: numpy.std(numpy.unique(x), ddof=1),
    "median": lambda x: numpy.median(x),
    "iqr": lambda x: scipy.stats.iqr(x),
}
# CPython documents `fsum` as exact and computes these over fractions, rounding once. So does its
# median of doubles: only the sum of the middle two is rounded.
STANDARD = {
    "sum": math.fsum,
    "mean": lambda x: statistics.mean(map(float, x)),
    "var_pop": lambda x: statistics.pvariance(map(float, x)),
    "var_samp": lambda x: statistics.variance(map(float, x)),
    "stddev_pop": lambda x: statistics.pstdev(map(float, x)),
    "stddev_samp": lambda x: statistics.stdev(map(float, x)),
    "median": lambda x: statistics.median(map(float, x)),
}


def values(functions, history, feature, every=1):
    """The feature's values; too few inputs are null here, where these functions fail. With `every`
    only of each so manieth spine row, since fractions are slow."""
    function, least = functions[feature.aggregate], 2 if feature.aggregate.endswith("_samp") else 1
    size = lambda inputs: len(set(inputs) if feature.aggregate in truth.DISTINCT else inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            None if row % every or size(inputs) < least else float(function(inputs))
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


def lines(history, feature, every):
    """SciPy's line; it refuses x that do not vary."""
    answers = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row, pairs in enumerate(history.pairs(feature)):
            y, x = zip(*pairs) if pairs else ((), ())
            if row % every or len(set(x)) < 2:
                answers.append(None)
                continue
            line = scipy.stats.linregress(x, y)
            picked = {
                "regr_slope": line.slope, "regr_intercept": line.intercept, "regr_r2": line.rvalue**2
            }
            answers.append(float(picked[feature.aggregate]))
    return answers


def percentiles(history, feature, method, every=1):
    """NumPy's `inverted_cdf` is the value of rank ceil(p n); `linear` interpolates."""
    part = feature.parameter("millionths") / 10_000
    return [
        None if row % every or not inputs else float(numpy.percentile(inputs, part, method=method))
        for row, inputs in enumerate(history.inputs(feature))
    ]
