/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-client - the companion of a customer who has no phone at hand, or whose product has a camera of its own. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/companion/companion.h"
#include "client/companion/second.h"
#include "proto/host/connection.h"
#include "proto/host/files.h"
#include "proto/host/options.h"
#include "proto/host/say.h"
#include "proto/host/seen.h"
#include "proto/identity/credential.h"
#include "proto/pairing/invite.h"

static struct {
    const char *redact, *checks, *language;
    const char *link, *code, *relay, *camera, *torch, *microphone, *speaker, *consent, *ca, *receipt, *keep_picture,
        *keep_sealed, *stats;
    struct host_texts states, masks;
    int64_t kbps;
    bool json, beside;
} opt = {.camera = "none", .microphone = "none", .consent = "ask"};

static const struct host_option options[] = {
    {"code", "CODE", HOST_TEXT, &opt.code, .help = "join by the code that the agent reads to you; needs --relay"},
    {"relay", "URL", HOST_TEXT, &opt.relay, .help = "where the code is typed: https://help.example.org"},
    {"camera", "SOURCE", HOST_TEXT, &opt.camera, .help = "FILE.y4m, /dev/videoN, or none (none)"},
    {"microphone", "SOURCE", HOST_TEXT, &opt.microphone, .help = "FILE.wav, default, a device's name, or none (none)"},
    {"speaker", "SINK", HOST_TEXT, &opt.speaker,
     .help = "where the agent is heard: FILE.wav, default, a device's name, or none"},
    {"torch", "FILE", HOST_TEXT, &opt.torch, .help = "a light: 1 and 0 are written there, as to a LED's brightness"},
    {"beside", NULL, HOST_FLAG, &opt.beside,
     .help = "be the second device of somebody in a session: show a code for the first; with --relay and --state"},
    {"state", "SOURCE", HOST_TEXTS, &opt.states,
     .help = "device information: linux, json:PATH (json:- with --beside), mdns, mqtt:…; may come again"},
    {"redact", "FILE", HOST_TEXT, &opt.redact, .help = "rules of what device information never tells, or may tell"},
    {"checks", "FILE", HOST_TEXT, &opt.checks, .help = "what checks of this home are held against (ini)"},
    {"language", "LANG", HOST_TEXT, &opt.language, .help = "of guides: de, en (the language of this terminal)"},
    {"consent", "WHO", HOST_TEXT, &opt.consent, .help = "who answers: ask (you), none, or a list to allow: camera,…"},
    {"mask", "X,Y,W,H", HOST_TEXTS, &opt.masks, .help = "paint over this part of the picture; may come again"},
    {"kbps", "N", HOST_INTEGER, &opt.kbps, .min = 50, .max = 20000, .help = "bit rate of the picture (by its size)"},
    {"stats", "FILE", HOST_TEXT, &opt.stats,
     .help = "a line of JSON there for each picture of the camera: sent, or why not"},
    {"ca", "FILE", HOST_TEXT, &opt.ca, .help = "the organisation's ca.crt: trust it, and no other"},
    {"receipt", "FILE", HOST_TEXT, &opt.receipt, .help = "at the end: what was shared, with the proof of each answer"},
    {"keep-picture", "FILE.y4m", HOST_TEXT, &opt.keep_picture,
     .help = "at the end: the last picture as it was encoded"},
    {"keep-sealed", "FILE", HOST_TEXT, &opt.keep_sealed, .help = "at the end: the same as it left, all a relay has"},
    {"json", NULL, HOST_FLAG, &opt.json, .help = "print JSON Lines"},
    {0}};
static const struct host_word words[] = {
    {"LINK", HOST_TEXT, &opt.link, .help = "the whole link, in quotes, with everything behind the #"}, {0}};
static const struct host_program program = {
    .name = "handhold-client",
    .summary = "shows an agent what your camera sees, as far as you allow it",
    .options = options,
    .words = words,
    .notes = "In a terminal you are asked before anything is sent; w takes a consent back, p pauses, q ends, ? helps.\n"
             "Where stdin is no terminal, commands come as JSON Lines: {\"do\":\"grant\",\"capability\":\"camera\"}."};

static int wrong(const char *value, const char *rule, const char *way_out)
{
    host_say_error(value, rule, way_out);
    return HOST_EXIT_USAGE;
}

/* ---- each option in its final form ---- */

static struct {
    struct proto_invite_link link;
    char url[HOST_URL_BYTES], join_host[PROTO_JOIN_HOST_MAX + 1];
    struct proto_identity_root root;
    struct client_mask mask;
    struct client_companion_config companion;
} made;

