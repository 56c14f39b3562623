/* SPDX-License-Identifier: Apache-2.0 */
/* Every check there is, in the order of the chain. */
#include "client/checks/inside.h"

/*   name          link                  in the chain, target of the agent's, what it does */
#define CHECKS(X)                                                                                                      \
    X("clock", CLIENT_LINK_PHONE, true, false, check_clock)                                                            \
    X("wifi", CLIENT_LINK_WIFI, true, false, check_wifi)                                                               \
    X("gateway", CLIENT_LINK_ROUTER, true, false, check_gateway)                                                       \
    X("dns", CLIENT_LINK_INTERNET, true, false, check_dns)                                                             \
    X("internet", CLIENT_LINK_INTERNET, true, false, check_internet)                                                   \
    X("portal", CLIENT_LINK_INTERNET, true, false, check_portal)                                                       \
    X("ipv6", CLIENT_LINK_INTERNET, true, false, check_ipv6)                                                           \
    X("cloud", CLIENT_LINK_CLOUD, true, false, check_cloud)                                                            \
    X("mqtt", CLIENT_LINK_PRODUCT, true, true, check_mqtt)                                                             \
    X("product", CLIENT_LINK_PRODUCT, true, false, check_product)                                                      \
    X("throughput", CLIENT_LINK_NONE, false, false, check_throughput)                                                  \
    X("port", CLIENT_LINK_NONE, false, true, check_port)                                                               \
    X("ping", CLIENT_LINK_NONE, false, true, check_ping_target)                                                        \
    X("certificate", CLIENT_LINK_NONE, false, true, check_certificate)

const struct check_kind check_kinds[] = {
#define ROW(name, link, in_chain, takes_target, probe) {name, link, in_chain, takes_target, probe},
    CHECKS(ROW)
#undef ROW
};
const size_t check_kind_count = sizeof check_kinds / sizeof *check_kinds;

const char *client_check_names(void)
{
#define NAME(name, link, in_chain, takes_target, probe) name ", "
    return CHECKS(NAME) "firmware, chain";
#undef NAME
}
