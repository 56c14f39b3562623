/* SPDX-License-Identifier: Apache-2.0 */
/* client/checks/inside.h - what the files of the checks share; nobody else includes it. */
#ifndef CLIENT_CHECKS_INSIDE_H
#define CLIENT_CHECKS_INSIDE_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "client/checks/checks.h"

enum { SERVERS_MAX = 4 };

/* What this machine says of itself, read when the check was asked for. */
struct check_facts {
    char gateway[65];
    char servers[SERVERS_MAX][80]; /* ADDRESS[:PORT] */
    size_t server_count;
    bool gateway_hidden, servers_hidden,
        signal_hidden; /* the customer, or a rule, does not tell them: nor does a check */
    bool has_wifi;
    bool has_signal;
    double signal_dbm;
    uint64_t agent_unix_ms;
    int64_t skew_ms; /* this clock less the agent's; when agent_unix_ms is set */
    double session_kbps;
    char unreachable[200]; /* names of devices that their bridge cannot reach */
    size_t availabilities; /* how many devices say whether they can be reached */
};

struct check_address {
    struct sockaddr_storage address;
    socklen_t len;
};

/* One check that runs: on its own thread, touching nothing that others touch. */
struct check_run {
    const struct client_check_config *config; /* borrowed, constant */
    struct check_facts facts;
    struct client_check_result result;
    char server[80];             /* the name server that is asked; the target may not say it */
    int cancel_fd;               /* readable: stop now */
    bool theirs;                 /* the target is the agent's: it gets no name and no password of this home */
    struct check_address pinned; /* the one address of pinned_host that may be tried; len 0: any */
    char pinned_host[129];
    int64_t started_ms, deadline_ms;
    bool cancelled;
};

/* ---- verdicts (probe.c) ---- */
void check_verdict(struct check_run *run, enum client_check_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void check_rule(struct check_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_advice(struct check_run *run, const char *text);
void check_figure_ms(struct check_run *run, double ms);

/* ---- waiting and dialling (net.c) ---- */
int64_t check_mono_ms(void);
/** Until `fd` is ready for `events` (POLLIN …), the time is over, or somebody cancels; true when it is ready. */
bool check_wait(struct check_run *run, int fd, short events, int64_t until_ms);
/** "HOST", "HOST:PORT", "[V6]:PORT". False: not of this form. */
bool check_split(const char *target, unsigned default_port, char host[static 129], unsigned *port);
/** An address in figures, or a name that the system's servers are asked for; `why` is set when it is false. */
bool check_resolve(struct check_run *run, const char *host, unsigned port, int family, struct check_address *out,
                   const char **why);
/** Connects by TCP; -1 and *error (errno, ETIMEDOUT, ECANCELED) when it does not. */
int check_dial(struct check_run *run, const struct check_address *to, int64_t until_ms, int *error);
/** Private, link-local or loopback. */
bool check_is_local(const struct check_address *to);
/** Round trip of one ICMP echo in ms; -1 no answer, -2 no right to ask. */
double check_ping(struct check_run *run, const struct check_address *to, int64_t until_ms);
/** One datagram there, one back. Bytes received, -1 for none. */
ssize_t check_exchange(struct check_run *run, const struct check_address *to, const void *ask, size_t ask_len,
                       void *answer, size_t room, int64_t until_ms);

/* ---- dns.c ---- */
enum check_dns { CHECK_DNS_OK, CHECK_DNS_SILENT, CHECK_DNS_NO_NAME, CHECK_DNS_FAILED };
/** Asks one server for a name; its first address is in *out when OK. */
enum check_dns check_dns_ask(struct check_run *run, const char *server, const char *name, int family,
                             struct check_address *out, int64_t until_ms);

/* ---- tls.c ---- */
struct check_tls {
    bool shaken, trusted; /* by the roots, for this host, on this day */
    bool no_roots;        /* the file cannot be read */
    bool not_yet;         /* its day has not come, or this clock is behind */
    double tls_ms;
    int64_t days_left; /* of the certificate; INT64_MIN: none was shown */
    char why[128];     /* what the other end, or its certificate, was wrong with */
};
/** A TLS handshake over a connected socket. `ca`: a file of roots; "": the system's. */
void check_tls(struct check_run *run, int fd, const char *host, const char *ca, struct check_tls *out);

/* ---- what several checks begin with (probe_net.c) ---- */
const char *check_error_words(int error);
/** The address of "host[:port]" of the settings or of the agent; false, with a verdict, when it has none. */
bool check_find(struct check_run *run, const char *target, unsigned port, char host[static 129],
                struct check_address *to);
/** False, with a verdict, when the settings say nothing of it. */
bool check_is_set(struct check_run *run, const char *value, const char *key);

/* ---- the checks: one function each ---- */
struct check_kind {
    const char *name;
    enum client_check_link link;
    bool in_chain;
    bool takes_target;
    void (*probe)(struct check_run *run);
};
extern const struct check_kind check_kinds[];
extern const size_t check_kind_count;

void check_gateway(struct check_run *run);
void check_dns(struct check_run *run);
void check_internet(struct check_run *run);
void check_cloud(struct check_run *run);
void check_portal(struct check_run *run);
void check_clock(struct check_run *run);
void check_ipv6(struct check_run *run);
void check_wifi(struct check_run *run);
void check_product(struct check_run *run);
void check_port(struct check_run *run);
void check_ping_target(struct check_run *run);
void check_mqtt(struct check_run *run);
void check_certificate(struct check_run *run);
void check_throughput(struct check_run *run);

/** Results for each device that the list of firmware knows; at most `room`. */
size_t check_firmware(const struct client_check_config *config, const struct client_state_model *model, uint32_t id,
                      struct client_check_result *out, size_t room);

/** The facts of this machine. */
void check_facts_read(struct check_facts *facts, const struct client_check_config *config,
                      const struct client_state_model *model, struct proto_now now);

#endif
