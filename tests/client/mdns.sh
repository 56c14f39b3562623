#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# mdns.sh PROGRAM - two network namespaces with a cable between them, an Avahi daemon in each, a printer at the far end.
# PROGRAM runs at the near end with the folder of the far end's services. Exit code 77: this machine does not allow it.
set -eu
program=$1
work=$(mktemp -d)
near=hhn$$ far=hhf$$
pids=

clean() {
    for pid in $pids; do kill "$pid" 2>/dev/null || :; done
    ip netns del "$near" 2>/dev/null || :
    ip netns del "$far" 2>/dev/null || :
    rm -rf "$work"
}
trap clean EXIT

if [ "$(id -u)" != 0 ] || ! command -v ip avahi-daemon dbus-daemon >/dev/null || ! ip netns add "$near" 2>/dev/null; then
    echo "mdns.sh: needs root, iproute2, dbus-daemon and avahi-daemon: skipped"
    exit 77
fi
ip netns add "$far"
ip link add "${near}v" netns "$near" type veth peer name "${far}v" netns "$far"
ip -n "$near" addr add 10.99.7.1/24 dev "${near}v"
ip -n "$far" addr add 10.99.7.2/24 dev "${far}v"
for ns in "$near" "$far"; do
    ip -n "$ns" link set lo up
    ip -n "$ns" link set "${ns}v" up multicast on
done

mkdir "$work/services"
cat >"$work/printer.service" <<'XML'
<?xml version="1.0" standalone='no'?><!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>Office Printer</name><service><type>_ipp._tcp</type><port>631</port>
<txt-record>ty=Acme Laser 5</txt-record><txt-record>usb_MFG=Acme</txt-record></service></service-group>
XML
for end in near far; do
    ns=$near
    [ "$end" = far ] && ns=$far
    mkdir "$work/$end"
    [ "$end" = far ] || mkdir "$work/$end/services"
    cat >"$work/$end/bus.conf" <<XML
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=$work/$end/bus</listen><auth>EXTERNAL</auth><policy context="default">
<allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/></policy></busconfig>
XML
    printf '[server]\nhost-name=%s\nuse-ipv4=yes\nuse-ipv6=no\n[rlimits]\n' "office-$end" >"$work/$end/avahi.conf"
    ip netns exec "$ns" dbus-daemon --config-file="$work/$end/bus.conf" --nofork --nopidfile &
    pids="$pids $!"
    tries=0
    until [ -S "$work/$end/bus" ] || [ $tries -gt 100 ]; do tries=$((tries + 1)); sleep 0.05; done
    folder=$work/services
    [ "$end" = far ] || folder=$work/near/services
    # shellcheck disable=SC2016 # expanded by the shell inside
    DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/$end/bus ip netns exec "$ns" sh -c '
        mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon && mount --bind "$1" /etc/avahi/services &&
        exec avahi-daemon -f "$2" --no-drop-root --no-chroot --no-rlimits' sh "$folder" "$work/$end/avahi.conf" \
        >"$work/$end/log" 2>&1 &
    pids="$pids $!"
done
code=0
DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/near/bus ip netns exec "$near" "$program" "$work/services" "$work/printer.service" || code=$?
if [ $code != 0 ]; then cat "$work/near/log" "$work/far/log"; fi
exit $code
