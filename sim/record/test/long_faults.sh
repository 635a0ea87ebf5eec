#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The same as test_faults.sh in more ways: once, and from then on.
FULL=1 exec "$(dirname "$0")/test_faults.sh"
