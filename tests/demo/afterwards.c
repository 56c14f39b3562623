/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of the demo: a companion that cheats, the minutes, the log under a flipped bit. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/qr.h"
#include "tests/demo/demo.h"
#include "tests/demo/paper.h"

bool demo_changed_companion(struct demo *d)
{
    char first_session[sizeof d->session];
    struct demo_child *agent, *cheat;
    json_t *blocked;

    paper_heading("A companion that was changed goes on sending after its withdrawal");
    memcpy(first_session, d->session, sizeof first_session);
    agent = demo_start_agent(d, "agent-2", NULL);
    if (!agent)
        return false;
    const char *const argv[] = {"handhold-changed-companion",
                                "--ca",
                                demo_path(d, "org/ca/ca.crt"),
                                "--camera",
                                d->camera ? d->camera : demo_path(d, "clip.y4m"),
                                d->link,
                                NULL};

    cheat = demo_child_start(&d->children, "changed-companion", argv);
    if (!cheat || !demo_child_expect(&d->children, agent, DEMO_WAIT_MS, "joined", NULL))
        return demo_failed(cheat, "the changed companion joins");
    demo_child_tell(agent, "{\"do\":\"request\",\"capability\":\"camera\"}");
    if (!demo_child_expect(&d->children, cheat, DEMO_WAIT_MS, "withdrawn", NULL))
        return demo_failed(cheat, "it grants, sends and withdraws");
    blocked = demo_child_expect(&d->children, cheat, DEMO_WAIT_MS, "done", NULL);
    if (!blocked)
        return demo_failed(cheat, "the relay blocks it");
    paper_line("It sent %" PRId64
               " pictures after its own withdrawal. The relay passed on none, told it so, and logged the "
               "attempt. The agent could not have opened them either: there is no key.",
               demo_number(blocked, "sent"));
    demo_child_tell(agent, "{\"do\":\"end\"}");
    demo_child_stop(&d->children, agent, 0, DEMO_WAIT_MS);
    demo_child_stop(&d->children, cheat, 0, DEMO_WAIT_MS);
    memcpy(d->session, first_session, sizeof first_session);
    return true;
}

/* The log is read at rest. */
static bool stop_relay(struct demo *d)
{
    if (demo_child_stop(&d->children, d->relay, SIGTERM, DEMO_WAIT_MS) == 0)
        return true;
    return demo_failed(d->relay, "the relay ends in order");
}

static int audit(struct demo *d, const char *dir, const char *command, const char *session, char **said)
{
    const char *const argv[] = {"handhold-audit", "--dir", dir, "--key", demo_path(d, "org/officer/evidence.key"),
                                command,          session, NULL};

    return demo_run(d->bin, argv, said);
}

bool demo_minutes(struct demo *d)
{
    char *said;
    int code;

    if (!stop_relay(d))
        return false;
    paper_heading("The minutes, as only the privacy officer can read them");
    code = audit(d, demo_path(d, "relay"), "show", d->session, &said);
    if (said)
        paper_quote(said, 0);
    free(said);
    if (code != 0)
        return demo_failed(NULL, "the minutes of the session");
    paper_heading("Is the log whole?");
    code = audit(d, demo_path(d, "relay"), "verify", NULL, &said);
    if (said)
        paper_quote(said, 12);
    free(said);
    return code == 0 || demo_failed(NULL, "the log verifies");
}

/* Flips one bit in the middle of the `nth` leaf that stands in the file ("HHL1" and 44 bytes). */
static bool flip_bit(const char *path, unsigned nth)
{
    struct stat about;
    bool done = false;
    uint8_t *bytes;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return false;
    if (fstat(fd, &about) == 0 && about.st_size > 0) {
        bytes = mmap(NULL, (size_t)about.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (bytes != MAP_FAILED) {
            uint8_t *at = bytes, *end = bytes + about.st_size;

            while ((at = memmem(at, (size_t)(end - at), "HHL1", 4)) != NULL && nth-- > 0)
                at += 4;
            if (at && end - at >= 48) {
                at[32] ^= 0x10;
                done = true;
            }
            munmap(bytes, (size_t)about.st_size);
        }
    }
    close(fd);
    return done;
}

bool demo_tampering(struct demo *d)
{
    const char *copy = demo_path(d, "copy");
    const char *const cp[] = {"/bin/cp", "-a", demo_path(d, "relay"), copy, NULL};
    const char *const find[] = {"/bin/sh", "-c", "ls \"$0\"/data/*.db | head -n 1", copy, NULL};
    char *path, *said;
    int code;

    paper_heading("One bit of the log is flipped, in a copy");
    if (demo_run(d->bin, cp, NULL) != 0 || demo_run(d->bin, find, &path) != 0 || !path)
        return demo_failed(NULL, "a copy of the log");
    path[strcspn(path, "\n")] = '\0';
    if (!flip_bit(path, 3)) {
        free(path);
        return demo_failed(NULL, "an entry to flip a bit in");
    }
    free(path);
    code = audit(d, copy, "verify", NULL, &said);
    if (said)
        paper_quote(said, 6);
    free(said);
    return code == 1 || demo_failed(NULL, "verify names the entry that was changed");
}

void demo_next(const struct demo *d)
{
    paper_heading("Next");
    paper_line("./handhold demo --phone      the same with a second device on this network");
    paper_line("./handhold up                a relay that stays, with an organisation of your own");
    paper_line("./handhold test              every test");
    (void)d;
}

bool demo_phone(struct demo *d)
{
    static const char *const asks[] = {
        "{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"To see what you see\"}",
        "{\"do\":\"request\",\"capability\":\"device-state\",\"purpose\":\"To see how your device is\"}"};
    struct proto_buf qr;
    json_t *ended = NULL;

    paper_heading("Another device of this network joins");
    paper_line(
        "A phone that opens the link will warn that the certificate is unknown: this organisation was made a moment "
        "ago, and no authority that phones trust has signed it. Go on past the warning only here. There is no "
        "phone page yet in this version: the page says how to join with the companion, on a machine that has it:");
    printf("\n    handhold-client --ca ca.crt --camera /dev/video0 '%s'\n\n", d->link);
    proto_buf_init(&qr, 64 * 1024);
    if (agent_qr(d->link, isatty(STDOUT_FILENO), &qr) == PROTO_OK && !qr.failed)
        fwrite(qr.bytes, 1, qr.len, stdout);
    proto_buf_free(&qr);
    paper_line("ca.crt of this run: %s", demo_path(d, "org/ca/ca.crt"));
    paper_line("Waiting for ten minutes; Ctrl-C ends.");
    if (!demo_child_expect(&d->children, d->agent, 600000, "joined", NULL))
        return demo_failed(d->agent, "somebody joins");
    paper_line("Somebody joined.");
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
        demo_child_tell(d->agent, asks[i]);
    while (!ended && d->agent->out >= 0) {
        json_t *video = demo_child_expect(&d->children, d->agent, 1000, "video", "final", "false", NULL);

        if (video)
            paper_line("%2d pictures, %4d kbit/s", (int)demo_number(video, "fps"), (int)demo_number(video, "kbps"));
        ended = demo_child_expect(&d->children, d->agent, 0, "ended", NULL);
    }
    paper_line("The session ended: %s.", ended ? demo_text(ended, "reason") : "the agent is gone");
    return true;
}
