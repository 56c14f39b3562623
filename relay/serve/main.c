/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-relay: joins the two ends of a session and can read neither. */
#include <libwebsockets.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/host/options.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/serve/backup.h"
#include "relay/serve/blocks.h"
#include "relay/serve/check.h"
#include "relay/serve/engine.h"
#include "relay/serve/handover.h"
#include "relay/serve/harden.h"
#include "relay/serve/listen.h"
#include "relay/serve/notify.h"
#include "relay/serve/outside.h"
#include "relay/serve/page.h"
#include "relay/serve/restore.h"
#include "relay/serve/serve.h"
#include "relay/serve/settings.h"
#include "relay/serve/setup.h"
#include "relay/serve/tell.h"
#include "relay/serve/unused.h"
#include "relay/serve/witness.h"

static struct arguments {
    const char *dir, *config, *listen, *staff_listen, *backup, *restore, *outside_ca;
    bool check, from_outside, json, allow_private_keys, print_config, verbose;
} arguments;

static const struct host_option options[] = {
    {.name = "dir",
     .argument = "D",
     .kind = HOST_TEXT,
     .target = &arguments.dir,
     .help = "the folder of the organisation, as handhold-certs export-relay wrote it"},
    {.name = "config",
     .argument = "FILE",
     .kind = HOST_TEXT,
     .target = &arguments.config,
     .help = "the settings; without it D/relay.ini when there is one"},
    {.name = "listen",
     .argument = "HOST:PORT",
     .kind = HOST_TEXT,
     .target = &arguments.listen,
     .help = "where customers connect; port 0 picks a free one"},
    {.name = "staff-listen",
     .argument = "HOST:PORT",
     .kind = HOST_TEXT,
     .target = &arguments.staff_listen,
     .help = "where staff connect; port 0 picks a free one"},
    {.name = "check",
     .kind = HOST_FLAG,
     .target = &arguments.check,
     .help = "check all that a start checks, print what was found, and serve nothing"},
    {.name = "from-outside",
     .kind = HOST_FLAG,
     .target = &arguments.from_outside,
     .help = "with --check: ask the running relay too, by the names and with the roots that everybody has"},
    {.name = "outside-ca",
     .argument = "FILE",
     .kind = HOST_TEXT,
     .target = &arguments.outside_ca,
     .help = "the CAs that strangers trust, for trying out; without it this system's"},
    {.name = "backup",
     .argument = "FOLDER",
     .kind = HOST_TEXT,
     .target = &arguments.backup,
     .help =
         "copy the databases and the newest checkpoint there, while a relay runs or not; keep keys.db for days only"},
    {.name = "restore",
     .argument = "FOLDER",
     .kind = HOST_TEXT,
     .target = &arguments.restore,
     .help = "put the databases that --backup wrote there in place of this relay's, which does not run"},
    {.name = "json", .kind = HOST_FLAG, .target = &arguments.json, .help = "results as JSON Lines"},
    {.name = "print-config",
     .kind = HOST_FLAG,
     .target = &arguments.print_config,
     .help = "print a relay.ini with every setting, its default and its meaning"},
    {.name = "allow-private-keys",
     .kind = HOST_FLAG,
     .target = &arguments.allow_private_keys,
     .help = "go on although the organisation's private keys are readable: for trying out on one machine"},
    {.name = "verbose", .kind = HOST_FLAG, .target = &arguments.verbose, .help = "say more on stderr"},
    {0},
};

static int set_up(void)
{
    if (arguments.dir)
        serve_setup.dir = arguments.dir;
    return serve_setup_run();
}

static const struct host_command commands[] = {
    {"setup", "make the folder, the settings and what is around them on a new server", serve_setup_options, NULL,
     set_up, "Example: handhold-relay setup --host help.example.com --org \"Example Help\""},
    {0},
};

static const struct host_program program = {
    .name = "handhold-relay",
    .summary = "joins the two ends of a session and can read neither",
    .options = options,
    .commands = commands,
    .command_optional = true,
    .notes = "When it serves it prints one line: "
             "{\"event\":\"ready\",\"public\":\"https://...\",\"staff\":\"https://...\"}.\n"
             "SIGTERM: no new session, and an end when the live ones have moved; a second one ends at once.\n"
             "SIGUSR2: a new relay, from the program that lies here now, takes over; each end reconnects once.\n"
             "SIGHUP: reads settings, notes and certificates again (notes and a public certificate also by itself).\n",
};

