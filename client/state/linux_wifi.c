/* SPDX-License-Identifier: Apache-2.0 */
/* Radios by nl80211. Reading needs no rights; a machine without such a thing is asked once and never again. */
#include <linux/nl80211.h>
#include <net/if.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <string.h>

#include "client/state/linux_inside.h"
#include "client/state/names.h"

enum { RADIOS_MAX = 8 };

struct radios {
    struct client_state_radio list[RADIOS_MAX];
    size_t count;
};

unsigned client_state_linux_channel(uint32_t mhz)
{
    if (mhz == 2484)
        return 14;
    if (mhz >= 2412 && mhz <= 2472)
        return (mhz - 2407) / 5;
    if (mhz >= 5955 && mhz <= 7115)
        return (mhz - 5950) / 5;
    return mhz >= 5160 && mhz <= 5885 ? (mhz - 5000) / 5 : 0;
}

static void read_rate(struct nlattr *info, struct client_state_radio *out)
{
    struct nlattr *rate[NL80211_RATE_INFO_MAX + 1];

    if (!info || nla_parse_nested(rate, NL80211_RATE_INFO_MAX, info, NULL) < 0)
        return;
    if (rate[NL80211_RATE_INFO_BITRATE32] && nla_len(rate[NL80211_RATE_INFO_BITRATE32]) >= 4)
        out->rate_mbit = nla_get_u32(rate[NL80211_RATE_INFO_BITRATE32]) / 10.0;
    else if (rate[NL80211_RATE_INFO_BITRATE] && nla_len(rate[NL80211_RATE_INFO_BITRATE]) >= 2)
        out->rate_mbit = nla_get_u16(rate[NL80211_RATE_INFO_BITRATE]) / 10.0;
}

static void read_station(struct nlattr *info, struct client_state_radio *out)
{
    struct nlattr *station[NL80211_STA_INFO_MAX + 1];

    if (!info || nla_parse_nested(station, NL80211_STA_INFO_MAX, info, NULL) < 0)
        return;
    out->linked = true;
    if (station[NL80211_STA_INFO_SIGNAL] && nla_len(station[NL80211_STA_INFO_SIGNAL]) >= 1)
        out->signal_dbm = (int8_t)nla_get_u8(station[NL80211_STA_INFO_SIGNAL]);
    read_rate(station[NL80211_STA_INFO_TX_BITRATE], out);
}

bool client_state_linux_radio_read(struct nlmsghdr *message, struct client_state_radio *out)
{
    struct nlattr *attr[NL80211_ATTR_MAX + 1];
    struct genlmsghdr *head = genlmsg_hdr(message);

    if ((head->cmd != NL80211_CMD_NEW_INTERFACE && head->cmd != NL80211_CMD_NEW_STATION) ||
        nla_parse(attr, NL80211_ATTR_MAX, genlmsg_attrdata(head, 0), genlmsg_attrlen(head, 0), NULL) < 0)
        return false;
    if (attr[NL80211_ATTR_IFINDEX] && nla_len(attr[NL80211_ATTR_IFINDEX]) >= 4)
        out->ifindex = (int)nla_get_u32(attr[NL80211_ATTR_IFINDEX]);
    if (attr[NL80211_ATTR_WIPHY_FREQ] && nla_len(attr[NL80211_ATTR_WIPHY_FREQ]) >= 4)
        out->mhz = nla_get_u32(attr[NL80211_ATTR_WIPHY_FREQ]);
    if (attr[NL80211_ATTR_SSID] && nla_len(attr[NL80211_ATTR_SSID]) < (int)sizeof out->ssid)
        snprintf(out->ssid, sizeof out->ssid, "%.*s", nla_len(attr[NL80211_ATTR_SSID]),
                 (const char *)nla_data(attr[NL80211_ATTR_SSID]));
    if (head->cmd == NL80211_CMD_NEW_STATION)
        read_station(attr[NL80211_ATTR_STA_INFO], out);
    return true;
}

/* ---- asking ---- */

static int on_interface(struct nl_msg *message, void *context)
{
    struct radios *radios = context;
    struct client_state_radio radio = {0};

    if (radios->count < RADIOS_MAX && client_state_linux_radio_read(nlmsg_hdr(message), &radio) && radio.ifindex > 0)
        radios->list[radios->count++] = radio;
    return NL_OK;
}

static int on_station(struct nl_msg *message, void *context)
{
    client_state_linux_radio_read(nlmsg_hdr(message), context);
    return NL_OK;
}

/* A dump of `command`; the kernel answers at once. */
static void dump(struct client_state_linux *l, uint8_t command, int ifindex, nl_recvmsg_msg_cb_t each, void *context)
{
    struct nl_msg *message = nlmsg_alloc();

    if (!message)
        return;
    nl_socket_modify_cb(l->radio, NL_CB_VALID, NL_CB_CUSTOM, each, context);
    if (genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, l->radio_family, 0, NLM_F_DUMP, command, 0) &&
        (!ifindex || nla_put_u32(message, NL80211_ATTR_IFINDEX, (uint32_t)ifindex) == 0) &&
        nl_send_auto(l->radio, message) >= 0)
        nl_recvmsgs_default(l->radio);
    nlmsg_free(message);
}

static void tell(struct client_state_linux *l, const struct client_state_radio *radio)
{
    char name[IF_NAMESIZE], shown[32], id[CLIENT_STATE_ID_BYTES];

    if (!if_indextoname((unsigned)radio->ifindex, name))
        return;
    client_state_linux_interface_name(l, name, shown);
    snprintf(id, sizeof id, "interface/%s", shown);
    if (!client_state_id_ok(id))
        return;
    if (radio->ssid[0])
        client_state_linux_add_text(l, id, "ssid", radio->ssid);
    if (client_state_linux_channel(radio->mhz))
        client_state_linux_add_number(l, id, "wifi_channel", client_state_linux_channel(radio->mhz), "");
    if (radio->linked && radio->signal_dbm < 0)
        client_state_linux_add_number(l, id, "signal_strength", radio->signal_dbm, "dBm");
    if (radio->linked && radio->rate_mbit > 0)
        client_state_linux_add_number(l, id, "data_rate", radio->rate_mbit, "Mbit/s");
}

static bool open_radio(struct client_state_linux *l)
{
    if (!l->radio_tried) {
        l->radio_tried = true;
        l->radio_family = -1;
        l->radio = nl_socket_alloc();
        if (l->radio && genl_connect(l->radio) == 0)
            l->radio_family = genl_ctrl_resolve(l->radio, NL80211_GENL_NAME);
    }
    return l->radio_family >= 0;
}

void client_state_linux_wifi(struct client_state_linux *l)
{
    struct radios radios = {.count = 0};

    if (!open_radio(l))
        return;
    dump(l, NL80211_CMD_GET_INTERFACE, 0, on_interface, &radios);
    for (size_t i = 0; i < radios.count; i++) {
        struct client_state_radio *radio = &radios.list[i];
        int ifindex = radio->ifindex;

        dump(l, NL80211_CMD_GET_STATION, ifindex, on_station, radio);
        radio->ifindex = ifindex;
        tell(l, radio);
    }
}

void client_state_linux_wifi_end(struct client_state_linux *l)
{
    nl_socket_free(l->radio); /* NULL is fine */
}
