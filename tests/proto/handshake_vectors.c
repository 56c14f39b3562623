/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/proto/handshake_vectors.c - writes whole handshakes as JSON, for a second implementation to repeat byte for
 * byte: by link, by code, and a resume of each. All inputs are there, in the order in which an end draws them.
 *
 *     handshake_vectors FILE      exits 0 when it was written, and a second world gave the same bytes
 */
#include "tests/proto/test.h"

#include "tests/proto/pairing_world.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void put_hex(json_t *object, const char *name, const void *bytes, size_t len)
{
    char *hex = (char *)malloc(2 * len + 1);

    assert_non_null(hex);
    sodium_bin2hex(hex, 2 * len + 1, (const uint8_t *)bytes, len);
    assert_int_equal(json_object_set_new(object, name, json_string(hex)), 0);
    free(hex);
}

static void put_text(json_t *object, const char *name, const char *text)
{
    assert_int_equal(json_object_set_new(object, name, json_string(text)), 0);
}

/* What each end draws, in order; NULL ends a list. */
static const struct {
    enum proto_pairing_mode mode;
    const char *name, *customer[6], *agent[4];
} modes[] = {
    {PROTO_PAIRING_LINK, "link", {"ephemeral", "n_c", "resume_psk"}, {"ephemeral", "n_a"}},
    {PROTO_PAIRING_CODE,
     "code",
     {"cpace_n_c", "cpace_random", "ephemeral", "n_c", "resume_psk"},
     {"cpace_random", "ephemeral", "n_a"}},
    {PROTO_PAIRING_RESUME, "resume", {"ephemeral", "n_c", "resume_psk"}, {"ephemeral", "n_a"}},
};

static json_t *draws_json(const struct world_draws *draws, const char *const *names)
{
    json_t *object = json_object();

    for (size_t i = 0; i < draws->count; i++) {
        assert_non_null(names[i]);
        put_hex(object, names[i], draws->bytes[i], draws->len[i]);
    }
    return object;
}

static json_t *messages_json(const struct world *w)
{
    json_t *messages = json_array();

    for (size_t i = 0; i < w->carried; i++) {
        json_t *message = json_object();

        put_text(message, "from", w->log[i].to_agent ? "customer" : "agent");
        put_hex(message, "body", w->log[i].bytes, w->log[i].len);
        assert_int_equal(json_array_append_new(messages, message), 0);
    }
    return messages;
}

static json_t *result_json(struct world *w)
{
    const struct proto_pairing_result *r = proto_pairing_result(w->agent);
    const char *words[PROTO_CHECK_WORDS];
    struct proto_noise_channel customer;
    json_t *result = json_object(), *list = json_array();

    put_hex(result, "handshake_hash", r->hash, sizeof r->hash);
    put_hex(result, "commit_a", r->check.commit, sizeof r->check.commit);
    put_hex(result, "resume_psk", r->resume_psk, sizeof r->resume_psk);
    assert_ok(proto_check_words(&r->check, words));
    for (int i = 0; i < PROTO_CHECK_WORDS; i++)
        assert_int_equal(json_array_append_new(list, json_string(words[i])), 0);
    json_object_set_new(result, "check_words", list);
    assert_ok(proto_pairing_take_channel(w->customer, &customer));
    put_hex(result, "customer_to_agent_key", customer.send.key, sizeof customer.send.key);
    put_hex(result, "agent_to_customer_key", customer.receive.key, sizeof customer.receive.key);
    proto_noise_channel_clear(&customer);
    return result;
}

static void put_secret(json_t *object, const struct world *w, enum proto_pairing_mode mode)
{
    char code[PROTO_CODE_TEXT_MAX + 1];
    struct proto_buf link;

    if (mode == PROTO_PAIRING_LINK) {
        proto_buf_init_secret(&link, PROTO_INVITE_LINK_MAX + 1);
        assert_ok(proto_invite_link_build(&w->link, &link));
        proto_buf_put_u8(&link, 0);
        put_text(object, "link", (const char *)link.bytes);
        proto_buf_free(&link);
    } else if (mode == PROTO_PAIRING_CODE) {
        assert_ok(proto_invite_code_format(&w->code, code));
        put_text(object, "code", code);
    } else {
        put_hex(object, "resume_psk", w->customer_keys.newest.psk, PROTO_KEY_BYTES);
        put_hex(object, "resume_id", w->customer_keys.newest.id, PROTO_RESUME_ID_BYTES);
    }
}

static json_t *handshake_json(struct world *w, size_t mode)
{
    json_t *object = json_object();

    put_text(object, "mode", modes[mode].name);
    put_secret(object, w, modes[mode].mode);
    assert_true(world_pair(w, modes[mode].mode));
    put_hex(object, "sid", proto_pairing_result(w->agent)->sid, PROTO_SID_BYTES);
    json_object_set_new(object, "customer_draws", draws_json(&w->customer_draws, modes[mode].customer));
    json_object_set_new(object, "agent_draws", draws_json(&w->agent_draws, modes[mode].agent));
    json_object_set_new(object, "messages", messages_json(w));
    json_object_set_new(object, "result", result_json(w));
    world_settle(w);
    return object;
}

static json_t *organisation_json(const struct world *w)
{
    json_t *object = json_object(), *chain = json_array();
    const struct proto_credential *agent = &w->agent_credential;

    for (size_t i = 0; i < agent->chain_len; i++) {
        json_t *certificate = json_object();

        put_hex(certificate, "der", agent->chain[i].bytes, agent->chain[i].len);
        assert_int_equal(json_array_append_new(chain, certificate), 0);
    }
    json_object_set_new(object, "agent_chain", chain);
    put_hex(object, "agent_seed", agent->secret_key, 32);
    put_hex(object, "ca_fp", agent->identity.root_fingerprint, PROTO_IDENTITY_HASH_BYTES);
    json_object_set_new(object, "org_note", json_stringn((const char *)w->org_note.bytes, w->org_note.len));
    json_object_set_new(object, "policy_note", json_stringn((const char *)w->policy_note.bytes, w->policy_note.len));
    return object;
}

static char *vectors(void)
{
    static struct world w;
    json_t *root = json_object(), *handshakes = json_array();
    static const size_t order[] = {0, 2, 1, 2}; /* link, its resume, code, its resume */

    world_init(&w, 1);
    put_text(root, "protocol", "handhold/1");
    put_text(root, "join_host", WORLD_HOST);
    put_text(root, "client_info", "Handhold companion, Debian 12");
    json_object_set_new(root, "unix_s", json_integer(WORLD_TIME_S));
    put_hex(root, "cs_seed", w.cs_secret, 32);
    json_object_set_new(root, "organisation", organisation_json(&w));
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        assert_int_equal(json_array_append_new(handshakes, handshake_json(&w, order[i])), 0);
    json_object_set_new(root, "handshakes", handshakes);
    world_clear(&w);
    char *text = json_dumps(root, JSON_INDENT(1));

    assert_non_null(text);
    json_decref(root);
    return text;
}

static const char *path;

static void the_vectors_are_the_same_each_time_and_are_written(void **state)
{
    char folder[4096], *first = vectors(), *second = vectors();

    (void)state;
    assert_string_equal(first, second);
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');

    if (slash) {
        *slash = '\0';
        mkdir(folder, 0755);
    }
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(first, file) >= 0 && fputc('\n', file) == '\n');
    assert_int_equal(fclose(file), 0);
    free(first);
    free(second);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_vectors_are_the_same_each_time_and_are_written)};

    if (argc != 2) {
        fprintf(stderr, "handshake_vectors FILE\n");
        return 64;
    }
    path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
