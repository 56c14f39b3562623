/* SPDX-License-Identifier: Apache-2.0 */
/* Lines from a product's firmware, through a real FIFO and a real Unix socket. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "client/state/sources.h"
#include "tests/client/folder.h"

#define DEVICE "{\"device\":\"hub\",\"kind\":\"hub\"}\n"

static struct folder folder;
static struct client_state_model *model;
static struct client_state_source *source;
static char spec[300], heard[4000], said[8000];

static bool on_device(void *context, const struct client_state_device *d)
{
    (void)context;
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "[%s] ", d->id);
    return true;
}

static bool on_property(void *context, const struct client_state_property *p)
{
    (void)context;
    if (p->type == CLIENT_STATE_NUMBER)
        snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s=%g%s ", p->name, p->value.number, p->unit);
    else
        snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s=%s ", p->name,
                 p->type == CLIENT_STATE_TEXT ? p->value.text
                 : p->value.boolean           ? "true"
                                              : "false");
    return true;
}

static void on_say(void *context, const char *message)
{
    (void)context;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", message);
}

static enum proto_err open_source(const char *name, char why[static CLIENT_STATE_WHY_BYTES])
{
    snprintf(spec, sizeof spec, "json:%s", folder_path(&folder, name));
    return client_state_source_open(spec, (struct client_state_log){on_say, NULL}, &source, why);
}

static int set_up(void **state)
{
    (void)state;
    folder_make(&folder);
    said[0] = '\0';
    source = NULL;
    return client_state_model_new(&model) != PROTO_OK;
}

static int tear_down(void **state)
{
    (void)state;
    client_state_source_free(source);
    client_state_model_free(model);
    folder_remove(&folder);
    return 0;
}

static int socket_up(void **state)
{
    char why[CLIENT_STATE_WHY_BYTES];

    return set_up(state) || open_source("state.sock", why) != PROTO_OK;
}

static int fifo_up(void **state)
{
    char why[CLIENT_STATE_WHY_BYTES];

    return set_up(state) || mkfifo(folder_path(&folder, "fifo"), 0600) || open_source("fifo", why) != PROTO_OK;
}

static const char *look(void)
{
    static const struct client_state_sink sink = {on_device, on_property, NULL};

    heard[0] = '\0';
    client_state_source_poll(source, (struct proto_now){1, 2}, model);
    client_state_model_flush(model, &sink);
    return heard;
}

/* A writer: connected to the socket, or at the FIFO. */
static int writer(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat about;
    int fd;

    assert_int_equal(stat(spec + 5, &about), 0);
    if (S_ISFIFO(about.st_mode))
        return open(spec + 5, O_WRONLY | O_NONBLOCK);
    assert_true(strlen(spec + 5) < sizeof address.sun_path);
    memcpy(address.sun_path, spec + 5, strlen(spec + 5) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void put(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static enum proto_err line(const char *text, char why[static CLIENT_STATE_WHY_BYTES])
{
    return client_state_json_line(text, strlen(text), (struct proto_now){1, 2}, model, why);
}

static void each_bad_line_names_value_and_rule(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"", "not a JSON object"},
        {"hello", "hello: not a JSON object on one line"},
        {"[1]", "another kind of value"},
        {"{\"device\":\"hub\"", "not a JSON object"},
        {"{} {}", "not a JSON object"},
        {"{\"device\":\"hub\",\"device\":\"lamp\"}", "duplicate object key"},
        {"{\"device\":\"hub\",\"kind\":\"\xff\"}", "not a JSON object"},
        {"{\"device\":\"a\\u0000b\",\"kind\":\"x\"}", "not a JSON object"},
        {"{}", "\"device\": missing"},
        {"{\"device\":7}", "\"device\": must be text of at most 63 bytes"},
        {"{\"device\":\"hub\"}", "device \"hub\": \"kind\" is missing"},
        {"{\"device\":\"aa:bb:cc:dd:ee:ff\",\"kind\":\"hub\"}", "a MAC address"},
        {"{\"device\":\"h u b\",\"kind\":\"hub\"}", "device \"h u b\": a value"},
        {"{\"device\":\"ghost\",\"property\":\"a\",\"value\":1}", "\"ghost\": no such device; tell it first"},
        {"{\"device\":\"hub\",\"property\":\"a\"}", "\"value\": must be a number, a text, true or false"},
        {"{\"device\":\"hub\",\"property\":\"a\",\"value\":null}", "\"value\": must be"},
        {"{\"device\":\"hub\",\"property\":\"a\",\"value\":[1]}", "\"value\": must be"},
        {"{\"device\":\"hub\",\"property\":\"A\",\"value\":1}", "\"A\": a property is called by 1 to 47"},
        {"{\"device\":\"hub\",\"property\":\"a\",\"value\":1e400}", "not a JSON object"},
        {"{\"device\":\"hub\",\"property\":\"a\",\"value\":1e99}", "\"a\": 1e+99 does not lie between"},
        {"{\"device\":\"hub\",\"property\":\"a\",\"value\":\"\\u001b[2J\"}",
         "\"a\": the text, or the unit, holds a control"},
        {"{\"device\":\"hub\",\"property\":\"temperature\",\"value\":\"hot\"}", "its value is a number (in °C)"},
        {"{\"device\":\"hub\",\"property\":\"a\",\"vlaue\":1}", "\"vlaue\": there is no such key"},
        {"{\"device\":\"hub\",\"kind\":\"hub\",\"firmwares\":\"1\"}", "\"firmwares\": there is no such key"},
        {"{\"device\":\"hub\",\"kind\":\"hub\",\"parent\":\"hub\"}", "it hangs on itself"},
        {"{\"device\":\"hub\",\"property\":\"a\",\"value\":1,\"unit\":\"a unit of its own\"}",
         "\"unit\": must be text of at most 15"},
        {"{\"device\":\"hub\",\"property\":null,\"value\":1}", "\"property\": must be text"},
    };
    char why[CLIENT_STATE_WHY_BYTES], deep[4096];

    (void)state;
    assert_ok(line(DEVICE, why));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_not_equal(line(cases[i].line, why), PROTO_OK);
        if (!strstr(why, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", why, cases[i].says);
    }
    memset(deep, '[', sizeof deep);
    assert_int_not_equal(client_state_json_line(deep, sizeof deep, (struct proto_now){1, 2}, model, why), PROTO_OK);
    for (size_t i = 0; i + 5 <= sizeof deep; i += 5)
        memcpy(deep + i, "{\"a\":", 5);
    assert_int_not_equal(client_state_json_line(deep, 4095, (struct proto_now){1, 2}, model, why), PROTO_OK);
    assert_int_equal(client_state_model_devices(model), 1);
    assert_int_equal(client_state_model_properties(model), 0);
}

static void a_device_has_a_name_and_leaves_with_its_values(void **state)
{
    char why[CLIENT_STATE_WHY_BYTES];

    (void)state;
    assert_int_equal(line("{\"device\":\"hub\",\"gone\":true}", why), PROTO_ERR_NOT_FOUND);
    assert_non_null(strstr(why, "no such device"));
    assert_ok(line("{\"device\":\"hub\",\"kind\":\"hub\",\"name\":\"Hall hub\"}", why));
    assert_ok(line("{\"device\":\"hub\",\"property\":\"load\",\"value\":1}", why));
    assert_string_equal(client_state_model_find_device(model, "hub")->name, "Hall hub");
    assert_ok(line("{\"device\":\"hub\",\"gone\":true}", why));
    assert_int_equal(client_state_model_devices(model) + client_state_model_properties(model), 0);
}

static void good_lines_between_bad_ones_are_all_taken(void **state)
{
    int fd = writer(), bad = 0;
    char text[200];

    (void)state;
    put(fd, DEVICE);
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "{\"device\":\"hub\",\"property\":\"p%d\",\"value\":%d}\n", i, i);
        put(fd, "nonsense\n\n{\"device\":\xff}\r\n");
        bad += 2;
        put(fd, text);
        look();
    }
    assert_int_equal(client_state_model_properties(model), 50);
    assert_int_equal(source->good, 51);
    assert_int_equal(source->bad, bad);
    assert_non_null(strstr(said, "(more of them are only counted)"));
    put(fd, "{\"device\":\"hub\",\"property\":\"battery\",\"value\":41.5}\r\n{\"device\":\"hub\",\"prop");
    assert_string_equal(look(), "battery=41.5% "); /* the unit of a known name, and no half line */
    put(fd, "erty\":\"b\",\"value\":true}\n");
    assert_string_equal(look(), "b=true ");
    close(fd);
}