static int take_link(void)
{
    enum proto_err err = proto_invite_link_parse(&made.link, opt.link, strlen(opt.link));

    if (err != PROTO_OK)
        return wrong("the link", proto_err_rule(err), proto_err_way_out(err));
    snprintf(made.join_host, sizeof made.join_host, "%s", made.link.join_host);
    snprintf(made.url, sizeof made.url, "https://%s", made.join_host);
    return HOST_EXIT_FINE;
}

static int take_relay(const char *without)
{
    struct host_url url;

    if (!opt.relay)
        return wrong(without, "alone it does not say where it is valid", "add --relay URL");
    if (host_url_parse(&url, opt.relay) != PROTO_OK)
        return wrong(opt.relay, "--relay takes https://host or https://host:port", "write it so");
    snprintf(made.url, sizeof made.url, "%s", opt.relay);
    if (url.port == 443)
        snprintf(made.join_host, sizeof made.join_host, "%.*s", PROTO_JOIN_HOST_MAX, url.host);
    else
        snprintf(made.join_host, sizeof made.join_host, "%.*s:%u", PROTO_JOIN_HOST_MAX - 6, url.host, url.port);
    for (char *at = made.join_host; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at + ('a' - 'A'));
    return HOST_EXIT_FINE;
}

static int take_code(void)
{
    struct proto_invite_code code;
    enum proto_err err = proto_invite_code_parse(&code, opt.code, strlen(opt.code));

    proto_invite_code_clear(&code);
    if (err != PROTO_OK)
        return wrong("the code", proto_err_rule(err), proto_err_way_out(err));
    return take_relay("--code");
}

static int take_invitation(void)
{
    if (!opt.link == !opt.code)
        return wrong(opt.link ? "LINK and --code" : "LINK", "one invitation is needed, a link or a code",
                     "handhold-client LINK, or handhold-client --code CODE --relay URL");
    return opt.link ? take_link() : take_code();
}

static int take_ca(void)
{
    struct proto_certificate der;
    struct proto_buf pem;
    enum proto_err err;

    if (!opt.ca)
        return HOST_EXIT_FINE;
    proto_buf_init(&pem, PROTO_PEM_BYTES);
    err = host_file_read(opt.ca, &pem);
    if (err == PROTO_OK) {
        err = proto_root_of_pem(pem.bytes, pem.len, &der, &made.root);
        if (err == PROTO_OK)
            proto_certificates_free(&der, 1);
    }
    proto_buf_free(&pem);
    if (err != PROTO_OK) {
        host_say_err(opt.ca, err);
        return HOST_EXIT_USAGE;
    }
    made.companion.pinned_root = made.root.fingerprint;
    return HOST_EXIT_FINE;
}

/* A file or pipe that can be read, or a folder where a socket can be made. */
static bool state_can_be(const char *path)
{
    char folder[HOST_PATH_BYTES];
    const char *slash = strrchr(path, '/');

    if (access(path, F_OK) == 0)
        return access(path, R_OK) == 0;
    return host_path(folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".") &&
           access(folder, W_OK) == 0;
}

/* What is to be read or written must be there before anybody is asked for anything. */
static int check_files(void)
{
    static const char json[] = "json:";

    for (size_t i = 0; i < opt.states.count; i++)
        if (!strcmp(opt.states.items[i], "json:-") && !opt.beside)
            return wrong(opt.states.items[i], "the standard input is this program's commands",
                         "name a FIFO or a socket, or use it with --beside");
        else if (!strncmp(opt.states.items[i], json, sizeof json - 1) &&
                 !state_can_be(opt.states.items[i] + sizeof json - 1))
            return wrong(opt.states.items[i], strerror(errno),
                         "name a FIFO that exists, or a path in a writable folder where a socket can be made");
    if (opt.torch && access(opt.torch, W_OK))
        return wrong(opt.torch, strerror(errno), "--torch takes a file that may be written");
    return HOST_EXIT_FINE;
}

static int take_rest(void)
{
    char why[CLIENT_WHY_BYTES];

    if (client_consent_rule_parse(opt.consent, &made.companion.consent, why) != PROTO_OK) {
        host_say(HOST_ERROR, "%s", why);
        return HOST_EXIT_USAGE;
    }
    if (opt.speaker && strcmp(opt.speaker, "none") != 0 && !strcmp(opt.microphone, "none"))
        return wrong("--speaker", "the agent is heard in a call, and there is none without a microphone",
                     "add --microphone SOURCE");
    for (size_t i = 0; i < opt.masks.count; i++)
        if (client_mask_add(&made.mask, opt.masks.items[i], why) != PROTO_OK) {
            host_say(HOST_ERROR, "%s", why);
            return HOST_EXIT_USAGE;
        }
    return HOST_EXIT_FINE;
}

