/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handhold-certs renew: fetches from the relay who wants a new certificate, signs what is due, and brings it back.
 *
 * The only command that goes to a network, and it only calls out. The root key is read for each request and wiped after
 * it; the relay sees requests and certificates, and never a key.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "certs/authority.h"
#include "certs/commands.h"
#include "certs/renewal.h"
#include "certs/request.h"
#include "proto/host/say.h"
#include "proto/host/staff_line.h"
#include "proto/identity/credential.h"

enum { PAUSE_MS = 1000, PAUSE_MOST_MS = 60000 };

static struct {
    char identity[HOST_PATH_BYTES], ca[HOST_PATH_BYTES], cert[HOST_PATH_BYTES], key[HOST_PATH_BYTES];
    struct host_loop *loop;
    struct host_timer *again;
    struct host_staff_line *line;
    uint32_t expected, answered; /* in this round */
    int64_t pause_ms;
    bool asked, welcome_once, leaving, failed;
} r;

/* ---- what is said ---- */

static void say_renewed(const struct certs_renewal *renewal, const struct proto_identity *now)
{
    char until[32] = "";
    struct tm when;
    time_t end = (time_t)now->not_after_s;

    if (gmtime_r(&end, &when))
        strftime(until, sizeof until, "%Y-%m-%d %H:%MZ", &when);
    if (certs_options.json)
        host_json_event("renewed", "{s:s,s:s,s:s,s:I}", "email", now->email, "was", renewal->was.serial, "serial",
                        now->serial, "not_after", (json_int_t)now->not_after_s);
    else
        printf("%s (%s): renewed until %s\n", now->name, now->email, until);
    fflush(stdout);
}

static void say_refused(const struct certs_renewal *renewal, enum proto_err err)
{
    if (certs_options.json)
        host_json_event("refused", "{s:s,s:s,s:s}", "email", renewal->was.email, "code", proto_err_name(err),
                        "message", renewal->why);
    host_say(HOST_WARN, "not renewed: %s", renewal->why);
}

/* ---- one request ---- */

static enum proto_err read_new(const struct certs_authority *a, const struct certs_renewal *renewal,
                               struct proto_identity *out)
{
    struct proto_certificate leaf;
    uint8_t *root = NULL;
    size_t count = 0;
    enum proto_err err =
        proto_certificates_of_pem(renewal->certificate.bytes, renewal->certificate.len, &leaf, 1, &count);
    int len = i2d_X509(a->root, &root);

    if (!err) {
        const struct proto_der chain[] = {{leaf.bytes, leaf.len}, {root, len > 0 ? (size_t)len : 0}};

        err = proto_identity_verify_under(chain, 2, a->now_s, out);
        proto_certificates_free(&leaf, count);
    }
    OPENSSL_free(root);
    return err;
}

static enum proto_err answer(const struct proto_buf *request, const uint8_t fingerprint[static 32],
                             handhold_RenewGive *give)
{
    struct certs_authority a;
    struct certs_renewal renewal = {.why = ""};
    struct proto_identity now;
    enum proto_err err = PROTO_ERR_IO;

    if (certs_authority_open(&a, certs_options.dir)) {
        err = certs_renewal_make(&a, request, fingerprint, &renewal);
        if (!err)
            err = read_new(&a, &renewal, &now);
        if (!err)
            say_renewed(&renewal, &now);
        else
            say_refused(&renewal, err);
    }
    certs_authority_close(&a);
    if (!err && renewal.certificate.len < sizeof give->certificate) {
        memcpy(give->certificate, renewal.certificate.bytes, renewal.certificate.len);
    } else {
        give->error = err ? err : PROTO_ERR_RANGE;
        snprintf(give->message, sizeof give->message, "%s", *renewal.why ? renewal.why : proto_err_rule(PROTO_ERR_IO));
    }
    certs_renewal_clear(&renewal);
    return err;
}

/* Our own certificate as well, while its key is here: who renews others must not run out. */
static bool renew_own(void)
{
    char name[PROTO_IDENTITY_NAME_BYTES + 1] = "";
    struct proto_buf cert, key, ca, request;
    struct proto_credential own;
    static handhold_RenewGive give;

    proto_buf_init(&cert, PROTO_PEM_BYTES);
    proto_buf_init_secret(&key, PROTO_PEM_BYTES);
    proto_buf_init(&ca, PROTO_PEM_BYTES);
    proto_buf_init(&request, CERTS_REQUEST_BYTES);
    memset(&give, 0, sizeof give);
    enum proto_err err = host_file_read(r.cert, &cert);
    if (!err)
        err = host_file_read(r.key, &key);
    if (!err)
        err = host_file_read(r.ca, &ca);
    if (!err)
        err = proto_credential_of_pem(&own, &cert, &key, &ca, host_now().unix_ms / 1000);
    if (err == PROTO_ERR_CERT_EXPIRED)
        host_say_error(r.cert, "the certificate of the officer who fetches the requests has ended",
                       "issue a new one with handhold-certs issue --dir D officer --id ID --name NAME");
    else if (err)
        host_say_err(r.cert, err);
    if (!err && host_now().unix_ms / 1000 >= proto_identity_renew_from_s(&own.identity)) {
        snprintf(name, sizeof name, "%s", own.identity.name);
        err = certs_request_for(name, own.secret_key, &request);
        if (!err)
            err = answer(&request, own.identity.fingerprint, &give);
        if (!err)
            err = host_file_write(r.cert, give.certificate, strlen(give.certificate), HOST_PRIVATE);
        err = PROTO_OK; /* the present one still serves; what was wrong is said */
    }
    if (!err)
        proto_credential_clear(&own);
    proto_buf_free(&cert);
    proto_buf_free(&key);
    proto_buf_free(&ca);
    proto_buf_free(&request);
    return !err;
}

