#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What Prometheus reads: the figures of a running relay and the rules for alerts, by its own parser; and each figure that
# a rule asks for is there. metrics.sh BIN RULES; 77: promtool is not here.
set -euo pipefail

bin=$(cd "$1" && pwd)
rules=$2
for program in promtool curl; do
    command -v "$program" >/dev/null || { echo "$program is not installed here"; exit 77; }
done
place=$(mktemp -d /tmp/handhold-metrics-XXXXXX)
relay=
trap '[ -z "$relay" ] || kill "$relay" 2>/dev/null; wait; rm -rf "$place"' EXIT
fail() {
    printf 'metrics.sh: %s\n' "$*" >&2
    exit 1
}
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

promtool check rules "$rules"
"$bin/handhold-certs" init --dir "$place" --org Example --domain example.org >/dev/null
"$bin/handhold-certs" issue --dir "$place" relay --host 127.0.0.1 >/dev/null
"$bin/handhold-certs" issue --dir "$place" agent --id ada --name Ada >/dev/null
mkfifo "$place/ready"
"$bin/handhold-relay" --dir "$place" --allow-private-keys --listen 127.0.0.1:0 --staff-listen 127.0.0.1:0 \
    >"$place/ready" 2>"$place/relay.log" &
relay=$!
read -r -t 60 ready <"$place/ready" || { cat "$place/relay.log" >&2; fail "the relay did not start"; }
staff=$(printf '%s' "$ready" | sed 's/.*"staff":"\([^"]*\)".*/\1/')
curl -sf --cacert "$place/ca/ca.crt" --cert "$place/staff/ada.crt" --key "$place/staff/ada.key" "$staff/metrics" \
    >"$place/metrics" || fail "$staff/metrics: no answer"
promtool check metrics <"$place/metrics"
for histogram in forward_seconds queue_seconds join_seconds append_seconds; do
    grep -q "^# TYPE handhold_$histogram histogram" "$place/metrics" || fail "$histogram: no such histogram"
done
asked=$(grep -v '^ *- alert' "$rules" | grep -o 'handhold_[a-z_]*' | sort -u)
for name in $asked; do
    grep -q "^${name}[ {]" "$place/metrics" || fail "$name: a rule asks for it, and there is no such figure"
done
echo "$(grep -c '^# TYPE' "$place/metrics") figures; each of the $(printf '%s\n' "$asked" | wc -l) that rules ask for is there"