static void a_line_that_is_too_long_is_left_out_and_the_next_one_taken(void **state)
{
    char *text = malloc(300000);
    int fd = writer();

    (void)state;
    put(fd, DEVICE);
    look();
    memset(text, ' ', 4096); /* exactly the bound */
    memcpy(text, "{\"device\":\"hub\",\"property\":\"a\",\"value\":1}", 41);
    memcpy(text + 4096, "\n", 2);
    put(fd, text);
    assert_string_equal(look(), "a=1 ");
    memcpy(text + 38, "2", 1);
    strcpy(text + 4096, " \n{\"device\":\"hub\",\"property\":\"b\",\"value\":1}\n");
    put(fd, text);
    assert_string_equal(look(), "b=1 ");
    assert_non_null(strstr(said, "over 4096 bytes"));
    assert_int_equal(source->bad, 1);
    free(text);
    close(fd);
}

static void a_fifo_lives_from_writer_to_writer(void **state)
{
    int fd = writer();

    (void)state;
    put(fd, DEVICE);
    close(fd);
    assert_string_equal(look(), "[hub] ");
    assert_string_equal(look(), "");
    fd = writer();
    put(fd, "{\"device\":\"hub\",\"property\":\"a\",\"value\":\"x{y\"}\n{\"device\":\"hub\",\"property\":\"b\",\"val");
    close(fd); /* leaves in the middle of a line */
    assert_string_equal(look(), "a=x{y ");
    fd = writer();
    put(fd, "{\"device\":\"hub\",\"property\":\"c\",\"value\":\"z{{\"}\n{\"device\":\"hub\",\"property\":\"d\","
            "\"value\":4}\n");
    assert_string_equal(look(), "c=z{{ d=4 ");
    assert_int_equal(source->bad, 1); /* the piece, and nothing else */
    assert_int_equal(source->good, 4);
    close(fd);
}

