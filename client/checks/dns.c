/* SPDX-License-Identifier: Apache-2.0 */
/* A question to one name server, by the system's resolver library: the question that getaddrinfo() would put to any of
 * them. */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <resolv.h>
#include <string.h>

#include "client/checks/inside.h"

enum { DNS_PORT = 53, QUERY_BYTES = 512, ANSWER_BYTES = 4096 };

static bool first_address(ns_msg *message, int type, struct check_address *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)&out->address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out->address;
    ns_rr record;

    memset(out, 0, sizeof *out);
    for (int i = 0; i < ns_msg_count(*message, ns_s_an); i++) {
        if (ns_parserr(message, ns_s_an, i, &record) || (int)ns_rr_type(record) != type)
            continue;
        if (type == ns_t_a && ns_rr_rdlen(record) == 4) {
            four->sin_family = AF_INET;
            memcpy(&four->sin_addr, ns_rr_rdata(record), 4);
            out->len = sizeof *four;
            return true;
        }
        if (type == ns_t_aaaa && ns_rr_rdlen(record) == 16) {
            six->sin6_family = AF_INET6;
            memcpy(&six->sin6_addr, ns_rr_rdata(record), 16);
            out->len = sizeof *six;
            return true;
        }
    }
    return false;
}

enum check_dns check_dns_ask(struct check_run *run, const char *server, const char *name, int family,
                             struct check_address *out, int64_t until_ms)
{
    int type = family == AF_INET6 ? ns_t_aaaa : ns_t_a;
    unsigned char query[QUERY_BYTES], answer[ANSWER_BYTES];
    struct check_address to;
    struct __res_state state = {.options = 0};
    char host[129];
    unsigned port;
    const char *why;
    ns_msg message;

    if (!check_split(server, DNS_PORT, host, &port) || !check_resolve(run, host, port, 0, &to, &why))
        return CHECK_DNS_FAILED;
    state.options = RES_INIT | RES_RECURSE;
    state.id = (unsigned short)(check_mono_ms() * 2654435761u >> 7);
    int len = res_nmkquery(&state, ns_o_query, name, ns_c_in, type, NULL, 0, NULL, query, sizeof query);
    if (len < 0)
        return CHECK_DNS_NO_NAME;
    ssize_t got = check_exchange(run, &to, query, (size_t)len, answer, sizeof answer, until_ms);
    if (got < 0)
        return CHECK_DNS_SILENT;
    if (ns_initparse(answer, (int)got, &message) || memcmp(answer, query, 2) != 0)
        return CHECK_DNS_FAILED;
    if (ns_msg_getflag(message, ns_f_rcode) == ns_r_nxdomain)
        return CHECK_DNS_NO_NAME;
    if (ns_msg_getflag(message, ns_f_rcode) != ns_r_noerror)
        return CHECK_DNS_FAILED;
    return first_address(&message, type, out) ? CHECK_DNS_OK : CHECK_DNS_NO_NAME;
}
