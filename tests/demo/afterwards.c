/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of the demo: a companion that cheats, the minutes, the log under a flipped bit. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
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

/* From the relay's machine to the officer's: the databases and the newest checkpoint. */
static bool fetch_log(struct demo *d)
{
    const char *const data[] = {"/bin/cp", "-a", demo_path(d, "relay/data"), demo_path(d, "org/data"), NULL};
    const char *const checkpoint[] = {"/bin/cp", "-a", demo_path(d, "relay/relay/checkpoint"),
                                      demo_path(d, "org/relay/"), NULL};

    return demo_run(d->bin, data, NULL) == 0 && demo_run(d->bin, checkpoint, NULL) == 0;
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
    if (!fetch_log(d))
        return demo_failed(NULL, "a copy of the relay's log");
    paper_line("The officer has a copy of the log where the authority is, and the key that opens it.");
    putchar('\n');
    code = audit(d, demo_path(d, "org"), "show", d->session, &said);
    if (said)
        paper_quote(said, 0);
    free(said);
    if (code != 0)
        return demo_failed(NULL, "the minutes of the session");
    paper_heading("Is the log whole?");
    code = audit(d, demo_path(d, "org"), "verify", NULL, &said);
    if (said)
        paper_quote(said, 0);
    free(said);
    return code == 0 || demo_failed(NULL, "the log verifies");
}

/* The 48 bytes of one entry, as the relay's database has them. */
static bool read_leaf(const char *database, int64_t index, uint8_t leaf[static 48])
{
    sqlite3_stmt *query = NULL;
    sqlite3 *db = NULL;
    bool done = false;

    if (sqlite3_open_v2(database, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT leaf FROM entry WHERE idx=?", -1, &query, NULL) == SQLITE_OK &&
        sqlite3_bind_int64(query, 1, index) == SQLITE_OK && sqlite3_step(query) == SQLITE_ROW &&
        sqlite3_column_bytes(query, 0) == 48) {
        memcpy(leaf, sqlite3_column_blob(query, 0), 48);
        done = true;
    }
    sqlite3_finalize(query);
    sqlite3_close(db);
    return done;
}

/* Flips one bit where these bytes lie in the file, behind the database's back. */
static bool flip_bit(const char *path, const uint8_t leaf[static 48])
{
    struct stat about;
    bool done = false;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return false;
    if (fstat(fd, &about) == 0 && about.st_size > 0) {
        size_t len = (size_t)about.st_size;
        uint8_t *bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        if (bytes != MAP_FAILED) {
            uint8_t *at = memmem(bytes, len, leaf, 48);

            if (at)
                at[32] ^= 0x10;
            done = at != NULL;
            munmap(bytes, len);
        }
    }
    close(fd);
    return done;
}

bool demo_tampering(struct demo *d)
{
    const char *copy = demo_path(d, "copy"), *database = demo_path(d, "copy/data/relay.db");
    const char *const cp[] = {"/bin/cp", "-a", demo_path(d, "org"), copy, NULL};
    uint8_t leaf[48];
    char *said;
    int code;

    paper_heading("One bit of that grant is flipped, in a copy of the log");
    if (demo_run(d->bin, cp, NULL) != 0 || !read_leaf(database, d->grant_index, leaf) || !flip_bit(database, leaf))
        return demo_failed(NULL, "a copy of the log with one bit flipped");
    paper_line("Entry %" PRId64 " was changed: one bit of its 48 bytes.", d->grant_index);
    code = audit(d, copy, "verify", NULL, &said);
    if (said)
        paper_quote(said, 5);
    free(said);
    return code == 1 || demo_failed(NULL, "verify names the entry that was changed");
}

void demo_next(const struct demo *d)
{
    paper_heading("Next");
    printf("    ./handhold demo --phone   with another device in this network\n"
           "    ./handhold up             a relay that stays, for an organisation of yours\n"
           "    ./handhold test           every test\n");
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
    paper_line("A phone opens the link, or the pattern below, in its browser. It will warn that the certificate is "
               "unknown: this organisation was made a moment ago, and no authority that phones trust has signed it. Go "
               "on past that warning here and nowhere else. A machine with the companion takes the link too:");
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
    while (!ended && d->agent->out >= 0 && !demo_is_stopped()) {
        json_t *video = demo_child_expect(&d->children, d->agent, 1000, "video", "final", "false", NULL);

        if (video)
            paper_line("%2d pictures, %4d kbit/s", (int)demo_number(video, "fps"), (int)demo_number(video, "kbps"));
        ended = demo_child_expect(&d->children, d->agent, 0, "ended", NULL);
    }
    if (demo_is_stopped())
        return demo_failed(d->agent, "the session ends");
    paper_line("The session ended: %s.", ended ? demo_text(ended, "reason") : "the agent is gone");
    return true;
}