/* ---- the conversation ---- */

static void finish(bool failed)
{
    r.failed |= failed;
    r.leaving = true;
    host_loop_stop(r.loop);
}

static void on_welcome(void *context, const handhold_Welcome *welcome)
{
    handhold_ToRelay ask = {.which_body = handhold_ToRelay_renew_read_tag,
                            .body.renew_read.watch = certs_options.watch};

    (void)context, (void)welcome;
    r.pause_ms = PAUSE_MS;
    r.expected = r.answered = 0;
    if (host_staff_line_say(r.line, &ask))
        finish(true);
    if (!r.welcome_once && certs_options.watch && certs_options.json)
        host_json_event("watching", "{s:s}", "relay", certs_options.relay);
    r.welcome_once = true;
}

static void on_request(const handhold_RenewRequest *asked)
{
    static handhold_ToRelay give;
    struct proto_buf request;

    if (!asked->waiting) {
        if (!certs_options.watch)
            finish(false);
        return;
    }
    if (!r.expected)
        r.expected = asked->waiting;
    if (asked->fingerprint.size != sizeof give.body.renew_give.fingerprint)
        return;
    memset(&give, 0, sizeof give);
    give.which_body = handhold_ToRelay_renew_give_tag;
    memcpy(give.body.renew_give.fingerprint, asked->fingerprint.bytes, asked->fingerprint.size);
    proto_buf_init(&request, CERTS_REQUEST_BYTES);
    proto_buf_put_text(&request, asked->request);
    (void)answer(&request, asked->fingerprint.bytes, &give.body.renew_give);
    proto_buf_free(&request);
    if (host_staff_line_say(r.line, &give))
        host_say_err("the answer", PROTO_ERR_NOMEM);
}

static void on_said(void *context, const handhold_FromRelay *said)
{
    (void)context;
    if (said->which_body == handhold_FromRelay_renew_request_tag) {
        on_request(&said->body.renew_request);
    } else if (said->which_body == handhold_FromRelay_officer_answer_tag) {
        const handhold_OfficerAnswer *done = &said->body.officer_answer;

        if (done->error)
            host_say(HOST_ERROR, "the relay did not take it: %s", done->message);
        r.failed |= done->error != 0 && !certs_options.watch;
        if (++r.answered >= r.expected && !certs_options.watch)
            finish(false);
    } else if (said->which_body == handhold_FromRelay_error_tag) {
        host_say(HOST_ERROR, "%s", said->body.error.message);
    }
}

static void on_closed(void *context, enum proto_err err, const char *text)
{
    (void)context, (void)err;
    host_staff_line_free(r.line);
    r.line = NULL;
    if (!certs_options.watch || !r.welcome_once) {
        host_say(HOST_ERROR, "%s", text);
        finish(true);
        return;
    }
    host_say(HOST_WARN, "%s; trying again", text);
    host_timer_set(r.again, host_now().mono_ms + r.pause_ms);
    r.pause_ms = r.pause_ms * 2 < PAUSE_MOST_MS ? r.pause_ms * 2 : PAUSE_MOST_MS;
}

static void connect_again(void *context)
{
    const struct host_staff_line_config config = {.loop = r.loop,
                                                  .url = certs_options.relay,
                                                  .ca_file = r.ca,
                                                  .cert_file = r.cert,
                                                  .key_file = r.key,
                                                  .on_welcome = on_welcome,
                                                  .on_said = on_said,
                                                  .on_closed = on_closed};
    char error[HOST_CONNECTION_ERROR_BYTES];

    (void)context;
    if (!renew_own()) {
        finish(true);
    } else if (host_staff_line_new(&r.line, &config, error)) {
        host_say(HOST_ERROR, "%s", error);
        finish(true);
    }
}

static void on_signal(void *context, int number)
{
    (void)context, (void)number;
    finish(false);
}

static bool set_paths(void)
{
    const char *given = certs_options.identity;
    bool fits = given ? host_path(r.identity, "%s", given) : host_path(r.identity, "%s/staff/officer", certs_options.dir);

    if (fits && host_path(r.ca, "%s/ca/ca.crt", certs_options.dir) && host_path(r.cert, "%s.crt", r.identity) &&
        host_path(r.key, "%s.key", r.identity))
        return true;
    host_say_error(certs_options.dir, "the path is too long", "choose a shorter folder");
    return false;
}

int certs_renew(void)
{
    struct host_url url;
    enum proto_err err;

    if (host_url_parse(&url, certs_options.relay)) {
        host_say_error(certs_options.relay, "--relay takes https://host or https://host:port, of the staff end",
                       "write it so");
        return HOST_EXIT_USAGE;
    }
    if (!set_paths())
        return HOST_EXIT_USAGE;
    r.pause_ms = PAUSE_MS;
    err = host_loop_new(&r.loop);
    if (!err)
        err = host_loop_on_signal(r.loop, on_signal, NULL);
    if (!err)
        err = host_timer_new(&r.again, r.loop, connect_again, NULL);
    if (err) {
        host_say_err("the loop", err);
        r.failed = true;
    } else {
        host_timer_set(r.again, host_now().mono_ms);
        host_loop_run(r.loop);
    }
    host_staff_line_free(r.line);
    host_timer_free(r.again);
    host_loop_free(r.loop);
    return r.failed ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
}
