/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/outside.h"

#include <curl/curl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/util/buf.h"

enum { WAIT_S = 10, BODY_MOST_BYTES = 65536 };

struct asked {
    char url[SERVE_HOST_BYTES + 64];
    const char *roots; /* NULL: this system's; "": no TLS */
    bool tls_only;     /* no request: the certificate is what is asked for */
    CURLcode result;
    long status;
    char location[SERVE_HOST_BYTES + 64];
    struct proto_buf body;
};

/* What curl says, and what an operator can do about it. Others: the last line. */
static const struct {
    CURLcode code;
    const char *finding, *way_out;
} verdicts[] = {
    {CURLE_COULDNT_RESOLVE_HOST, "the name has no address",
     "make an A and an AAAA record for it with who runs the domain"},
    {CURLE_COULDNT_CONNECT, "nobody answers there",
     "start the relay, and let the port through the firewall and to this machine"},
    {CURLE_OPERATION_TIMEDOUT, "nobody answers there in 10 s", "let the port through the firewall and to this machine"},
    {CURLE_PEER_FAILED_VERIFICATION, "shows a certificate that is not trusted for this name",
     "for strangers get one with certbot; for staff issue one with handhold-certs issue relay --host"},
    {CURLE_SSL_CONNECT_ERROR, "TLS fails", "see what else listens on this port, and whether a proxy in front ends TLS"},
    {CURLE_OK, "cannot be asked", "see what curl -v says of it"},
};

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct asked *asked = context;

    proto_buf_put(&asked->body, bytes, size * count);
    return asked->body.failed ? 0 : size * count;
}

static void ask(struct asked *asked)
{
    CURL *curl = curl_easy_init();
    char *location = NULL;

    proto_buf_init(&asked->body, BODY_MOST_BYTES);
    asked->result = CURLE_OUT_OF_MEMORY;
    if (!curl)
        return;
    curl_easy_setopt(curl, CURLOPT_URL, asked->url);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)WAIT_S);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* a stranger has none of this machine's */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, asked);
    if (asked->roots)
        curl_easy_setopt(curl, CURLOPT_CAINFO, asked->roots);
    if (asked->tls_only)
        curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    asked->result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &asked->status);
    if (!curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location) && location)
        snprintf(asked->location, sizeof asked->location, "%s", location);
    curl_easy_cleanup(curl);
}

/* false, and said: it was not answered as it should be. */
static bool was_answered(const struct asked *asked, struct serve_report *report)
{
    size_t i = 0;

    if (asked->result == CURLE_OK)
        return true;
    while (verdicts[i].code != CURLE_OK && verdicts[i].code != asked->result)
        i++;
    serve_report_add(report, SERVE_ERROR, asked->url, verdicts[i].finding, verdicts[i].way_out);
    return false;
}

static bool lists(const json_t *document, const char *root)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(document, "ca_fp"), i, one)
    {
        if (json_is_string(one) && !strcasecmp(json_string_value(one), root))
            return true;
    }
    return false;
}

/* What a host says of its organisation; the body stays the caller's to free. */
static enum said {
    NOTHING,
    ANOTHER_ROOT,
    OUR_ROOT
} ask_organisation(struct asked *asked, const char *authority, const struct serve_folder *folder)
{
    char root[2 * sizeof folder->root.fingerprint + 1];
    json_t *document = NULL;
    enum said said = NOTHING;

    snprintf(asked->url, sizeof asked->url, "https://%s/.well-known/handhold/org.json", authority);
    ask(asked);
    if (asked->result == CURLE_OK && asked->status == 200)
        document = json_loadb((const char *)asked->body.bytes, asked->body.len, 0, NULL);
    sodium_bin2hex(root, sizeof root, folder->root.fingerprint, sizeof folder->root.fingerprint);
    if (document)
        said = lists(document, root) ? OUR_ROOT : ANOTHER_ROOT;
    json_decref(document);
    return said;
}

