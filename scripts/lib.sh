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

# newest_package CONF PATTERN: PACKAGE and VERSION of the newest one with a matching name in the release
# that CONF, of scripts/suite, is for; nothing when there is none. apt takes seconds to say it, so
# the answer is kept until the lists are read anew.
newest_package() {
	local dir kept name
	dir=$(dirname "$1")
	kept=$dir/newest-$(sha256sum <<<"$2" | cut -c1-12)
	if [ ! "$kept" -nt "$dir/updated" ]; then
		name=$(APT_CONFIG=$1 apt-cache search --names-only "$2" | cut -d' ' -f1 |
			sort -V | tail -n 1)
		[ -n "$name" ] || return 0
		APT_CONFIG=$1 apt-cache policy "$name" |
			sed -n "s/^  Candidate: /$name /p" >"$kept.$$"
		mv "$kept.$$" "$kept"
	fi
	cat "$kept"
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

# Results of tests, for scripts that have some of their own: ok and not_ok count and say one, of
# $subject; check is one or the other, and what its command says goes to $log.
passed=0 failed=0 skipped=0 subject=
ok() { passed=$((passed + 1)); echo "ok - $subject: $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok - $subject: $1"; }
skip() { skipped=$((skipped + 1)); echo "ok - $subject: $1 # SKIP $2"; }
check() { # WHAT COMMAND...
	local what=$1
	shift
	echo "--- $what" >>"$log"
	if "$@" >>"$log" 2>&1; then ok "$what"; else not_ok "$what (log: $log)"; fi
}

# The last line of all that test; fails when something failed.
print_results() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}

# results_of FILE: the three numbers of such a last line; fails when there is none.
results_of() {
	tail -n 1 "$1" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' | grep .
}

# add_results FILE: count what another has tested; fails when its last line does not say it.
add_results() {
	local p f s
	read -r p f s < <(results_of "$1") || return
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# copy_module_source DIR: the source of the modules, without what a build leaves in it. What is built
# in DIR stays.
copy_module_source() {
	mkdir -p "$1"
	rsync -a --delete --exclude='*.o' --exclude='*.ko' --exclude='.*.cmd' --exclude='*.mod*' \
		--exclude='*.result' --exclude='*.log' --exclude=probed.h \
		--exclude=Module.symvers --exclude=modules.order "$HMS_TOP/hms_mod" "$HMS_TOP/uapi" "$1/"
}
