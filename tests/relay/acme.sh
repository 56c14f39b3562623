#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# From an empty server to a stranger's phone: setup, a public certificate by certbot from pebble, the first agent, and
# the check from outside, on the real ports of a network of its own. acme.sh BIN; 77: something it needs is not here.
set -euo pipefail

bin=$(cd "$1" && pwd)
if [ "${2-}" != inside ]; then
    for program in certbot pebble curl openssl unshare ip; do
        command -v "$program" >/dev/null || { echo "$program is not installed here"; exit 77; }
    done
    unshare -mn true 2>/dev/null || { echo "no namespace may be made here"; exit 77; }
    exec unshare -mn "$0" "$bin" inside
fi

place=$(mktemp -d /tmp/handhold-acme-XXXXXX)
started=()
finish() {
    local pid
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    wait
    rm -rf "$place"
}
trap finish EXIT
fail() {
    printf 'acme.sh: %s\n' "$*" >&2
    tail -n 20 "$place"/*.log >&2 || true
    exit 1
}
until_it_is() { # WHAT COMMAND…: at most 20 s
    local what=$1 turn
    shift
    for turn in $(seq 200); do
        if "$@" >/dev/null 2>&1; then return; fi
        read -r -t 0.1 _ <> <(:) || true
    done
    fail "$what: did not come to be in 20 s (${turn} tries)"
}

mount --make-rprivate /
ip link set lo up
echo '127.0.0.1 localhost help.example.com staff.help.example.com' >"$place/hosts"
mount --bind "$place/hosts" /etc/hosts
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

# ---- a certificate authority as strangers trust it ----
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$place/pebble.key" -out "$place/pebble.crt" 2>/dev/null
cat >"$place/pebble.json" <<JSON
{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
 "certificate": "$place/pebble.crt", "privateKey": "$place/pebble.key", "httpPort": 80, "tlsPort": 443}}
JSON
PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 pebble -config "$place/pebble.json" >"$place/pebble.log" 2>&1 &
started+=($!)

# ---- the six commands, less the package ----
"$bin/handhold-relay" setup --host help.example.com --org "Example Help" --dir "$place/srv" --authority "$place/org" \
    --user "$(id -un)" --hooks "$place/le/renewal-hooks/deploy" --units "$place/units" >"$place/setup.log"
grep -q "ExecStart=.*/handhold-relay --dir $place/srv" "$place/units/handhold-relay.service" || fail "no unit"
if "$bin/handhold-relay" setup --host help.example.com --dir "$place/srv" --user "$(id -un)" 2>"$place/again.log"; then
    fail "a second setup wrote over the first"
fi
"$bin/handhold-relay" --dir "$place/srv" >"$place/ready.log" 2>"$place/relay.log" &
relay=$!
started+=("$relay")
until_it_is "the relay" grep -q ready "$place/ready.log"
until_it_is "pebble" curl -sf --cacert "$place/pebble.crt" https://localhost:14000/dir
curl -sf --cacert "$place/pebble.crt" https://localhost:15000/roots/0 >"$place/roots.pem"
if "$bin/handhold-relay" --dir "$place/srv" --check --from-outside --outside-ca "$place/roots.pem" >"$place/check.log"; then
    fail "the check from outside is content without a public certificate"
fi
hook=$place/le/renewal-hooks/deploy/handhold-relay
REQUESTS_CA_BUNDLE=$place/pebble.crt certbot certonly --webroot -w "$place/srv/acme" -d help.example.com \
    --deploy-hook "$hook" --server https://localhost:14000/dir --config-dir "$place/le" --work-dir "$place/work" \
    --logs-dir "$place/logs" --non-interactive --agree-tos -m nobody@example.com >"$place/certbot.log" 2>&1 ||
    fail "certbot"

stranger() { curl -sf --compressed --cacert "$place/roots.pem" "https://help.example.com$1"; }
serial() {
    { openssl s_client -connect 127.0.0.1:443 -servername "$1" </dev/null 2>/dev/null || true; } |
        openssl x509 -noout -serial # the staff end ends it, after it has shown its own
}
until_it_is "the public certificate" stranger /healthz
# Into files: grep -q leaves a pipe that is still written to, and a page is longer than a pipe holds.
shows() { # PATH TEXT
    stranger "$1" >"$place/shown"
    grep -qi "$2" "$place/shown" || fail "$1: does not hold $2"
}
shows /j '<!doctype html>'
shows /.well-known/handhold/org.json '"domain":"help.example.com"'
[ "$(curl -so /dev/null -w '%{http_code} %{redirect_url}' http://help.example.com/j)" = "301 https://help.example.com/j" ] ||
    fail "port 80 does not lead to https"
"$bin/handhold-certs" issue --dir "$place/org" agent --id ada --name "Ada Lovelace" >/dev/null
[ "$(curl -sf --cacert "$place/org/ca/ca.crt" --cert "$place/org/staff/ada.crt" --key "$place/org/staff/ada.key" \
    https://staff.help.example.com/readyz)" = ready ] || fail "the first agent does not come in"
"$bin/handhold-relay" --dir "$place/srv" --check --from-outside --outside-ca "$place/roots.pem" >"$place/check.log" ||
    fail "the check from outside"

# ---- the next certificate comes without a hand ----
first=$(serial help.example.com) staff=$(serial staff.help.example.com)
REQUESTS_CA_BUNDLE=$place/pebble.crt certbot renew --force-renewal --no-random-sleep-on-renew --config-dir "$place/le" --work-dir "$place/work" \
    --logs-dir "$place/logs" --non-interactive >"$place/renew.log" 2>&1 || fail "certbot renew"
another() { [ "$(serial help.example.com)" != "$first" ] && stranger /healthz; }
until_it_is "the renewed certificate" another
[ "$(serial staff.help.example.com)" = "$staff" ] || fail "the staff end shows another certificate"

# ---- whoever else answers under that name is not taken for this relay ----
kill "$relay"
wait "$relay" || true
mkdir -p "$place/site/.well-known/handhold"
echo ok >"$place/site/healthz"
(cd "$place/site" && exec openssl s_server -quiet -WWW -accept 443 -cert "$place/srv/public/fullchain.pem" \
    -cert_chain "$place/srv/public/fullchain.pem" \
    -key "$place/srv/public/privkey.pem") >"$place/site.log" 2>&1 &
started+=($!)
until_it_is "another server" stranger /healthz
is_told() { # WHAT
    ! "$bin/handhold-relay" --dir "$place/srv" --check --from-outside --outside-ca "$place/roots.pem" >"$place/other.log" ||
        fail "the check from outside is content with another server"
    grep -q "^error .*https://help.example.com/.*$1" "$place/other.log" || fail "the check from outside does not say: $1"
}
is_told "is not answered by a relay"
echo '{"ca_fp":["00"]}' >"$place/site/.well-known/handhold/org.json"
is_told "is answered by a relay of another organisation"
cat "$place/check.log"
