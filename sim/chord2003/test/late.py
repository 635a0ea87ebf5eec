# SPDX-License-Identifier: GPL-2.0-or-later
"""late.py RESULTS.h5 SECONDS: of the look-ups that ended later than so many seconds after the start of the measured phase, how many in 10,000 were not right."""
import sys

import h5py

with h5py.File(sys.argv[1], "r") as f:
    rows = f["timeseries"]
    late = rows["time_s"][:] > rows.attrs["measure_from_s"] + float(sys.argv[2])
    all_, right = rows["lookups"][:][late].sum(), rows["lookup.correct"][:][late].sum()
print(f"{1e4 * (all_ - right) / all_:.1f}")
