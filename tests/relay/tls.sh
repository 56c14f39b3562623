#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Both ends under testssl.sh: nothing above "info" but that the root is the organisation's own. tls.sh BIN; 77: testssl.sh
# is not here. Takes some minutes.
set -euo pipefail

bin=$(cd "$1" && pwd)
command -v testssl >/dev/null || { echo "testssl.sh is not installed here"; exit 77; }
[ -n "${HANDHOLD_LONG-}" ] || { echo "takes minutes: in the long run"; exit 77; }
place=$(mktemp -d /tmp/handhold-tls-XXXXXX)
relay=
trap '[ -z "$relay" ] || kill "$relay" 2>/dev/null; wait; rm -rf "$place"' EXIT
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

"$bin/handhold-certs" init --dir "$place" --org Example --domain example.org >/dev/null
"$bin/handhold-certs" issue --dir "$place" relay --host relay.example.org >/dev/null
"$bin/handhold-certs" issue --dir "$place" agent --id ada --name Ada >/dev/null
printf 'arrivals_per_address_minute = 100000\n' >"$place/relay.ini"
mkfifo "$place/ready"
"$bin/handhold-relay" --dir "$place" --allow-private-keys --listen 127.0.0.1:0 --staff-listen 127.0.0.1:0 \
    >"$place/ready" 2>"$place/relay.log" &
relay=$!
read -r -t 60 ready <"$place/ready"
port=$(printf '%s' "$ready" | sed 's/.*"public":"[^"]*:\([0-9]*\)".*/\1/')
testssl --quiet --color 0 --ip 127.0.0.1 --add-ca "$place/ca/ca.crt" --severity LOW --jsonfile "$place/found.json" \
    "relay.example.org:$port" >"$place/testssl.log" 2>&1 || true
grep -q 'Testing vulnerabilities' "$place/testssl.log" || { tail -n 20 "$place/testssl.log" >&2; exit 1; }
# BREACH needs a secret, or words of the asker, in what is compressed: the page is the same bytes for everybody. engine_problem
# is of the openssl that asks. A private CA has no list of revoked certificates, no OCSP, no CAA record and no transparency log; strangers see a public CA's.
others='cert_chain_of_trust|cert_revocation|cert_crlDistributionPoints|cert_ocspURL|OCSP_stapling|DNS_CAArecord|certificate_transparency|overall_grade|grade_cap|BREACH|engine_problem'
if grep -o '"id" *: *"[^"]*"' "$place/found.json" | grep -vE "$others"; then
    cat "$place/found.json" >&2
    echo "tls.sh: findings above info" >&2
    exit 1
fi
echo "nothing above info"
