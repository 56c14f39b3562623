/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-demo - runs one whole session on this machine and tells it; ./handhold demo starts it. */
#include "tests/demo/demo.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/host/options.h"
#include "proto/host/say.h"

static struct {
    const char *bin, *out, *camera, *host;
    int64_t seconds;
    bool phone;
} opt = {.out = "demo", .host = "127.0.0.1", .seconds = 3};

static const struct host_option options[] = {
    {"bin", "DIR", HOST_TEXT, &opt.bin, .required = true, .help = "where the programs were built"},
    {"out", "DIR", HOST_TEXT, &opt.out, .help = "where the three pictures are written (demo)"},
    {"camera", "SOURCE", HOST_TEXT, &opt.camera, .help = "FILE.y4m or /dev/videoN (a clip made here)"},
    {"seconds", "N", HOST_INTEGER, &opt.seconds, .min = 1, .max = 3600, .help = "how long the camera is watched (3)"},
    {"host", "ADDRESS", HOST_TEXT, &opt.host, .help = "where the relay listens (127.0.0.1)"},
    {"phone", NULL, HOST_FLAG, &opt.phone, .help = "wait for a customer's device instead of playing the customer"},
    {0}};
static const struct host_program program = {
    .name = "handhold-demo", .summary = "runs one whole session and tells what happens", .options = options};

static const struct {
    bool (*run)(struct demo *demo);
    bool phone, alone; /* in which of the two it is a step */
} steps[] = {
    {demo_organisation, true, true},
    {demo_relay, true, true},
    {demo_invite, true, true},
    {demo_phone, true, false},
    {demo_join, false, true},
    {demo_camera, false, true},
    {demo_figures, false, true},
    {demo_device_state, false, true},
    {demo_talk, false, true},
    {demo_refusal, false, true},
    {demo_withdrawal, false, true},
    {demo_end, false, true},
    {demo_changed_companion, false, true},
    {demo_window, false, true},
    {demo_minutes, true, true},
    {demo_tampering, false, true},
};

/* ---- helpers of all steps ---- */

bool demo_failed(const struct demo_child *child, const char *awaited)
{
    char line[1024];
    FILE *log;

    fflush(stdout);
    if (demo_is_stopped()) {
        fprintf(stderr, "\nhandhold-demo: stopped\n");
        return false;
    }
    fprintf(stderr, "\nhandhold-demo: this did not happen in time: %s\n", awaited);
    if (!child)
        return false;
    for (size_t i = child->count > 6 ? child->count - 6 : 0; i < child->count; i++) {
        char *text = json_dumps(child->events[i].json, JSON_COMPACT);

        fprintf(stderr, "  %s said: %s\n", child->name, text ? text : "");
        free(text);
    }
    log = fopen(child->log, "r");
    while (log && fgets(line, sizeof line, log))
        fprintf(stderr, "  %s: %s", child->name, line);
    if (log)
        fclose(log);
    return false;
}

const char *demo_path(const struct demo *demo, const char *name)
{
    static char paths[8][2 * DEMO_PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof *paths, "%s/%s", demo->work, name);
    return path;
}

const char *demo_text(const json_t *event, const char *field)
{
    const char *text = json_string_value(json_object_get(event, field));

    return text ? text : "";
}

int64_t demo_number(const json_t *event, const char *field)
{
    return (int64_t)json_number_value(json_object_get(event, field));
}

/* ---- from start to end ---- */

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static bool start(struct demo *d)
{
    const char *base = getenv("TMPDIR");

    snprintf(d->work, sizeof d->work, "%.400s/handhold-demo.XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(d->work)) {
        host_say_error(d->work, "a temporary folder cannot be made there", "set TMPDIR to a folder with room");
        return false;
    }
    if (mkdir(d->out, 0755) != 0 && access(d->out, W_OK) != 0) {
        host_say_error(d->out, "the pictures cannot be written there", "give another folder with --out");
        return false;
    }
    /* What the two ends remember of a throw-away log is thrown away with it. */
    setenv("XDG_STATE_HOME", demo_path(d, "state"), 1);
    setenv("XDG_CACHE_HOME", demo_path(d, "cache"), 1);
    setenv("XDG_CONFIG_HOME", demo_path(d, "config"), 1);
    setenv("XDG_DATA_HOME", demo_path(d, "share"), 1);
    d->children = (struct demo_children){.bin = d->bin, .folder = d->work};
    return true;
}

int main(int argc, char **argv)
{
    struct demo demo = {0};
    bool fine;

    switch (host_options_parse(&program, argc, argv, NULL)) {
    case HOST_PARSED_DONE:
        return HOST_EXIT_FINE;
    case HOST_PARSED_WRONG:
        return HOST_EXIT_USAGE;
    case HOST_PARSED_RUN:
        break;
    }
    demo_stop_on_signals();
    demo.bin = opt.bin;
    demo.out = opt.out;
    demo.camera = opt.camera;
    demo.host = opt.host;
    demo.seconds = (int)opt.seconds;
    demo.phone = opt.phone;
    fine = start(&demo);
    for (size_t i = 0; fine && i < sizeof steps / sizeof *steps; i++)
        if (demo.phone ? steps[i].phone : steps[i].alone)
            fine = steps[i].run(&demo);
    demo_children_clear(&demo.children);
    if (fine)
        demo_next(&demo);
    if (demo.work[0])
        nftw(demo.work, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return fine ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}