static char **own_argv; /* for the one that takes over */

static void on_signal(void *context, int number)
{
    struct serve *serve = context;

    if (number == SIGHUP)
        serve_reload(serve, true);
    else
        serve_drain(serve);
}

static int serve_until_told(struct serve_settings *settings, struct serve_folder *folder, struct serve_report *report)
{
    static struct serve serve;
    struct serve_handover *handover = NULL;
    const struct relay_limits *limits = &settings->config.limits;
    /* As many heads as connections under way: whoever dribbles one keeps nobody waiting for a place to put theirs. And
     * room for what libwebsockets writes to each line of one: what is too large is answered by us (serve/arrival). */
    int64_t room = limits->header_bytes * 2;
    struct serve_engine *engine =
        serve_engine_new((uint16_t)(room < UINT16_MAX ? room : UINT16_MAX),
                         (uint16_t)(limits->handshakes < UINT16_MAX ? limits->handshakes : UINT16_MAX));
    struct host_loop *loop = NULL;
    bool ready = false;

    if (engine && host_loop_new_on(&loop, serve_engine_host(engine))) {
        host_say(HOST_WARN, "libwebsockets cannot use libev here, so many connections cost more; install "
                            "libwebsockets-evlib-ev");
        serve_engine_free(engine);
        engine = NULL;
    }
    if (!loop && host_loop_new(&loop)) {
        host_say_err("the loop", PROTO_ERR_NOMEM);
        return HOST_EXIT_FAILED;
    }
    serve.loop = loop;
    lws_set_log_level(LLL_ERR, serve_tell_library);
    if (serve_handover_is_new() &&
        (!serve_check_successor(folder, report) || !serve_listen_take_over(&settings->config, report)))
        ; /* said; the one before goes on */
    else if (serve_handover_is_new() && !serve_handover_wait(folder, report))
        ;                                                     /* said */
    else if (!host_loop_on_signal(loop, on_signal, &serve) && /* before the log's thread begins */
             !serve_handover_new(&handover, &serve, own_argv))
        ready = serve_open(&serve, settings, folder, loop, report);
    if (ready && !arguments.allow_private_keys)
        serve_tell_root(arguments.dir, report);
    if (ready && !report->table) {
        char public_url[SERVE_HOST_BYTES + 16], staff_url[SERVE_HOST_BYTES + 16];

        snprintf(public_url, sizeof public_url, "https://%s", serve.public_authority);
        snprintf(staff_url, sizeof staff_url, "https://%s", serve.staff_authority);
        (void)serve_notify("READY=1\nSTATUS=serving %s and %s", public_url, staff_url);
        host_json_event("ready", "{s:s,s:s,s:s*,s:s*,s:s*}", "public", public_url, "staff", staff_url, "http",
                        serve_listen_http(serve.listen), "plain", serve_listen_plain(serve.listen), "metrics",
                        serve_listen_metrics(serve.listen));
        host_loop_run(loop);
        host_say(HOST_INFO, "ended");
    }
    if (ready && report->table) {
        serve_report_fine(report, folder->data, "the log's tree is whole; handhold-audit verify reads its entries");
        serve_report_fine(report, serve.public_authority, "the public end");
        serve_report_fine(report, serve.staff_authority, "the staff end");
    }
    serve_handover_free(handover);
    serve_close(&serve);
    host_loop_free(loop);
    serve_engine_free(engine);
    return ready && !serve.objected ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}

/* Messages come and go by the thousand: what was given back by one is kept for the next, not returned to the kernel. */
static void keep_memory(void)
{
    enum { MESSAGES = 8 << 20, KEPT = 32 << 20, STEP = 1 << 20 };

    (void)mallopt(M_MMAP_THRESHOLD, MESSAGES);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT);
    (void)mallopt(M_TOP_PAD, STEP);
    serve_blocks_set_up();
    serve_unused_set_up();
}

static int check_result(const struct serve_report *report)
{
    if (!report->json)
        printf("\n%u error%s, %u warning%s\n", report->errors, report->errors == 1 ? "" : "s", report->warnings,
               report->warnings == 1 ? "" : "s");
    return report->errors || report->ends_soon ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
}

