#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The packages in a fresh Debian root: the README's six commands from an empty server to a stranger's phone, twenty
# live sessions while a release is put over another and back, and a removal that leaves nothing.
#   install.sh FOLDER-WITH-THE-PACKAGES [ROOT]    ROOT: a debootstrap that may be copied; without it a new one
# 77: something that it needs is not here. Takes some minutes and the network.
set -euo pipefail

packages=$(cd "$1" && pwd)
sessions=${SESSIONS:-20}
fail() {
    printf 'install.sh: %s\n' "$*" >&2
    tail -n 15 "$root"/tmp/try/*.log >&2 2>/dev/null || true
    exit 1
}
step() { printf '%s  %s\n' "$(date +%T)" "$*"; }
in_root() { chroot "$root" "$@"; }

if [ "${3-}" != inside ]; then
    for program in debootstrap unshare ip; do
        command -v "$program" >/dev/null || { echo "$program is not installed here"; exit 77; }
    done
    unshare -mnp -f true 2>/dev/null || { echo "no namespace may be made here"; exit 77; }
    if command -v lintian >/dev/null; then
        lintian --allow-root --fail-on error,warning "$packages"/handhold-*.deb || { echo "install.sh: lintian complains" >&2; exit 1; }
    fi
    root=$(mktemp -d /tmp/handhold-root-XXXXXX)
    trap 'umount -lq "$root"/proc "$root"/dev 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
    step "an empty Debian"
    if [ -n "${2-}" ]; then
        cp -a "$2/." "$root"
    else
        debootstrap --variant=minbase bookworm "$root" http://deb.debian.org/debian >/dev/null
    fi
    chmod 755 "$root" # else it is a / that the relay's user may not enter
    mkdir -p "$root/tmp/try"
    cp "$packages"/handhold-*.deb "$root/tmp/try"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C
    in_root apt-get -qq update
    # What a removal is to leave as it was: all that our packages need, without them.
    needed=$(for one in "$root"/tmp/try/*.deb; do dpkg-deb -f "$one" Depends; done | tr ',' '\n' | sed 's/|.*//; s/(.*//; s/ //g' | sort -u)
    # shellcheck disable=SC2086 # one word each
    in_root apt-get -qq install -y --no-install-recommends $needed certbot pebble curl ca-certificates openssl \
        iproute2 procps xz-utils >"$root/tmp/try/apt.log" 2>&1 || fail "apt-get install $needed"
    unshare -m -n -p -f --kill-child "$0" "$packages" "$root" inside
    exit
fi

root=$2
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
ip link set lo up
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
export HOME=/root LC_ALL=C
try=$root/tmp/try
files() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./tmp -o -path ./run -o -path ./var/lib/dpkg -o \
        -path ./var/log -o -path ./var/cache -o -path ./root -o -path ./etc/letsencrypt -o -path ./var/lib/letsencrypt \) -prune \
        -o -print | LC_ALL=C sort; cat etc/passwd etc/group)
}
until_it_is() { # WHAT COMMAND…: at most 60 s
    local what=$1 turn
    shift
    for turn in $(seq 600); do
        if "$@" >/dev/null 2>&1; then return; fi
        read -r -t 0.1 _ <> <(:) || true
    done
    fail "$what: did not come to be ($turn tries)"
}

# ---- 1: the package ----
files >"$try/before.txt"
step "1  apt install"
in_root sh -c 'dpkg -i /tmp/try/handhold-*.deb' >"$try/dpkg.log" 2>&1 || fail "dpkg -i"
for program in relay audit certs agent guide client; do
    in_root "handhold-$program" --version >/dev/null || fail "handhold-$program does not start"
    in_root "handhold-$program" --help >/dev/null || fail "handhold-$program --help"
done
[ "$(in_root stat -c '%U %a' /var/lib/handhold-relay)" = "handhold-relay 700" ] || fail "the relay's folder"

# ---- what a machine has that this one lacks: names, a CA that everybody trusts, systemd ----
echo '127.0.0.1 localhost help.example.com staff.help.example.com' >"$root/etc/hosts"
in_root openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout /tmp/try/pebble.key -out /tmp/try/pebble.crt 2>/dev/null
cat >"$try/pebble.json" <<JSON
{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
 "certificate": "/tmp/try/pebble.crt", "privateKey": "/tmp/try/pebble.key", "httpPort": 80, "tlsPort": 443}}
