#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What Prometheus reads: the figures of a running relay and the rules for alerts, by its own parser; each figure that a
# rule asks for is there; and each rule fires when it is to, and none for a relay that is well.
# metrics.sh BIN RULES; 77: promtool is not here.
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
echo 'http_listen = 127.0.0.1:0' >"$place/relay.ini"
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
# What fires a rule, and when: ALERT MINUTES SERIES VALUES…, as promtool has them, a value each minute from 1970 on.
fires() {
    cat <<'END'
HandholdRelayGone 5 up{job="handhold-relay"} 0x10
HandholdLogBroken 1 handhold_log_broken 1x10
HandholdLogNotWritable 5 handhold_log_writable 0x10
HandholdDiskFillsUp 60 handhold_disk_free_bytes 536870912x90
HandholdDiskFillsUp 400 handhold_disk_free_bytes 20000000000-10000000x500
HandholdLogDoubted 5 handhold_log_claims_total 0x2,1x9
HandholdWitnessFails 60 handhold_witness_failures_total 0+1x90
HandholdRenewalsRefused 5 handhold_renewals_refused_total 0x2,1x9
HandholdCertificateEndsSoon 90 handhold_certificate_end_seconds{certificate="own"} 864000x120
HandholdCertificateEnded 10 handhold_certificate_end_seconds{certificate="public"} 60x20
HandholdPublicCertificateMissing 20 handhold_public_certificate_shown 0x30
HandholdFull 5 handhold_full 1x10
HandholdManyRefused 15 handhold_refused_connections_total{bound="opening"} 0+1200x20
HandholdCodesGuessed 15 handhold_refused_joins_total 0+120x20
HandholdPicturesDropped 25 handhold_dropped_messages_total 0+100x30 handhold_forwarded_messages_total 0+1000x30
HandholdDraining 20 handhold_draining 1x30
calm 500 up{job="handhold-relay"} 1x500 handhold_log_writable 1x500 handhold_disk_free_bytes 20000000000-1000x500 handhold_certificate_end_seconds{certificate="own"} 7776000x500 handhold_witness_failures_total 3x500 handhold_log_claims_total 1x500 handhold_forwarded_messages_total 0+1000x500 handhold_dropped_messages_total 0+10x500 handhold_refused_joins_total 0+10x500 handhold_refused_connections_total{bound="opening"} 0+10x500
END
}
{
    printf 'rule_files: [%s]\nevaluation_interval: 1m\ntests:\n' "$(realpath "$rules")"
    fires | while read -r alert minutes series; do
        printf '  - interval: 1m\n    input_series:\n'
        set -- $series
        while [ $# -gt 0 ]; do
            printf "      - {series: '%s', values: '%s'}\n" "$1" "${2//,/ }"
            shift 2
        done
        printf "    promql_expr_test:\n      - expr: count by (alertname) (ALERTS{alertstate=\"firing\"})\n        eval_time: %sm\n" "$minutes"
        [ "$alert" = calm ] || printf "        exp_samples: [{labels: '{alertname=\"%s\"}', value: 1}]\n" "$alert"
    done
} >"$place/alerts.yml"
promtool test rules "$place/alerts.yml" || fail "a rule does not fire when it is to, or fires when it is not"
for alert in $(sed -n 's/^ *- alert: //p' "$rules"); do
    fires | grep -q "^$alert " || fail "$alert: nothing here makes it fire"
done
echo "$(grep -c '^# TYPE' "$place/metrics") figures; each of the $(printf '%s\n' "$asked" | wc -l) that rules ask for is there"
