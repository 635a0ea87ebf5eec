# SPDX-License-Identifier: GPL-2.0-or-later
"""ages.py RESULTS.h5 LAW ARGUMENT...: ages of those online at the end of a run beside what the session law says: P(age > a) = 1 - 1/m * integral of 1 - F from 0 to a.

Prints "distance D" (the largest difference of the two distributions up to the age of the run), "online N" and some lines "at AGE COUNTED SAID". Laws, in seconds:
weibull SHAPE SCALE, exponential MEAN, lognormal MEDIAN SIGMA. Those who were online at time 0 and still are have an age above that of the run, no more is known."""
import math
import sys

import h5py
import numpy


def survival(law, a, x):
    if law == "weibull":
        return numpy.exp(-((x / a[1]) ** a[0]))
    if law == "exponential":
        return numpy.exp(-x / a[0])
    return numpy.array([0.5 * math.erfc(math.log(max(v, 1e-9) / a[0]) / a[1] / math.sqrt(2)) for v in x])


def mean(law, a):
    if law == "weibull":
        return a[1] * math.gamma(1 + 1 / a[0])
    return a[0] if law == "exponential" else a[0] * math.exp(a[1] ** 2 / 2)


def main():
    law, args = sys.argv[2], [float(v) for v in sys.argv[3:]]
    with h5py.File(sys.argv[1], "r") as f:
        end = float(f["timeseries/time_s"][-1])
        keep = (f["nodes/online"][:] == 1) & (f["nodes/identity"][:] > 0)  # 0 is the bootstrap peer, which never goes
        came = f["nodes/changed_s"][:][keep]
    ages = numpy.where(numpy.isnan(came), numpy.inf, end - came)
    x = numpy.concatenate(([0.0], numpy.geomspace(1e-3, end, 20001)))
    s = survival(law, args, x)
    said = 1 - numpy.concatenate(([0.0], numpy.cumsum(numpy.diff(x) * (s[1:] + s[:-1]) / 2))) / mean(law, args)
    ordered = numpy.sort(ages)
    counted = 1 - numpy.searchsorted(ordered, x, side="right") / len(ordered)
    print(f"distance {numpy.max(numpy.abs(counted - said)):.4f}")
    print(f"online {len(ages)}")
    for k in numpy.linspace(0, len(x) - 1, 60).astype(int):
        if x[k] > end / 2000:
            print(f"at {x[k]:.1f} {counted[k]:.4f} {said[k]:.4f}")
    if end > 18000:
        print(f"five {float(numpy.mean(ages > 18000)):.4f} {float(numpy.interp(18000, x, said)):.4f}")


main()