JSON
in_root env PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 pebble -config /tmp/try/pebble.json >"$try/pebble.log" 2>&1 &
until_it_is pebble in_root curl -sf --cacert /tmp/try/pebble.crt https://localhost:14000/dir
in_root curl -sf --cacert /tmp/try/pebble.crt https://localhost:15000/roots/0 >"$try/root.pem"
cp "$root/etc/ssl/certs/ca-certificates.crt" "$try/cas.before"
cat "$try/root.pem" >>"$root/etc/ssl/certs/ca-certificates.crt"
# In systemd's place: the unit's own command, user and right, its watchdog's words; and the signal that postinst sends.
mkdir -p "$root/run/systemd/system"
cat >"$root/usr/local/bin/systemctl" <<'SH'
#!/bin/sh
case "$*" in
*"kill --kill-who=main -s USR2 handhold-relay.service"*) echo "systemctl $*" >>/tmp/try/systemctl.log; kill -USR2 "$(pgrep -o -x handhold-relay)" ;;
*) echo "systemctl $*" >>/tmp/try/systemctl.log ;;
esac
SH
chmod +x "$root/usr/local/bin/systemctl"
command=$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/handhold-relay.service")
start_relay() {
    # shellcheck disable=SC2016 # the inner shell's
    in_root setpriv --reuid handhold-relay --regid handhold-relay --clear-groups --bounding-set=-all,+net_bind_service \
        --inh-caps=-all,+net_bind_service --ambient-caps=-all,+net_bind_service --no-new-privs \
        sh -c 'umask 077; export WATCHDOG_PID=$$ WATCHDOG_USEC=30000000; exec '"$command" >>"$try/ready.log" 2>>"$try/relay.log" &
}

# ---- 2 to 6, as the README has them ----
step "2  setup"
in_root handhold-relay setup --host help.example.com --org "Example Help" >"$try/setup.log" 2>&1 || fail "setup"
step "3  the unit's command"
start_relay
until_it_is "the relay" grep -q '"ready"' "$try/ready.log"
step "4  certbot"
in_root env REQUESTS_CA_BUNDLE=/tmp/try/pebble.crt certbot certonly --webroot -w /var/lib/handhold-relay/acme \
    -d help.example.com --deploy-hook /etc/letsencrypt/renewal-hooks/deploy/handhold-relay \
    --server https://localhost:14000/dir --non-interactive --agree-tos -m nobody@example.com >"$try/certbot.log" 2>&1 || fail certbot
step "5  the first agent"
in_root sh -c 'mkdir -p /tmp/try/ada && cd /tmp/try && handhold-agent enrol --id ada --name "Ada Lovelace" --dir ada &&
    handhold-certs issue --dir /root/handhold-org agent --id ada --csr ada/ada.csr && cp /root/handhold-org/staff/ada.crt ada/ &&
    cp /root/handhold-org/ca/ca.crt ada/' >"$try/enrol.log" 2>&1 || fail "the first agent"
step "6  the check from outside"
until_it_is "the public certificate" in_root curl -sf https://help.example.com/healthz
in_root handhold-relay --dir /var/lib/handhold-relay --check --from-outside >"$try/check.log" 2>&1 || fail "--check --from-outside"
in_root curl -sf --compressed https://help.example.com/j >"$try/page.html"
grep -qi '<!doctype html>' "$try/page.html" || fail "a stranger sees no page"

