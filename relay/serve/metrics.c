/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/metrics.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "proto/host/world.h"
#include "relay/serve/guard.h"
#include "relay/serve/jobs.h"
#include "relay/serve/listen.h"
#include "relay/serve/tiles.h"
#include "relay/serve/witness.h"

/*     figure of the core    type       help */
#define FIGURES(X)                                                                                                     \
    X(connections, "gauge", "WebSocket connections now")                                                               \
    X(sessions_waiting, "gauge", "invitations that nobody has joined yet")                                             \
    X(sessions_live, "gauge", "sessions with a customer")                                                              \
    X(forwarded_messages, "counter", "messages passed from one end to another")                                        \
    X(forwarded_bytes, "counter", "bytes of them")                                                                     \
    X(blocked_messages, "counter", "media messages without an open gate")                                              \
    X(dropped_messages, "counter", "media messages that a slow receiver did not get")                                  \
    X(refused_joins, "counter", "joins that were refused")                                                             \
    X(refused_full, "counter", "sessions that were not begun for lack of memory")                                      \
    X(refused_gates, "counter", "gates that were refused")                                                             \
    X(refused_staff, "counter", "staff who asked for what policy or role forbid, outside of a session")                \
    X(renewals, "counter", "certificates of staff that were renewed through this relay")                               \
    X(renewals_refused, "counter", "renewals that the authority refused")                                              \
    X(log_claims, "counter", "ends that said to have seen more of the log, or another one")                            \
    X(log_broken, "gauge", "1: a signed checkpoint shows that this log is not whole; nothing is granted")              \
    X(queue_bytes, "gauge", "bytes that wait for receivers")

/* Counters end in _total: Prometheus' own tools hold one to it. */
static void put(struct proto_buf *out, const char *name, const char *type, const char *help, double value)
{
    const char *total = strcmp(type, "counter") ? "" : "_total";

    proto_buf_printf(out, "# HELP handhold_%s%s %s\n# TYPE handhold_%s%s %s\nhandhold_%s%s %.15g\n", name, total, help,
                     name, total, type, name, total, value);
}

static void put_buckets(struct proto_buf *out, const char *name, const char *label, const struct relay_histogram *of)
{
    uint64_t up_to = 0;
    const char *comma = *label ? "," : "";

    for (int i = 0; i < RELAY_HISTOGRAM_BOUNDS; i++) {
        up_to += of->within[i];
        proto_buf_printf(out, "handhold_%s_bucket{%s%sle=\"%g\"} %llu\n", name, label, comma,
                         (double)relay_histogram_bounds_ms[i] / 1000, (unsigned long long)up_to);
    }
    proto_buf_printf(out, "handhold_%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, label, comma,
                     (unsigned long long)of->count);
    proto_buf_printf(out, *label ? "handhold_%s_sum{%s} %g\n" : "handhold_%s_sum%s %g\n", name, label,
                     (double)of->sum_ms / 1000);
    proto_buf_printf(out, *label ? "handhold_%s_count{%s} %llu\n" : "handhold_%s_count%s %llu\n", name, label,
                     (unsigned long long)of->count);
}

static void put_histogram(struct proto_buf *out, const char *name, const char *help)
{
    proto_buf_printf(out, "# HELP handhold_%s %s\n# TYPE handhold_%s histogram\n", name, help, name);
}

static void put_times(const struct serve *serve, const struct relay_core_figures *figures, struct proto_buf *out)
{
    static const char *const classes[] = {"class=\"voice\"", "class=\"reliable\"", "class=\"bulk\"",
                                          "class=\"picture\""};
    char label[64];

    put_histogram(out, "forward_seconds", "from the arrival of a media message to its way out");
    for (int i = PROTO_CAPABILITY_NONE + 1; i < PROTO_CAPABILITY_COUNT;
         i++) { /* from 0 on, or a rate misses the first */
        snprintf(label, sizeof label, "capability=\"%s\"", proto_capability_name((enum proto_capability)i));
        put_buckets(out, "forward_seconds", label, &figures->forwarded[i]);
    }
    put_histogram(out, "queue_seconds", "how long a media message waited for its receiver");
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        put_buckets(out, "queue_seconds", classes[i], &figures->waited[i]);
    put_histogram(out, "join_seconds", "from an invitation to its confirmed customer");
    put_buckets(out, "join_seconds", "", &figures->joined);
    put_histogram(out, "append_seconds", "from an entry of the log to its being durable");
    put_buckets(out, "append_seconds", "", serve_jobs_appended(serve->jobs));
}

