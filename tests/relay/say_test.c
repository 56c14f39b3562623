/* SPDX-License-Identifier: Apache-2.0 */
/* A line of a program in systemd's journal: with fields of its own, which nobody's words can forge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/host/say.h"

/* The journal: what it was told, and whether it is there. */
static struct {
    bool there;
    char entry[16384];
    size_t len;
} journal;

ssize_t __wrap_sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to, socklen_t size);
ssize_t __wrap_sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to, socklen_t size)
{
    (void)fd, (void)flags, (void)size;
    assert_string_equal(((const struct sockaddr_un *)to)->sun_path, "/run/systemd/journal/socket");
    if (!journal.there)
        return -1;
    memcpy(journal.entry, bytes, len);
    journal.entry[len] = 0;
    journal.len = len;
    return (ssize_t)len;
}

static FILE *lines;
static int own_stderr;

/* stderr is a file, which JOURNAL_STREAM names when it is to be the journal. */
static void start(bool stderr_is_journal, bool there)
{
    struct stat about;
    char stream[64] = "0:0";

    journal.there = there;
    journal.len = 0;
    lines = tmpfile();
    assert_non_null(lines);
    own_stderr = dup(STDERR_FILENO);
    assert_true(dup2(fileno(lines), STDERR_FILENO) >= 0);
    assert_int_equal(fstat(STDERR_FILENO, &about), 0);
    if (stderr_is_journal)
        snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)about.st_dev,
                 (unsigned long long)about.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    host_say_start("handhold-relay", false);
}

static void expect_lines(const char *wanted)
{
    char text[4096];

    assert_true(dup2(own_stderr, STDERR_FILENO) >= 0);
    close(own_stderr);
    rewind(lines);
    text[fread(text, 1, sizeof text - 1, lines)] = 0;
    fclose(lines);
    assert_string_equal(text, wanted);
}

static void say(const char *session)
{
    const struct host_field fields[] = {{"HANDHOLD_SESSION", session}, {"HANDHOLD_EVENT", "joined"}};

    host_say_fields(HOST_INFO, fields, 2, "session %s: joined", session);
}

static void an_event_has_its_fields_in_the_journal(void **state)
{
    (void)state;
    start(true, true);
    say("a43b918e");
    expect_lines("");
    assert_string_equal(journal.entry,
                        "PRIORITY=6\nSYSLOG_IDENTIFIER=handhold-relay\nHANDHOLD_SESSION=a43b918e\n"
                        "HANDHOLD_EVENT=joined\nMESSAGE=handhold-relay: info: session a43b918e: joined\n");
}

static void a_value_forges_no_field(void **state)
{
    (void)state;
    start(true, true);
    say("a\nPRIORITY=0");
    expect_lines("");
    assert_non_null(strstr(journal.entry, "\nHANDHOLD_SESSION=a\\x0aPRIORITY=0\n"));
    assert_null(strstr(journal.entry, "\nPRIORITY=0"));
}

static void without_a_journal_it_is_a_line(void **state)
{
    (void)state;
    start(false, true);
    say("a43b918e");
    expect_lines("handhold-relay: info: session a43b918e: joined\n");
    assert_int_equal(journal.len, 0);
    start(true, false);
    say("a43b918e");
    expect_lines("<6>handhold-relay: info: session a43b918e: joined\n");
}

static void a_level_that_is_not_asked_for_is_not_said(void **state)
{
    (void)state;
    start(true, true);
    host_say_level(HOST_WARN);
    say("a43b918e");
    host_say(HOST_WARN, "this is");
    expect_lines("<4>handhold-relay: warning: this is\n");
    assert_int_equal(journal.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_has_its_fields_in_the_journal),
        cmocka_unit_test(a_value_forges_no_field),
        cmocka_unit_test(without_a_journal_it_is_a_line),
        cmocka_unit_test(a_level_that_is_not_asked_for_is_not_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
