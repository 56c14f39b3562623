/* SPDX-License-Identifier: Apache-2.0 */
/* The command line and the files of every program. */
#include "tests/proto/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/host/options.h"

static struct {
    const char *dir, *mode, *word;
    struct host_texts masks, rest;
    int64_t days;
    double zoom;
    bool json;
} opt;

static const struct host_option options[] = {
    {"dir", "D", HOST_TEXT, &opt.dir, .required = true, .help = "a folder"},
    {"mode", "M", HOST_CHOICE, &opt.mode, .choices = "ask|none", .help = "a choice"},
    {"mask", "X", HOST_TEXTS, &opt.masks, .help = "many"},
    {"days", "N", HOST_INTEGER, &opt.days, .min = 1, .max = 30, .help = "a number"},
    {"zoom", "F", HOST_NUMBER, &opt.zoom, .min = 0, .max = 4, .help = "another"},
    {"json", NULL, HOST_FLAG, &opt.json, .help = "a flag"},
    {0},
};
static const struct host_word words[] = {
    {"WORD", HOST_TEXT, &opt.word, .required = true, .help = "a word"},
    {"REST", HOST_TEXTS, &opt.rest, .help = "the others"},
    {0},
};
static const struct host_program program = {.name = "try", .summary = "tries", .options = options, .words = words};

static enum host_parsed parse(const char *line)
{
    static char copy[512];
    char *argv[32] = {(char *)"try"};
    int argc = 1;

    memset(&opt, 0, sizeof opt);
    snprintf(copy, sizeof copy, "%s", line);
    for (char *at = strtok(copy, " "); at && argc < 31; at = strtok(NULL, " "))
        argv[argc++] = at;
    return host_options_parse(&program, argc, argv, NULL);
}

static void a_command_line_becomes_values(void **state)
{
    (void)state;
    assert_int_equal(parse("--dir=d --mask a w --mask b --days 30 --json --zoom 1.5 --mode none r1 -- --r2"),
                     HOST_PARSED_RUN);
    assert_string_equal(opt.dir, "d");
    assert_string_equal(opt.word, "w");
    assert_string_equal(opt.mode, "none");
    assert_true(opt.days == 30 && opt.zoom == 1.5 && opt.json && opt.masks.count == 2 && opt.rest.count == 2);
    assert_string_equal(opt.rest.items[1], "--r2");
}

static void what_breaks_a_rule_is_refused(void **state)
{
    static const char *const wrong[] = {
        "w",
        "--dir d",
        "--dir",
        "--dir d --dir e w",
        "--dir d --days 31 w",
        "--dir d --days 0 w",
        "--dir d --days 3x w",
        "--dir d --days 99999999999999999999 w",
        "--dir d --zoom nan w",
        "--dir d --zoom 5 w",
        "--dir d --mode as w",
        "--dir d --json=yes w",
        "--dir d --jsn w",
        "--dir d -x w",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(parse(wrong[i]), HOST_PARSED_WRONG);
    assert_int_equal(parse("--help"), HOST_PARSED_DONE);
    assert_int_equal(parse("--version"), HOST_PARSED_DONE);
}

static void a_file_is_written_whole_and_read_within_its_bound(void **state)
{
    char folder[] = "/tmp/handhold-host-XXXXXX", path[HOST_PATH_BYTES], deep[HOST_PATH_BYTES];
    struct proto_buf bytes;
    struct stat about;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_true(host_path(deep, "%s/a/b", folder) && host_path(path, "%s/a/b/file", folder));
    assert_int_equal(host_file_write(path, "1", 1, HOST_PRIVATE), PROTO_ERR_NOT_FOUND);
    assert_ok(host_folder_make(deep, HOST_PRIVATE));
    assert_ok(host_folder_make(deep, HOST_PRIVATE));
    assert_ok(host_file_create(path, "first", 5, HOST_PRIVATE));
    assert_ok(host_file_check_private(path));
    assert_int_equal(host_file_create(path, "other", 5, HOST_PRIVATE), PROTO_ERR_EXISTS);
    assert_ok(host_file_write(path, "second", 6, HOST_PUBLIC));
    assert_int_equal(host_file_check_private(path), PROTO_ERR_REFUSED);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0644);
    proto_buf_init(&bytes, 6);
    assert_ok(host_file_read(path, &bytes));
    assert_memory_equal(bytes.bytes, "second", 6);
    assert_int_equal(host_file_read(path, &bytes), PROTO_ERR_RANGE);
    proto_buf_clear(&bytes);
    assert_int_equal(host_file_read(deep, &bytes), PROTO_ERR_IO);
    assert_int_equal(errno, EISDIR);
    proto_buf_free(&bytes);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(deep), 0); /* so there is no temporary file left in it */
    assert_true(host_path(deep, "%s/a", folder));
    assert_int_equal(rmdir(deep), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* Replaced by a file, /dev/stdout would be gone for everybody. */
static void a_stream_is_written_into_and_stays(void **state)
{
    char folder[] = "/tmp/handhold-host-XXXXXX", path[HOST_PATH_BYTES], link[HOST_PATH_BYTES], got[8];
    struct stat about;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_true(host_path(path, "%s/fifo", folder) && host_path(link, "%s/link", folder));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(symlink(path, link), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);

    assert_true(reader >= 0 && host_file_is_stream(link) && host_file_is_stream("/dev/full"));
    assert_false(host_file_is_stream(folder));
    assert_ok(host_file_write(link, "through", 7, HOST_PRIVATE));
    assert_int_equal(read(reader, got, sizeof got), 7);
    assert_memory_equal(got, "through", 7);
    assert_int_equal(lstat(link, &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_int_equal(host_file_write("/dev/full", "x", 1, HOST_PRIVATE), PROTO_ERR_IO);
    assert_int_equal(errno, ENOSPC);
    close(reader);
    assert_int_equal(unlink(link) | unlink(path) | rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_line_becomes_values),
        cmocka_unit_test(what_breaks_a_rule_is_refused),
        cmocka_unit_test(a_file_is_written_whole_and_read_within_its_bound),
        cmocka_unit_test(a_stream_is_written_into_and_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