/* Which program asked the customer: it stands in each statement. */
static void hash_of_this_program(uint8_t out[static 32])
{
    FILE *self = fopen("/proc/self/exe", "rb");
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    uint8_t block[65536];
    size_t n;

    memset(out, 0, 32);
    if (self && hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1) {
        while ((n = fread(block, 1, sizeof block, self)) > 0)
            EVP_DigestUpdate(hash, block, n);
        EVP_DigestFinal_ex(hash, out, NULL);
    }
    EVP_MD_CTX_free(hash);
    if (self)
        fclose(self);
}

/* A log is remembered by the root that the invitation or --ca names; a code alone names none. */
static const uint8_t *pin_of_log(void)
{
    return opt.link ? made.link.ca_fp : made.companion.pinned_root;
}

/* "de_DE.UTF-8" is de-DE; the language of a machine without one is English. */
static const char *language(const char *wish)
{
    static char tag[17];
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; !wish && i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);

        wish = value && *value ? value : NULL;
    }
    snprintf(tag, sizeof tag, "%.16s", wish ? wish : "en");
    tag[strcspn(tag, ".@")] = '\0';
    for (char *at = tag; *at; at++)
        *at = *at == '_' ? '-' : *at;
    return !*tag || !strcmp(tag, "C") || !strcmp(tag, "POSIX") ? "en" : tag;
}

static int run(void)
{
    struct client_companion_config *c = &made.companion;
    struct host_seen seen;
    const uint8_t *pin = pin_of_log();
    int code;

    c->link = opt.link;
    c->code = opt.code;
    c->url = made.url;
    c->join_host = made.join_host;
    c->ca_file = opt.ca;
    c->camera = opt.camera;
    c->microphone = opt.microphone;
    c->speaker = opt.speaker && strcmp(opt.speaker, "none") != 0 ? opt.speaker : NULL;
    c->torch = opt.torch;
    c->mask = &made.mask;
    c->kbps = (int)opt.kbps;
    c->stats = opt.stats;
    c->states = opt.states.items;
    c->state_count = opt.states.count;
    c->redact = opt.redact;
    c->checks = opt.checks;
    c->language = language(opt.language);
    c->json = opt.json;
    c->json_orders = !isatty(STDIN_FILENO);
    c->receipt = opt.receipt;
    c->keep_picture = opt.keep_picture;
    c->keep_sealed = opt.keep_sealed;
    hash_of_this_program(c->build);
    if (pin)
        host_seen_load(made.join_host, pin, &c->seen);
    code = client_companion_run(c, &seen);
    if (pin && host_seen_is_news(&seen, &c->seen) && host_seen_save(made.join_host, pin, &seen) != PROTO_OK)
        host_say(HOST_WARN, "the log's newest checkpoint could not be remembered; a rolled-back log would go unnoticed "
                            "next time");
    return code;
}

static int run_beside(void)
{
    const struct client_second_config config = {.url = made.url,
                                                .ca_file = opt.ca,
                                                .join_host = made.join_host,
                                                .states = opt.states.items,
                                                .state_count = opt.states.count,
                                                .redact = opt.redact,
                                                .checks = opt.checks,
                                                .json = opt.json};

    if (!opt.states.count)
        return wrong("--beside", "a second device tells what its home reports, and this one has no source",
                     "add --state linux, or another");
    return client_second_run(&config);
}

int main(int argc, char **argv)
{
    int code = HOST_EXIT_FINE;

    switch (host_options_parse(&program, argc, argv, NULL)) {
    case HOST_PARSED_DONE:
        return HOST_EXIT_FINE;
    case HOST_PARSED_WRONG:
        return HOST_EXIT_USAGE;
    case HOST_PARSED_RUN:
        break;
    }
    code = opt.beside ? take_relay("--beside") : take_invitation();
    if (code == HOST_EXIT_FINE)
        code = take_ca();
    if (code == HOST_EXIT_FINE)
        code = check_files();
    if (code == HOST_EXIT_FINE)
        code = take_rest();
    if (code == HOST_EXIT_FINE)
        code = opt.beside ? run_beside() : run();
    client_mask_clear(&made.mask);
    proto_invite_link_clear(&made.link);
    return code;
}
