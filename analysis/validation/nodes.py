# SPDX-License-Identifier: GPL-2.0-or-later
"""nodes.py RESULTS.h5: 95th percentile of messages a second over the nodes, divided by the mean."""
import sys

import h5py
import numpy

with h5py.File(sys.argv[1], "r") as f:
    h = f["histograms/node.messages_per_s"]
    middle, count = (h["lower"][:] + h["upper"][:]) / 2, h["count"][:]
share = numpy.cumsum(count) / numpy.sum(count)
print(f"{middle[numpy.searchsorted(share, 0.95)] / numpy.average(middle, weights=count):.3f}")
