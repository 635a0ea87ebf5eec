#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The same as test_killed.sh at 100 instants.
exec "$(dirname "$0")/killed.sh" 100