/* Every bound of relay.ini by its name there. */
static void put_bounds(const struct serve *serve, const struct relay_core_figures *figures,
                       const struct serve_arrival_figures *arrivals, struct proto_buf *out)
{
    uint64_t reached[RELAY_BOUNDS];

    memcpy(reached, figures->reached, sizeof reached);
    reached[RELAY_BOUND_queue_ms] = figures->dropped_messages;
    reached[RELAY_BOUND_chatter_bytes_per_second] = serve->guard.refused_chatter;
    reached[RELAY_BOUND_log_requests] = serve_tiles_refused(serve->tiles);
    for (int i = 0; i < SERVE_REFUSALS; i++) /* before the core hears of anybody */
        if (serve_refusals[i].bound != RELAY_BOUNDS)
            reached[serve_refusals[i].bound] = arrivals->refused[i];
    proto_buf_put_text(out,
                       "# HELP handhold_bound_reached_total how often somebody was refused, closed, dropped or made "
                       "to wait by a bound of relay.ini\n# TYPE handhold_bound_reached_total counter\n");
    for (int i = 0; i < RELAY_BOUNDS; i++)
        proto_buf_printf(out, "handhold_bound_reached_total{bound=\"%s\"} %llu\n",
                         relay_limit_name((enum relay_bound)i), (unsigned long long)reached[i]);
}

/* By which bound, never by whom. */
static void put_refusals(const struct serve *serve, const struct relay_core_figures *figures, struct proto_buf *out)
{
    struct serve_arrival_figures arrivals;

    serve_listen_figures(serve->listen, &arrivals);
    put(out, "arrivals", "gauge", "connections that are not yet a WebSocket", (double)arrivals.under_way);
    proto_buf_put_text(out, "# HELP handhold_refused_connections_total connections that were closed by a bound\n"
                            "# TYPE handhold_refused_connections_total counter\n");
    for (int i = 0; i < SERVE_REFUSALS; i++)
        proto_buf_printf(out, "handhold_refused_connections_total{bound=\"%s\"} %llu\n", serve_refusals[i].name,
                         (unsigned long long)arrivals.refused[i]);
    proto_buf_printf(out, "handhold_refused_connections_total{bound=\"chatter\"} %llu\n",
                     (unsigned long long)serve->guard.refused_chatter);
    put_bounds(serve, figures, &arrivals, out);
    put(out, "resident_bytes", "gauge", "memory of the relay", (double)serve->guard.resident_bytes);
    put(out, "full", "gauge", "1 while there is more of it than memory_bytes and no session is begun",
        serve->guard.full);
}

static void put_certificates(const struct serve *serve, struct proto_buf *out)
{
    const struct serve_pair *public_pair = &serve->folder->public_pair;

    proto_buf_put_text(out, "# HELP handhold_certificate_end_seconds when a certificate ends, in unix time\n"
                            "# TYPE handhold_certificate_end_seconds gauge\n");
    proto_buf_printf(out, "handhold_certificate_end_seconds{certificate=\"own\"} %lld\n",
                     (long long)serve_pair_end_s(&serve->folder->own_pair));
    if (serve_pair_end_s(public_pair))
        proto_buf_printf(out, "handhold_certificate_end_seconds{certificate=\"public\"} %lld\n",
                         (long long)serve_pair_end_s(public_pair));
    if (serve_pair_lies_there(public_pair) || public_pair->loaded)
        put(out, "public_certificate_shown", "gauge",
            "0 while strangers are shown the organisation's own certificate in the place of the public CA's",
            public_pair->loaded != NULL);
    put(out, "public_certificate_awaited", "gauge",
        "1 while http_listen is there for a public CA, and no certificate of one has come",
        *serve->config->http_listen && !serve_pair_lies_there(public_pair) && !public_pair->loaded);
}

void serve_metrics_write(struct serve *serve, struct proto_buf *out)
{
    struct relay_core_figures figures;
    struct serve_witness_figures witnesses;
    struct proto_log_seen head;

    relay_core_figures(serve->core, &figures);
    serve_witnesses_figures(serve->witnesses, &witnesses);
    relay_appender_head(serve->appender, &head);
#define PUT(name, type, help) put(out, #name, type, help, (double)figures.name);
    FIGURES(PUT)
#undef PUT
    put(out, "log_writable", "gauge", "0 while the log's disk is full or broken and no session can begin",
        serve_guard_log_writable(serve));
    put(out, "disk_free_bytes", "gauge", "room on the disk that the log is on", (double)serve->guard.disk_free_bytes);
    put_refusals(serve, &figures, out);
    put_times(serve, &figures, out);
    put(out, "log_entries", "counter", "entries of the log that are durable", (double)head.size);
    put(out, "log_cosigned_entries", "gauge", "entries of the newest checkpoint that a witness cosigned",
        (double)witnesses.size);
    put(out, "witness_failures", "counter", "answers of witnesses without a cosignature, and missing ones",
        (double)witnesses.failed);
    put(out, "uptime_seconds", "gauge", "since the relay began to serve",
        (double)(host_now().mono_ms - serve->started_ms) / 1000);
    put(out, "draining", "gauge", "1 while the relay takes no new session", serve->draining);
    put_certificates(serve, out);
    put(out, "org_number", "gauge", "number of the organisation's note that is in force",
        (double)serve->folder->notes.org.number);
    put(out, "policy_number", "gauge", "number of the policy that is in force",
        (double)serve->folder->notes.policy.number);
}
