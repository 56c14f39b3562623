/* SPDX-License-Identifier: Apache-2.0 */
/* This machine as a tree of files that the test writes: what a kernel says, what it leaves out, and what it never
 * should. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/nl80211.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "client/state/linux_inside.h"
#include "client/state/sources.h"
#include "tests/client/folder.h"

static struct folder folder;
static struct client_state_model *model;
static struct client_state_source *source;
static char heard[20000];
static int64_t now_ms;

static bool on_device(void *context, const struct client_state_device *d)
{
    (void)context;
    assert_string_equal(d->seen_by, "linux");
    if (d->gone)
        snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s left\n", d->id);
    else
        snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s<%s %s [%s] [%s]\n", d->id, d->parent, d->kind,
                 d->model, d->firmware);
    return true;
}

static bool on_property(void *context, const struct client_state_property *p)
{
    char value[300];

    (void)context;
    assert_int_equal(p->unix_ms, now_ms + 1000000);
    if (p->type == CLIENT_STATE_TEXT)
        snprintf(value, sizeof value, "%s", p->value.text);
    else if (p->type == CLIENT_STATE_NUMBER)
        snprintf(value, sizeof value, "%g%s", p->value.number, p->unit);
    else
        snprintf(value, sizeof value, "%s", p->value.boolean ? "yes" : "no");
    if (strcmp(p->name, "disk_free") != 0) /* of the real disk: a file system is no tree of files */
        snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s.%s=%s\n", p->device, p->name, value);
    return true;
}

static const struct client_state_sink sink = {on_device, on_property, NULL};

static int set_up(void **state)
{
    char why[CLIENT_STATE_WHY_BYTES];

    (void)state;
    folder_make(&folder);
    now_ms = 5000;
    return client_state_model_new(&model) != PROTO_OK || client_state_linux_open(folder.path, &source, why) != PROTO_OK;
}

static int tear_down(void **state)
{
    (void)state;
    client_state_source_free(source);
    client_state_model_free(model);
    folder_remove(&folder);
    return 0;
}

static void put(const char *name, const char *text)
{
    folder_write(&folder, name, text, strlen(text));
}

/* Two seconds later: what is new. */
static const char *look(void)
{
    now_ms += 2000;
    heard[0] = '\0';
    client_state_source_poll(source, (struct proto_now){now_ms, now_ms + 1000000}, model);
    client_state_model_flush(model, &sink);
    return heard;
}

static void a_laptop(void)
{
    put("etc/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n");
    put("etc/hostname", "anas-laptop\n");
    put("proc/sys/kernel/hostname", "anas-laptop\n");
    put("etc/resolv.conf",
        "# made by hand\nsearch anas-laptop.home\nnameserver 192.168.7.1\nnameserver 2001:db8::53\n");
    put("sys/class/dmi/id/product_name", "ThinkPad X1 Carbon\n");
    put("sys/class/dmi/id/product_serial", "PF1SECRET\n");
    put("proc/loadavg", "0.52 0.58 0.59 1/467 12345\n");
    put("proc/uptime", "3725.33 7200.00\n");
    put("proc/meminfo", "MemTotal:       16000000 kB\nMemFree:  1 kB\nMemAvailable:    8388608 kB\n");
    put("proc/net/route",
        "Iface\tDestination\tGateway \tFlags\nwlan0\t0007A8C0\t00000000\t0001\nwlan0\t00000000\t0107A8C0\t0003\n");
    put("sys/class/power_supply/AC/type", "Mains\n");
    put("sys/class/power_supply/BAT0/type", "Battery\n");
    put("sys/class/power_supply/BAT0/capacity", "83\n");
    put("sys/class/power_supply/BAT0/status", "Charging\n");
    put("sys/class/net/lo/address", "00:00:00:00:00:00\n");
    put("sys/class/net/wlan0/address", "a4:b1:c1:00:11:22\n");
    put("sys/class/net/wlan0/operstate", "up\n");
    put("sys/class/net/wlan0/wireless/status", "0\n");
    put("sys/class/net/eth0/address", "00:1a:2b:3c:4d:5e\n");
    put("sys/class/net/eth0/operstate", "down\n");
}

