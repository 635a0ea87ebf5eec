#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""damage.py FILE WHAT: spoils a results.h5 in one way, for test_report.sh."""
import sys

import h5py
import numpy as np

path, what = sys.argv[1:]


def again(group, name, values):
    attributes = dict(group[name].attrs)
    del group[name]
    group.create_dataset(name, data=values).attrs.update(attributes)


with h5py.File(path, "r+") as f:
    if what == "no-meta":
        del f["meta"]
    elif what == "later-format":
        f["meta"].attrs["format"] = 2
    elif what == "short-column":
        again(f["timeseries"], "joins", np.array([1, 2, 3]))
    elif what == "text-column":
        again(f["timeseries"], "joins", np.array(["a", "b"], dtype=h5py.string_dtype()))
    elif what == "two-dimensions":
        again(f["timeseries"], "joins", np.zeros((2, 3)))
    elif what == "time-runs-back":
        again(f["timeseries"], "time_s", f["timeseries/time_s"][:][::-1])
    elif what == "bad-bins":
        again(f["histograms/links"], "lower", f["histograms/links/lower"][:][::-1])
    elif what == "scalar-of-two":
        again(f["scalars"], "links.mean", np.array([1.0, 2.0]))
    elif what == "ring-short":
        again(f["ring"], "links", f["ring/links"][:-1])
    elif what == "ring-torn":
        for name in list(f["ring"]):
            again(f["ring"], name, f["ring"][name][:-1])
    elif what == "ring-strangers":
        again(f["ring"], "identity", np.append(f["ring/identity"][:-1], np.uint64(3)))
    elif what == "ring-state":
        again(f["ring"], "state", np.append(f["ring/state"][:-1], np.uint64(7)))
    elif what == "ring-lacks":
        del f["ring/distance"]
    elif what == "ring-runs-back":
        again(f["ring"], "time_s", f["ring/time_s"][:][::-1])
    elif what == "little":  # what an older or cut file may lack: that is no damage
        for part in ("events", "histograms", "config", "meta/wall"):
            del f[part]
        for name in list(f["timeseries"]):
            if name not in ("time_s", "nodes_online"):
                del f["timeseries"][name]
    elif what == "nothing-recorded":
        del f["timeseries"]
    else:
        sys.exit("what is " + what)