static void a_writer_that_leaves_in_mid_line_harms_no_other(void **state)
{
    int one = writer(), other = writer();

    (void)state;
    put(one, DEVICE "{\"device\":\"hub\",\"property\":\"a\",\"va");
    put(other, "{\"device\":\"hub\",\"property\":\"b\",");
    look();
    close(one);
    look();
    put(other, "\"value\":2}\n{\"device\":\"hub\",\"property\":\"c\",\"value\":3}"); /* the last line feed forgotten */
    close(other);
    assert_string_equal(look(), "b=2 c=3 ");
    assert_int_equal(source->bad, 1);
}

static void a_fifth_writer_is_sent_away_and_the_four_go_on(void **state)
{
    int fds[4], fifth;
    char byte, text[100];

    (void)state;
    for (int i = 0; i < 4; i++)
        fds[i] = writer();
    put(fds[0], DEVICE);
    look();
    fifth = writer();
    look();
    assert_non_null(strstr(said, "a fifth writer of device state was sent away"));
    assert_int_equal(recv(fifth, &byte, 1, MSG_DONTWAIT), 0);
    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof text, "{\"device\":\"hub\",\"property\":\"w%d\",\"value\":%d}\n", i, i);
        put(fds[i], text);
    }
    assert_string_equal(look(), "w0=0 w1=1 w2=2 w3=3 ");
    close(fifth);
    close(fds[0]);
    look();
    fds[0] = writer(); /* a place is free again */
    put(fds[0], "{\"device\":\"hub\",\"property\":\"w0\",\"value\":9}\n");
    assert_string_equal(look(), "w0=9 ");
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

static void writers_that_come_and_go_between_two_looks_lose_nothing(void **state)
{
    int fds[5];
    char text[100];

    (void)state;
    fds[0] = writer();
    put(fds[0], DEVICE);
    close(fds[0]);
    look();
    for (int i = 0; i < 5; i++) {
        fds[i] = writer();
        snprintf(text, sizeof text, "{\"device\":\"hub\",\"property\":\"w%d\",\"value\":%d}\n", i, i);
        put(fds[i], text);
        close(fds[i]);
    }
    assert_string_equal(look(), "w0=0 w1=1 w2=2 w3=3 w4=4 ");
    assert_string_equal(said, "");
}

static void the_socket_is_private_and_goes_when_the_source_goes(void **state)
{
    struct stat about;

    (void)state;
    assert_int_equal(stat(spec + 5, &about), 0);
    assert_true(S_ISSOCK(about.st_mode));
    assert_int_equal(about.st_mode & 0777, 0600);
    client_state_source_free(source);
    source = NULL;
    assert_int_equal(stat(spec + 5, &about), -1);
    assert_int_equal(errno, ENOENT);
}