static void a_laptop_is_told_as_an_agent_needs_it_and_no_more(void **state)
{
    static const char *const says[] = {
        "this-device< computer [ThinkPad X1 Carbon] [Debian GNU/Linux 12 (bookworm)]\n",
        "this-device.load=0.52\n",
        "this-device.uptime=3720s\n",
        "this-device.memory_free=8192MiB\n",
        "this-device.gateway=192.168.7.1\n",
        "this-device.dns_servers=192.168.7.1 2001:db8::53\n",
        "battery/BAT0<this-device battery [] []\n",
        "battery/BAT0.battery=83%\n",
        "battery/BAT0.battery_charging=yes\n",
        "interface/wlan0<this-device wifi_interface [wlan0] []\n",
        "interface/wlan0.connectivity=yes\n",
        "interface/wlan0.mac_address=a4:b1:c1:xx:xx:xx\n",
        "interface/eth0<this-device network_interface [eth0] []\n",
        "interface/eth0.connectivity=no\n",
        "interface/eth0.mac_address=00:1a:2b:xx:xx:xx\n",
    };
    static const char *const never[] = {"anas", "SECRET", "00:11:22", "3c:4d", "AC", "/lo"};
    size_t len = 0;

    (void)state;
    a_laptop();
    look();
    for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
        if (!strstr(heard, says[i]))
            fail_msg("not told: %s in:\n%s", says[i], heard);
        len += strlen(says[i]);
    }
    assert_int_equal(strlen(heard), len);
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strstr(heard, never[i]))
            fail_msg("told: %s", never[i]);
    assert_int_equal(source->bad, 0);
}

static void only_what_changed_is_told_again_and_only_every_two_seconds(void **state)
{
    (void)state;
    a_laptop();
    look();
    assert_int_equal(source->deadline_ms, now_ms + 2000);
    put("sys/class/power_supply/BAT0/status", "Discharging\n");
    put("proc/uptime", "3750.00 7300.00\n"); /* the same minute */
    put("proc/net/route", "Iface\tDestination\n");
    heard[0] = '\0';
    client_state_source_poll(source, (struct proto_now){now_ms + 1999, now_ms}, model);
    assert_int_equal(client_state_model_flush(model, &sink), 0);
    look();
    assert_string_equal(heard, "this-device.gateway=none\nbattery/BAT0.battery_charging=no\n");
}

static void a_machine_of_which_nothing_is_known_is_still_a_device(void **state)
{
    (void)state;
    assert_string_equal(look(), "this-device< computer [] []\n");
    put("proc/device-tree/model", "Raspberry Pi 4 Model B");
    assert_string_equal(look(), "this-device< computer [Raspberry Pi 4 Model B] []\n");
    put("etc/resolv.conf", "options edns0\n");
    put("sys/class/power_supply/BAT1/type", "Battery\n"); /* a battery that says no more */
    assert_string_equal(look(), "this-device.dns_servers=none\nbattery/BAT1<this-device battery [] []\n");
}

static void names_that_hold_a_mac_address_are_shortened_too(void **state)
{
    (void)state;
    put("sys/class/net/enx001122334455/ifindex", "7\n");
    put("sys/class/net/enx001122334455/operstate", "up\n");
    put("sys/class/power_supply/hid-a4:b1:c1:00:11:22-battery/type", "Battery\n");
    look();
    assert_non_null(strstr(heard, "interface/enx001122-7<this-device network_interface [enx001122-7] []\n"));
    assert_non_null(strstr(heard, "battery/hid-a4:b1:c1:xx:xx:xx-battery<"));
    assert_null(strstr(heard, "334455"));
    assert_null(strstr(heard, "00:11:22"));
}

static void hostile_files_do_no_harm_and_do_not_hide_the_rest(void **state)
{
    static char big[1 << 20];

    (void)state;
    memset(big, 'A', sizeof big);
    folder_write(&folder, "sys/class/dmi/id/product_name", big, sizeof big); /* huge, without a line feed */
    folder_write(&folder, "etc/resolv.conf", big, sizeof big);
    folder_write(&folder, "proc/net/route", big, sizeof big);
    put("etc/os-release", "PRETTY_NAME=\"\xff\xfe\x1b[2J\"");
    put("proc/loadavg", "nan");
    put("proc/uptime", "1e308");
    put("proc/meminfo", "MemAvailable: inf kB");
    put("sys/class/power_supply/B0/type", "Battery");
    put("sys/class/power_supply/B0/capacity", "99999999999999999999");
    put("sys/class/power_supply/B1/type", "Battery");
    put("sys/class/power_supply/B1/capacity", "-5");
    folder_write(&folder, "sys/class/power_supply/B1/status", "\0\1\2\3", 4);
    put("sys/class/net/bad name;$(x)/operstate", "up");
    put("sys/class/net/ok0/operstate", "up");
    folder_write(&folder, "sys/class/net/ok0/address", "\x1b]0;x\x07", 6);
    mkdir(folder_path(&folder, "sys/class/net/ok0/wireless"), 0700);
    mkdir(folder_path(&folder, "proc/stat"), 0700);
    look();
    assert_non_null(strstr(heard, "this-device< computer [AAAAAAAA"));
    assert_non_null(strstr(heard, "this-device.gateway=none\n"));
    assert_non_null(strstr(heard, "this-device.dns_servers=none\n"));
    assert_non_null(strstr(heard, "battery/B0<"));
    assert_non_null(strstr(heard, "interface/ok0.connectivity=yes\n"));
    assert_null(strstr(heard, "load="));
    assert_null(strstr(heard, "uptime="));
    assert_null(strstr(heard, "memory_free="));
    assert_null(strstr(heard, ".battery="));
    assert_null(strstr(heard, "mac_address"));
    assert_null(strchr(heard, 0x1b));
    assert_true(source->bad >= 6);
    for (int i = 0; i < 100; i++) { /* more than a machine has: bounded */
        char name[64];

        snprintf(name, sizeof name, "sys/class/net/if%d/operstate", i);
        put(name, "up");
    }
    look();
    assert_in_range(client_state_model_devices(model), 20, 40);
}