/* The page asks the domain whether the root is its own; where the domain is somebody else's, that one must say it. */
static void check_organisation(const struct serve_folder *folder, const char *roots, struct serve_report *report)
{
    struct asked asked = {.roots = roots};
    enum said said = ask_organisation(&asked, folder->notes.org.domain, folder);

    if (said == NOTHING)
        serve_report_add(report, SERVE_WARNING, asked.url,
                         "is not there, so a phone's page shows the domain as unconfirmed",
                         "serve there what the relay serves under the same path");
    else if (said == OUR_ROOT)
        serve_report_fine(report, asked.url, "names this organisation's root");
    else
        serve_report_add(report, SERVE_ERROR, asked.url, "names another root than this relay's",
                         "copy the answer of the relay under the same path there");
    proto_buf_free(&asked.body);
}

/* Any server may answer; a relay says whose it is. */
static void check_public(const char *authority, const struct serve_folder *folder, const char *roots,
                         struct serve_report *report)
{
    static const char way_out[] = "see what else listens on this port, and what a proxy in front passes on";
    struct asked asked = {.roots = roots};
    enum said said = ask_organisation(&asked, authority, folder);

    if (!was_answered(&asked, report))
        ;
    else if (said == OUR_ROOT)
        serve_report_fine(report, asked.url, "answers strangers, with a certificate that they trust");
    else
        serve_report_add(
            report, SERVE_ERROR, asked.url,
            said == NOTHING ? "is not answered by a relay" : "is answered by a relay of another organisation", way_out);
    proto_buf_free(&asked.body);
}

static void check_staff(const char *authority, const char *root, struct serve_report *report)
{
    struct asked asked = {.roots = root, .tls_only = true};

    snprintf(asked.url, sizeof asked.url, "https://%s", authority);
    ask(&asked);
    if (was_answered(&asked, report))
        serve_report_fine(report, asked.url, "shows staff the organisation's own certificate");
    proto_buf_free(&asked.body);
}

static void check_http(const char *authority, const char *host, struct serve_report *report)
{
    struct asked asked = {.roots = ""};
    char wanted[SERVE_HOST_BYTES + 16];

    snprintf(asked.url, sizeof asked.url, "http://%s/", host);
    snprintf(wanted, sizeof wanted, "https://%s/", authority);
    asked.roots = NULL;
    ask(&asked);
    if (was_answered(&asked, report) && (asked.status != 301 || strcmp(asked.location, wanted)))
        serve_report_add(report, SERVE_ERROR, asked.url, "is not answered by this relay, so certbot renew would fail",
                         "see what else listens on port 80");
    else if (asked.result == CURLE_OK)
        serve_report_fine(report, asked.url, "goes on to https");
    proto_buf_free(&asked.body);
}

/* host[:port] as serve_listen would say it, without listening. */
static bool authority_of(const struct serve_folder *folder, const char *chosen, const char *address,
                         char out[static SERVE_HOST_BYTES])
{
    char host[SERVE_HOST_BYTES];
    const char *port = strrchr(address, ':');

    if (!*chosen && !serve_pair_first_name(&folder->own_pair, host, sizeof host))
        return false;
    if (*chosen)
        snprintf(host, sizeof host, "%s", chosen);
    if (strchr(host, ':') || !port || !strcmp(port, ":443"))
        snprintf(out, SERVE_HOST_BYTES, "%s", host);
    else
        snprintf(out, SERVE_HOST_BYTES, "%.*s%s", (int)(SERVE_HOST_BYTES - 8), host, port);
    return true;
}

void serve_outside_check(const struct serve_config *config, const struct serve_folder *folder, const char *roots,
                         struct serve_report *report)
{
    char public_authority[SERVE_HOST_BYTES], staff_authority[SERVE_HOST_BYTES], host[SERVE_HOST_BYTES];

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        !authority_of(folder, config->host, config->listen, public_authority) ||
        !authority_of(folder, config->staff_host, *config->staff_listen ? config->staff_listen : config->listen,
                      staff_authority))
        return;
    check_public(public_authority, folder, roots, report);
    check_staff(staff_authority, folder->ca, report);
    if (strcmp(folder->notes.org.domain, public_authority) != 0)
        check_organisation(folder, roots, report);
    snprintf(host, sizeof host, "%.*s", (int)strcspn(public_authority, ":"), public_authority);
    if (*config->http_listen)
        check_http(public_authority, host, report);
    curl_global_cleanup();
}
