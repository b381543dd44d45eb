# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Shared by the scripts: where things are kept, how progress is shown.

set -euo pipefail

HMS_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HMS_CACHE=${HMS_CACHE:-$HOME/.cache/hms}
HMS_LOGS=${HMS_LOGS:-$HMS_TOP/out/log}
export HMS_TOP HMS_CACHE HMS_LOGS
mkdir -p "$HMS_CACHE" "$HMS_LOGS"

say() { printf '%s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# only_one PATH: from here on, this shell is the only one that makes PATH; others wait.
only_one() {
	mkdir -p "$(dirname "$1")"
	exec {only_one_fd}>"$1.lock"
	flock "$only_one_fd"
}

# with_log NAME DESCRIPTION COMMAND...: run a long command into a log, showing how many lines it has
# written so far; on failure show the end of the log.
with_log() {
	local log=$HMS_LOGS/$1.log what=$2 rc=0 pid t0=$SECONDS n=0
	shift 2
	say "$what (log: $log)"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		n=$((n + 1))
		if [ -t 2 ]; then
			printf '\r  %4d s  %6d lines' $((SECONDS - t0)) "$(wc -l <"$log")" >&2
		elif [ $((n % 60)) -eq 0 ]; then
			say "  $((SECONDS - t0)) s, $(wc -l <"$log") lines"
		fi
	done
	if [ -t 2 ]; then printf '\r\033[K' >&2; fi
	wait "$pid" || rc=$?
	if [ "$rc" -ne 0 ]; then
		tail -n 30 "$log" >&2
		die "$what: failed ($rc); whole log: $log"
	fi
	say "  done in $((SECONDS - t0)) s"
}