static void the_router_and_the_neighbours_are_told_without_their_addresses(void **state)
{
    (void)state;
    put("proc/net/route", "Iface\tDestination\tGateway\nwlan0\t00000000\t0107A8C0\t0003\n");
    put("proc/net/arp", "IP address       HW type     Flags       HW address            Mask     Device\n"
                        "192.168.7.1      0x1         0x2         a4:b1:c1:00:11:22     *        wlan0\n"
                        "192.168.7.23     0x1         0x2         00:1a:2b:3c:4d:5e     *        wlan0\n"
                        "192.168.7.99     0x1         0x0         00:00:00:00:00:00     *        wlan0\n");
    look();
    assert_non_null(strstr(heard, "router< router [] []\nrouter.gateway=192.168.7.1\nrouter.connectivity=yes\n"));
    assert_non_null(strstr(heard, "neighbour/wlan0-23<router network_neighbour"));
    assert_non_null(strstr(heard, "neighbour/wlan0-23.ip_address=192.168.x.x\n"));
    assert_non_null(strstr(heard, "neighbour/wlan0-23.mac_address=00:1a:2b:xx:xx:xx\n"));
    assert_non_null(strstr(heard, "this-device.neighbours=1\n"));
    assert_null(strstr(heard, "-99"));
    put("proc/net/arp", "IP address\n192.168.7.1 0x1 0x0 00:00:00:00:00:00 * wlan0\n");
    look();
    assert_non_null(strstr(heard, "router.connectivity=no\n"));
    assert_non_null(strstr(heard, "neighbour/wlan0-23 left\n"));
}

static void a_lost_way_out_and_what_is_pulled_out_are_told(void **state)
{
    char stick[600];

    (void)state;
    snprintf(stick, sizeof stick, "%s/sys/class/net/wlx001122334455", folder.path);
    put("sys/class/net/wlx001122334455/operstate", "up");
    put("sys/class/net/wlx001122334455/ifindex", "7");
    put("proc/net/route", "Iface\tDestination\tGateway\nwlx001122334455\t00000000\t0107A8C0\t0003\n");
    put("proc/net/arp", "IP address\n192.168.7.1 0x1 0x2 a4:b1:c1:00:11:22 * wlx001122334455\n"
                        "192.168.7.23 0x1 0x2 00:1a:2b:3c:4d:5e * wlx001122334455\n");
    look();
    assert_non_null(strstr(heard, "router.connectivity=yes\n"));
    assert_non_null(strstr(heard, "neighbour/wlx001122-7-23<router"));
    assert_null(strstr(heard, "334455"));
    put("proc/net/route", "Iface\tDestination\tGateway\n");
    put("proc/net/arp", "IP address\n");
    nftw(stick, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
    look();
    assert_non_null(strstr(heard, "router.gateway=none\nrouter.connectivity=no\n"));
    assert_non_null(strstr(heard, "interface/wlx001122-7 left\n"));
    assert_non_null(strstr(heard, "neighbour/wlx001122-7-23 left\n"));
    assert_null(strstr(heard, "router left"));
}

static void a_home_with_ipv6_alone_has_a_way_out_too(void **state)
{
    static const char six[] = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
                              "fe80000000000000021122fffe334455 00000400 00000001 00000000 00000003     eth0\n";

    (void)state;
    put("proc/net/route", "Iface\tDestination\tGateway\n");
    put("proc/net/ipv6_route", six);
    put("proc/net/arp", "IP address\n");
    look();
    assert_non_null(strstr(heard, "this-device.gateway=by IPv6 alone\n"));
    assert_string_equal(client_state_linux_gateway(source), "fe80::211:22ff:fe33:4455%eth0"); /* for a check */
    assert_null(strstr(heard, "3344"));
    assert_null(strstr(heard, "router.connectivity=no"));
    put("proc/net/ipv6_route", "");
    look();
    assert_non_null(strstr(heard, "this-device.gateway=none\n"));
}

static void the_processors_are_told_in_percent_of_their_time(void **state)
{
    (void)state;
    put("proc/stat", "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1\n");
    look();
    assert_null(strstr(heard, "cpu"));
    put("proc/stat", "cpu  150 0 150 900 0 0 0 0 0 0\ncpu0 1\n");
    look();
    assert_non_null(strstr(heard, "this-device.cpu=50%\n"));
    put("proc/stat", "cpu  1 0 1 1 0 0 0 0 0 0\n"); /* a count that goes back is no reading */
    look();
    assert_null(strstr(heard, "cpu"));
}

/* The real machine's own: the network's half is told, as everywhere. */
static void own_addresses_are_told_by_interface_and_shortened(void **state)
{
    struct client_state_source *real;
    struct ifaddrs *all = NULL;
    char why[CLIENT_STATE_WHY_BYTES];

    (void)state;
    assert_ok(client_state_linux_open("", &real, why));
    client_state_source_poll(real, (struct proto_now){1, 1}, model);
    assert_int_equal(getifaddrs(&all), 0);
    for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)at->ifa_addr;
        const struct client_state_property *p;
        char id[CLIENT_STATE_ID_BYTES], whole[INET_ADDRSTRLEN];

        snprintf(id, sizeof id, "interface/%.50s", at->ifa_name);
        p = client_state_model_find(model, id, "ip_address");
        if (!p || !four || four->sin_family != AF_INET)
            continue;
        assert_non_null(inet_ntop(AF_INET, &four->sin_addr, whole, sizeof whole));
        assert_null(strstr(p->value.text, whole));
        assert_non_null(strstr(p->value.text, ".x.x"));
    }
    freeifaddrs(all);
    client_state_source_free(real);
}