# ---- live sessions ----
declare -A to
agent_of() { # NUMBER: an agent with an invitation, and its customer
    mkfifo "$try/agent-$1.in" "$try/client-$1.in"
    exec {fd}<>"$try/agent-$1.in"
    to[agent-$1]=$fd
    in_root handhold-agent --headless --json --relay https://staff.help.example.com --identity /tmp/try/ada/ada \
        --ca /tmp/try/ada/ca.crt <"$try/agent-$1.in" >"$try/agent-$1.out" 2>"$try/agent-$1.log" &
    until_it_is "an invitation" grep -q '"invite"' "$try/agent-$1.out"
    exec {fd}<>"$try/client-$1.in"
    to[client-$1]=$fd
    in_root handhold-client --json --ca /tmp/try/ada/ca.crt --camera none \
        "$(grep -o 'https://help[^"]*#[^"]*' "$try/agent-$1.out" | head -n 1)" <"$try/client-$1.in" >"$try/client-$1.out" 2>"$try/client-$1.log" &
    until_it_is "a customer in session" grep -q '"joined"' "$try/client-$1.out"
    until_it_is "a customer in session" grep -q '"joined"' "$try/agent-$1.out"
}
back() { # TIMES: each end has reconnected as often, not more, and what is said arrives
    local i end count
    for i in $(seq "$sessions"); do
        for end in agent client; do
            resumed() { [ "$(grep -c '"state":"resumed"' "$try/$end-$i.out")" -ge "$1" ]; }
            until_it_is "$end $i is back" resumed "$1"
        done
        echo "{\"do\":\"chat\",\"text\":\"after $1\"}" >&"${to[client-$i]}"
        until_it_is "a word of customer $i" grep -q "after $1" "$try/agent-$i.out"
        for end in agent client; do
            count=$(grep -c '"state":"resumed"' "$try/$end-$i.out")
            [ "$count" = "$1" ] || fail "$end $i reconnected $count times, not $1"
        done
    done
}
step "$sessions sessions"
for i in $(seq "$sessions"); do agent_of "$i"; done
step "a release over another"
mkdir "$try/next"
dpkg-deb -R "$(echo "$try"/handhold-relay_*.deb)" "$try/next/root"
sed -i 's/^Version: .*/Version: 9.9.9-1/' "$try/next/root/DEBIAN/control"
dpkg-deb --root-owner-group -b "$try/next/root" "$try/next/handhold-relay.deb" >/dev/null
old=$(in_root pgrep -o -x handhold-relay)
in_root dpkg -i /tmp/try/next/handhold-relay.deb >"$try/upgrade.log" 2>&1 || fail "package over package"
grep -q 'USR2' "$try/systemctl.log" || fail "postinst does not hand over"
back 1
[ "$(in_root pgrep -o -x handhold-relay)" != "$old" ] || fail "the old relay is still there"
step "and back"
in_root sh -c 'dpkg -i /tmp/try/handhold-relay_*.deb' >"$try/downgrade.log" 2>&1 || fail "the release before over this one"
back 2
step "the release before's people leave"
for i in $(seq "$sessions"); do echo '{"do":"end"}' >&"${to[agent-$i]}"; done
for i in $(seq "$sessions"); do until_it_is "an end" grep -q '"ended"' "$try/client-$i.out"; done

# ---- away ----
step "remove"
kill "$(in_root pgrep -o -x handhold-relay)"
gone() { ! in_root pgrep -x handhold-relay; }
until_it_is "the relay has left" gone
in_root handhold-audit verify --dir /var/lib/handhold-relay --key /root/handhold-org/officer/evidence.key >"$try/verify.log" 2>&1 || fail "the log"
rm "$root/usr/local/bin/systemctl" "$root/etc/hosts"
cp "$try/cas.before" "$root/etc/ssl/certs/ca-certificates.crt"
in_root dpkg --remove handhold-relay handhold-agent handhold-client >"$try/remove.log" 2>&1 || fail "remove"
[ -f "$root/var/lib/handhold-relay/data/relay.db" ] || fail "a removal took the log, which is evidence"
in_root dpkg --purge handhold-relay handhold-agent handhold-client >"$try/purge.log" 2>&1 || fail "purge"
in_root env RENEWED_DOMAINS=help.example.com RENEWED_LINEAGE=/etc/letsencrypt/live/help.example.com \
    /etc/letsencrypt/renewal-hooks/deploy/handhold-relay || fail "certbot's next renewal fails without the relay"
files >"$try/after.txt"
grep -v '^./etc/hosts$' "$try/before.txt" | diff - "$try/after.txt" >"$try/left.log" || { cat "$try/left.log"; fail "something is left"; }
step "nothing is left"
