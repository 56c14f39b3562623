#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tests/fuzz/run.sh [--long] [--jobs N] [--same] [--until N] [--build] [SECONDS [TARGET…]] - every fuzz target under libFuzzer, SECONDS each (10;
# --long: 300). --until N: again and again, until all together have run N inputs or one has failed.
#
# Builds with clang in build/fuzz (HANDHOLD_FUZZ_BUILD names another folder). What was learned is kept in its found/<target>
# and used by the next run; inputs that failed are kept in failed/. Exit code 1 when there is one. --same plays the same two
# thousand inputs in each fresh folder, for a machine that judges a change and not the luck of the day. --build: no more than that.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${HANDHOLD_FUZZ_BUILD:-$root/build/fuzz}
seconds=10
jobs=1
same_options=
builds_only=
until=0
while [ $# -gt 0 ]; do
    case $1 in
    --long) seconds=300 ;;
    --build) builds_only=1 ;;
    --same) same_options='-seed=1 -runs=2000' ;;
    --jobs)
        jobs=${2:?--jobs needs a number}
        shift
        ;;
    --until)
        until=${2:?--until needs a number}
        shift
        ;;
    --help)
        sed -n '3,8s/^# //p' "${BASH_SOURCE[0]}"
        exit 0
        ;;
    -*)
        echo "run.sh: $1: no such option; --help lists them" >&2
        exit 2
        ;;
    *) break ;;
    esac
    shift
done
if [ $# -gt 0 ]; then
    if ! [[ $1 =~ ^[0-9]+$ ]]; then
        echo "run.sh: $1: SECONDS is a whole number" >&2
        exit 2
    fi
    seconds=$1
    shift
fi
mapfile -t all < <(sed -n 's/^ *X(\([a-z0-9_]*\), .*/\1/p' "$here/targets.h")
if [ $# -gt 0 ]; then targets=("$@"); else targets=("${all[@]}"); fi

if [ ! -f "$build/build.ninja" ]; then
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang -DHANDHOLD_FUZZ=ON \
        -DHANDHOLD_SANITIZE=fuzzer-no-link,address,undefined >/dev/null
fi
ninja -C "$build" fuzz_seeds "${targets[@]/#/fuzz_}" >/dev/null
[ -z "$builds_only" ] || exit 0
mkdir -p "$build/seeds" "$build/found" "$build/failed" "$build/logs"
"$build/tests/fuzz/fuzz_seeds" "$build/seeds"

# shellcheck disable=SC2317 # called by xargs
run_one() { # target
    local target=$1 log=$build/logs/$1.log options
    read -r -a options <<<"$same_options"
    mkdir -p "$build/found/$target" "$here/corpus/$target"
    "$build/fuzz/fuzz_$target" -max_total_time="$seconds" "${options[@]}" -print_final_stats=1 -timeout=20 -rss_limit_mb=4096 \
        -max_len=16384 -artifact_prefix="$build/failed/$target-" "$build/found/$target" "$here/corpus/$target" \
        "$build/seeds/$target" >"$log" 2>&1 || : # the log tells
}
export -f run_one
export build here seconds same_options

# Every target once; adds what was run to `total`.
status=0 total=0
play_round() {
    local target log runs rate edges inputs result
    # shellcheck disable=SC2016 # the inner shell expands it
    printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'run_one "$1"' _ {}
    printf '%-18s %12s %9s %7s %6s  %s\n' target executions per_second edges inputs result
    for target in "${targets[@]}"; do
        log=$build/logs/$target.log
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
        edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
        inputs=$(find "$build/found/$target" -type f | wc -l)
        result=ok
        if grep -qE '^==[0-9]+== ?ERROR|^==[0-9]+==ERROR|SUMMARY: ' "$log" || [ -z "$runs" ]; then
            result="FAILED, see $log"
            status=1
        fi
        total=$((total + ${runs:-0}))
        printf '%-18s %12s %9s %7s %6s  %s\n' "$target" "${runs:--}" "${rate:--}" "${edges:--}" "$inputs" "$result"
    done
    echo "$total executions so far"
}
play_round
while [ "$status" = 0 ] && [ "$total" -lt "$until" ]; do play_round; done
exit $status
