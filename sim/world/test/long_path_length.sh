#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The static path length at 65,536 peers: see test_path_length.sh.
exec "$(dirname "$0")/test_path_length.sh" 65536 8.86 8.69
