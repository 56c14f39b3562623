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
relay= prometheus=
trap '[ -z "$relay$prometheus" ] || kill $relay $prometheus 2>/dev/null; wait; rm -rf "$place"' EXIT
fail() {
    printf 'metrics.sh: %s\n' "$*" >&2
    exit 1
}
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

promtool check rules "$rules"
"$bin/handhold-certs" init --dir "$place" --org Example --domain example.org >/dev/null
"$bin/handhold-certs" issue --dir "$place" relay --host 127.0.0.1 >/dev/null
"$bin/handhold-certs" issue --dir "$place" agent --id ada --name Ada >/dev/null
mkdir -m 700 "$place/public" # a public certificate that is not one serves as well here
cp "$place/relay/relay.crt" "$place/public/fullchain.pem"
cp "$place/relay/relay.key" "$place/public/privkey.pem"
mkfifo "$place/ready"
printf '%s\n' 'http_listen = 127.0.0.1:0' 'metrics_listen = 127.0.0.1:0' >"$place/relay.ini"
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
# The end of figures has these alone, and Prometheus itself reads them.
own=$(printf '%s' "$ready" | sed 's/.*"metrics":"\([^"]*\)".*/\1/')
curl -sf "http://$own/metrics" | promtool check metrics || fail "$own: no figures"
curl -sf "http://$own/readyz" >/dev/null || fail "$own/readyz: no answer"
[ "$(curl -s -o /dev/null -w '%{http_code}' "http://$own/")" = 404 ] || fail "$own: more than figures"
if command -v prometheus >/dev/null; then
    printf 'scrape_configs: [{job_name: handhold-relay, scrape_interval: 1s, static_configs: [{targets: ["%s"]}]}]\n' "$own" \
        >"$place/prometheus.yml"
    web=127.0.0.1:$((20000 + RANDOM % 10000))
    prometheus --config.file="$place/prometheus.yml" --storage.tsdb.path="$place/tsdb" --web.listen-address="$web" \
        >"$place/prometheus.log" 2>&1 &
    prometheus=$!
    for _ in $(seq 600); do
        curl -sf "http://$web/api/v1/query?query=up" | grep -q '"handhold-relay"},"value":\[[^]]*"1"\]' && break
        kill -0 "$prometheus" 2>/dev/null || break
        sleep 0.1
    done
    curl -sf "http://$web/api/v1/query?query=up" | grep -q '"1"\]' ||
        { cat "$place/prometheus.log" >&2; fail "Prometheus does not read the figures"; }
    kill "$prometheus"
    prometheus=
fi
asked=$(grep -v '^ *- alert' "$rules" | grep -o 'handhold_[a-z_]*' | sort -u)
for name in $asked; do
    grep -q "^${name}[ {]" "$place/metrics" || fail "$name: a rule asks for it, and there is no such figure"
done
# What fires a rule, and when: ALERT MINUTES SERIES VALUES…, as promtool has them, a value each minute from 1970 on.
fires() {
    cat <<'END'
HandholdRelayGone 5 up{job="handhold-relay"} 0x10
HandholdRelayGone 5 handhold_full 0x10
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
HandholdPublicCertificateAwaited 90 handhold_public_certificate_awaited 1x120
HandholdFull 5 handhold_full 1x10
HandholdManyRefused 15 handhold_refused_connections_total{bound="opening"} 0+1200x20
HandholdCodesGuessed 15 handhold_refused_joins_total 0+120x20
HandholdPicturesDropped 25 handhold_dropped_messages_total 0+100x30 handhold_forwarded_messages_total 0+1000x30
HandholdDraining 20 handhold_draining 1x30
calm 500 handhold_log_writable 1x500 handhold_public_certificate_awaited 0x500 handhold_disk_free_bytes 20000000000-1000x500 handhold_certificate_end_seconds{certificate="own"} 7776000x500 handhold_witness_failures_total 3x500 handhold_log_claims_total 1x500 handhold_forwarded_messages_total 0+1000x500 handhold_dropped_messages_total 0+10x500 handhold_refused_joins_total 0+10x500 handhold_refused_connections_total{bound="opening"} 0+10x500
END
}
{
    printf 'rule_files: [%s]\nevaluation_interval: 1m\ntests:\n' "$(realpath "$rules")"
    fires | while read -r alert minutes series; do
        [ "$alert" = HandholdRelayGone ] || series="up{job=\"handhold-relay\"} 1x600 $series"
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