/* Whoever looks changes nothing: a log that was never begun is not begun by it. */
static void check(struct serve_settings *settings, struct serve_folder *folder, bool fits, struct serve_report *report)
{
    if (serve_folder_in_use(folder)) {
        serve_check_beside(folder, report);
        (void)serve_listen_check(&settings->config, true, report);
    } else if (serve_folder_is_fresh(folder)) {
        serve_report_fine(report, folder->data, "no log yet; the first start begins one");
        (void)serve_listen_check(&settings->config, false, report);
    } else if (fits && serve_folder_has_log(folder)) {
        (void)serve_until_told(settings, folder, report);
    } else {
        serve_check_log(folder, report);
        (void)serve_listen_check(&settings->config, false, report);
    }
    serve_check_machine(&settings->config, folder, report);
    if (arguments.from_outside)
        serve_outside_check(&settings->config, folder, arguments.outside_ca, report);
}

static int serve_or_check(struct serve_settings *settings, bool settled, struct serve_folder *folder,
                          struct serve_report *report)
{
    bool fits = serve_settings_fit(settings, report) && settled;
    bool read = serve_folder_read(folder, arguments.dir, arguments.allow_private_keys, report);

    fits &= serve_listen_fits(&settings->config, read ? folder : NULL, report);
    fits &= serve_witnesses_fit(&settings->config, report);
    if (read && report->table)
        check(settings, folder, fits, report);
    else if (report->table) {
        bool runs = serve_folder_in_use(folder);

        if (runs)
            serve_check_runs(folder, report);
        (void)serve_listen_check(&settings->config, runs, report);
    }
    return read && fits && !report->table ? serve_until_told(settings, folder, report) : HOST_EXIT_USAGE;
}

static int run(void)
{
    static struct serve_settings settings;
    static struct serve_folder folder;
    struct serve_report report = {.table = arguments.check, .json = arguments.json}, aside = {0};
    int rc = HOST_EXIT_USAGE;

    settings = (struct serve_settings){.dir = arguments.dir,
                                       .file = arguments.config,
                                       .listen = arguments.listen,
                                       .staff_listen = arguments.staff_listen,
                                       .verbose = arguments.verbose};
    bool copies = arguments.backup || arguments.restore;
    report.table |= copies;
    if (!copies && !serve_become_owner(arguments.dir, &report)) /* where a copy goes may be root's alone */
        return HOST_EXIT_FAILED;
    serve_harden(&folder, copies ? &aside : &report);
    if (copies) {
        if (serve_folder_find(&folder, arguments.dir, &report))
            (void)(arguments.backup ? serve_backup(&folder, arguments.backup, &report)
                                    : serve_restore(&folder, arguments.restore, &report));
    } else {
        bool settled = serve_settings_read(&settings, &report);
        if (settled || report.table) /* a check looks at all the rest, too */
            rc = serve_or_check(&settings, settled, &folder, &report);
    }
    serve_folder_clear(&folder);
    return report.table ? check_result(&report) : rc;
}

/* Behind the version: which page is in this program, by the hash that customers' statements carry. */
static void print_page(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--version"))
            printf("phone page %s\n", *serve_page()->build ? serve_page()->build : "not built in");
}

/* SIGHUP and SIGUSR2 wait until somebody reads them: before that they would end the relay. */
static void hold_orders(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR2);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
    own_argv = argv;
    const struct host_command *command;

    hold_orders();
    keep_memory();
    switch (host_options_parse(&program, argc, argv, &command)) {
    case HOST_PARSED_DONE:
        print_page(argc, argv);
        return HOST_EXIT_FINE;
    case HOST_PARSED_WRONG:
        return HOST_EXIT_USAGE;
    case HOST_PARSED_RUN:
        break;
    }
    host_say_start(program.name, arguments.verbose);
    if (command)
        return command->run();
    if (arguments.print_config) {
        serve_config_print(stdout);
        return HOST_EXIT_FINE;
    }
    if (!arguments.dir) {
        host_say_error("--dir", "is missing", "name the folder that handhold-certs export-relay wrote");
        return HOST_EXIT_USAGE;
    }
    return run();
}