static void channels_are_counted_as_the_standard_does(void **state)
{
    static const struct {
        uint32_t mhz;
        unsigned channel;
    } cases[] = {{2412, 1}, {2472, 13}, {2484, 14}, {5180, 36}, {5825, 165}, {5955, 1}, {6435, 97}, {900, 0}, {0, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(client_state_linux_channel(cases[i].mhz), cases[i].channel);
}

/* A message as the kernel makes it, byte by byte through the same library. */
static void what_a_radio_says_is_read(void **state)
{
    struct client_state_radio radio = {0};
    struct nl_msg *m = nlmsg_alloc();
    struct nlattr *info, *rate;

    (void)state;
    assert_non_null(genlmsg_put(m, 0, 0, 40, 0, 0, NL80211_CMD_NEW_INTERFACE, 0));
    nla_put_u32(m, NL80211_ATTR_IFINDEX, 3);
    nla_put_u32(m, NL80211_ATTR_WIPHY_FREQ, 2437);
    nla_put(m, NL80211_ATTR_SSID, 4, "Home");
    assert_true(client_state_linux_radio_read(nlmsg_hdr(m), &radio));
    assert_int_equal(radio.ifindex, 3);
    assert_string_equal(radio.ssid, "Home");
    assert_int_equal(client_state_linux_channel(radio.mhz), 6);
    assert_false(radio.linked);
    nlmsg_free(m);
    m = nlmsg_alloc();
    assert_non_null(genlmsg_put(m, 0, 0, 40, 0, 0, NL80211_CMD_NEW_STATION, 0));
    info = nla_nest_start(m, NL80211_ATTR_STA_INFO);
    nla_put_u8(m, NL80211_STA_INFO_SIGNAL, (uint8_t)-71);
    rate = nla_nest_start(m, NL80211_STA_INFO_TX_BITRATE);
    nla_put_u32(m, NL80211_RATE_INFO_BITRATE32, 1444);
    nla_nest_end(m, rate);
    nla_nest_end(m, info);
    assert_true(client_state_linux_radio_read(nlmsg_hdr(m), &radio));
    assert_true(radio.linked);
    assert_int_equal(radio.signal_dbm, -71);
    assert_true(radio.rate_mbit > 144.3 && radio.rate_mbit < 144.5);
    nlmsg_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_home_with_ipv6_alone_has_a_way_out_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_processors_are_told_in_percent_of_their_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(own_addresses_are_told_by_interface_and_shortened, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_laptop_is_told_as_an_agent_needs_it_and_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_what_changed_is_told_again_and_only_every_two_seconds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_machine_of_which_nothing_is_known_is_still_a_device, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_that_hold_a_mac_address_are_shortened_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_way_out_and_what_is_pulled_out_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_router_and_the_neighbours_are_told_without_their_addresses, set_up,
                                        tear_down),
        cmocka_unit_test(channels_are_counted_as_the_standard_does),
        cmocka_unit_test(what_a_radio_says_is_read),
        cmocka_unit_test_setup_teardown(hostile_files_do_no_harm_and_do_not_hide_the_rest, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