static void what_is_in_the_way_is_left_alone_but_for_a_dead_socket_of_our_own(void **state)
{
    struct client_state_source *first = source;
    char why[CLIENT_STATE_WHY_BYTES];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat about;
    int fd;

    (void)state;
    assert_int_equal(open_source("state.sock", why), PROTO_ERR_IO); /* somebody listens there */
    assert_null(source);
    assert_non_null(strstr(why, "there is something that is no FIFO"));
    source = first;
    close(writer()); /* it was not disturbed */
    folder_write(&folder, "file", "precious", 8);
    assert_int_equal(open_source("file", why), PROTO_ERR_IO);
    assert_non_null(strstr(why, "name a FIFO that exists"));
    assert_int_equal(stat(spec + 5, &about), 0);
    assert_int_equal(about.st_size, 8);
    assert_int_equal(open_source("file/below", why), PROTO_ERR_IO);
    snprintf(spec, sizeof spec, "json:%s/%0200d", folder.path, 1);
    assert_int_equal(client_state_source_open(spec, (struct client_state_log){0}, &source, why), PROTO_ERR_RANGE);
    assert_non_null(strstr(why, "too long for a socket"));
    assert_int_equal(client_state_source_open("mqtt", (struct client_state_log){0}, &source, why), PROTO_ERR_NOT_FOUND);
    assert_non_null(strstr(why, "mqtt: no source of device state has this name; use linux, json:PATH, mdns"));
    /* a companion that was killed left its socket behind */
    memcpy(address.sun_path, folder_path(&folder, "dead.sock"), strlen(folder.path) + sizeof "/dead.sock");
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    assert_ok(open_source("dead.sock", why));
    fd = writer();
    put(fd, DEVICE);
    assert_string_equal(look(), "[hub] ");
    close(fd);
    client_state_source_free(source);
    source = first;
}

#define FILL 65536

static void what_is_written_while_nobody_may_read_is_thrown_away(void **state)
{
    static char full[FILL];
    int fd = writer();

    (void)state;
    put(fd, "{\"device\":\"early\",\"kind\":\"hub\"}\n{\"device\":\"ear");
    assert_true(client_state_source_drop(source)); /* reading begins */
    put(fd, "ly\",\"kind\":\"hub\"}\n" DEVICE "{\"device\":\"la");
    assert_string_equal(look(), "[hub] ");
    client_state_source_drop(source); /* the consent ends in the middle of a line */
    put(fd, "mp\",\"kind\":\"light\"}\n" DEVICE "{\"device\":\"hub\",\"property\":\"load\",\"value\":1}\n");
    client_state_source_drop(source);
    memset(full, '\n', sizeof full);
    for (int i = 0; i < 3; i++) { /* a writer that goes on and on is never kept waiting */
        assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
        while (write(fd, full, sizeof full) > 0)
            ;
        client_state_source_drop(source);
        put(fd, "\n");
    }
    assert_string_equal(look(), "");
    put(fd, "{\"device\":\"hub\",\"property\":\"load\",\"value\":2}\n");
    assert_string_equal(look(), "load=2 ");
    assert_string_equal(said, "");
    close(fd);
}

static void who_left_while_nobody_might_read_keeps_no_place(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        int fd = writer();

        put(fd, "{\"device\":\"early\",\"kind\":\"hub\"}\n");
        close(fd);
        client_state_source_drop(source);
    }
    int fd = writer();

    put(fd, DEVICE);
    assert_string_equal(look(), "[hub] ");
    assert_string_equal(said, "");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_while_nobody_may_read_is_thrown_away, fifo_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_written_while_nobody_may_read_is_thrown_away, socket_up, tear_down),
        cmocka_unit_test_setup_teardown(who_left_while_nobody_might_read_keeps_no_place, socket_up, tear_down),
        cmocka_unit_test_setup_teardown(each_bad_line_names_value_and_rule, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_device_has_a_name_and_leaves_with_its_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(good_lines_between_bad_ones_are_all_taken, fifo_up, tear_down),
        cmocka_unit_test_setup_teardown(good_lines_between_bad_ones_are_all_taken, socket_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_is_too_long_is_left_out_and_the_next_one_taken, fifo_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_is_too_long_is_left_out_and_the_next_one_taken, socket_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_fifo_lives_from_writer_to_writer, fifo_up, tear_down),
        cmocka_unit_test_setup_teardown(a_writer_that_leaves_in_mid_line_harms_no_other, socket_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fifth_writer_is_sent_away_and_the_four_go_on, socket_up, tear_down),
        cmocka_unit_test_setup_teardown(writers_that_come_and_go_between_two_looks_lose_nothing, socket_up, tear_down),
        cmocka_unit_test_setup_teardown(the_socket_is_private_and_goes_when_the_source_goes, socket_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_in_the_way_is_left_alone_but_for_a_dead_socket_of_our_own, socket_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
