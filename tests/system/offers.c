/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/system/offers.c - preloaded into an end that is to offer the versions HOUSE_OFFERS of the protocol, newest
 * first, as an end of another release would.
 */
#include <dlfcn.h>
#include <libwebsockets.h>
#include <stdlib.h>

struct lws *lws_client_connect_via_info(const struct lws_client_connect_info *info)
{
    struct lws *(*connect)(const struct lws_client_connect_info *) = dlsym(RTLD_NEXT, "lws_client_connect_via_info");
    struct lws_client_connect_info offering = *info;

    if (offering.protocol && getenv("HOUSE_OFFERS"))
        offering.protocol = getenv("HOUSE_OFFERS");
    return connect(&offering);
}
