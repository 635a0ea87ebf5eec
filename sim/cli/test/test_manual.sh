#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pins: the manual page names every command and every option that --help names, and no option that it does not. Leaves open: what it says about them.
set -u
export LC_ALL=C
r=${RELOADSIM:-build/reloadsim}
bad=0
commands=$("$r" help | sed -n '/^Commands/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p')
[ -n "$commands" ] || { echo "not ok - help lists no commands"; exit 1; }
page=$(sed 's/\\-/-/g; s/\\f[A-Z]//g' reloadsim.1)
options_of() { grep -oE -- '--[a-z][a-z-]+' | sort -u; }
for command in $commands; do
    grep -q "^reloadsim $command" <<<"$page" || { echo "not ok - the manual page lacks the command $command"; bad=1; }
done
known=$( (for command in $commands; do "$r" help "$command"; done; "$r" help) | options_of)
missing=$(comm -23 <(printf '%s\n' "$known" | grep -vx -e --help) <(options_of <<<"$page"))
invented=$(comm -13 <(printf '%s\n' "$known") <(options_of <<<"$page"))
[ -z "$missing" ] || { echo "not ok - the manual page lacks" $missing; bad=1; }
[ -z "$invented" ] || { echo "not ok - the manual page has options that help does not know:" $invented; bad=1; }
[ $bad -ne 0 ] || echo "ok - the manual page names all commands and options"
exit $bad
