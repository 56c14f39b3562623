/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator tells a relay that runs: read it again, take no new session, leave. */
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/serve/listen.h"
#include "relay/serve/notify.h"
#include "relay/serve/officer.h"
#include "relay/serve/serve.h"
#include "relay/serve/settings.h"
#include "relay/serve/socket.h"

void serve_reload_certificates(struct serve *serve)
{
    char public_host[SERVE_HOST_BYTES], staff_host[SERVE_HOST_BYTES];
    struct serve_report report = {0};

    serve_listen_hosts(serve, public_host, staff_host);
    bool fine = serve_folder_read_certificates(serve->folder, public_host, staff_host, &report);

    fine &= serve_listen_reload(serve->listen);
    if (fine)
        host_say(HOST_INFO, "certificates read again");
    else
        host_say(HOST_WARN, "a certificate stays the one that was loaded before");
}

/* One that cannot be taken is no reason to leave the other: it may say who was revoked. */
static void reload_notes(struct serve *serve, struct serve_report *report)
{
    const struct log_notes *notes = &serve->folder->notes;
    uint64_t org = notes->org.number, policy = notes->policy.number;

    if (!serve_folder_read_notes(serve->folder, report)) {
        host_say(HOST_WARN, "a note stays as it was");
        if (notes->org.number == org && notes->policy.number == policy)
            return;
    }
    enum proto_err err = relay_core_set_notes(serve->core, notes->note[PROTO_TAKEN_ORG].text, &notes->org,
                                              notes->note[PROTO_TAKEN_POLICY].text, &notes->policy, host_now());
    if (err) {
        host_say_err("org.note", err);
        return;
    }
    serve_folder_keep_notes(serve->folder);
    host_say(HOST_INFO, "notes read again: organisation %llu with %zu revoked, policy %llu",
             (unsigned long long)notes->org.number, notes->org.revoked_count, (unsigned long long)notes->policy.number);
}

void serve_take_notes(struct serve *serve)
{
    struct serve_report report = {0};

    reload_notes(serve, &report);
}

void serve_reload(struct serve *serve, bool all)
{
    struct serve_report report = {0};

    if (all)
        (void)serve_notify("RELOADING=1\nMONOTONIC_USEC=%lld", (long long)host_now().mono_ms * 1000);
    reload_notes(serve, &report);
    if (all) {
        serve_settings_again(serve);
        serve_officer_retain(serve, true);
        serve_reload_certificates(serve);
        (void)serve_notify("READY=1");
    }
    serve_run_core(serve);
}

void serve_drain(struct serve *serve)
{
    enum { WRITE_S = 60 }; /* and then what is pending goes into the log, on whatever disk */

    if (serve->draining) {
        host_loop_stop(serve->loop);
        return;
    }
    serve->draining = true;
    (void)serve_notify("STOPPING=1\nEXTEND_TIMEOUT_USEC=%lld\nSTATUS=waiting for live sessions to move",
                       ((long long)serve->config->drain_s + WRITE_S) * 1000000);
    serve->drain_until_ms = host_now().mono_ms + serve->config->drain_s * 1000;
    host_say(HOST_INFO, "ending: no new session from now on, live ones have %llds; a second signal ends at once",
             (long long)serve->config->drain_s);
    relay_core_drain(serve->core, host_now());
    serve_run_core(serve);
}

void serve_leave(struct serve *serve)
{
    enum { LEAVE_MS = 2000 }; /* for what is pending; the next relay waits meanwhile, and so do those who come to it */

    serve->draining = serve->leaving = true;
    serve->drain_until_ms = host_now().mono_ms + LEAVE_MS;
    serve_listen_stop(serve->listen);
    relay_core_drain(serve->core, host_now());
    serve_run_core(serve);
    serve_sockets_close_all(serve->sockets);
    serve_run_core(serve);
}
