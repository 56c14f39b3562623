/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the relay holds says nothing: a whole session over the real relay core, its log and its store on disk. Every
 * message that the relay received or sent and every byte of its files is searched for texts that were planted in the
 * session.
 *
 * The same program is built a second time with sealing switched off (the linker puts the functions at the end of this
 * file in front of the real ones): there the same search must find every one of them, in messages and on disk.
 */
#include "tests/proto/test.h"

#include "proto/seal/box.h"
#include "proto/seal/kdf.h"
#include "proto/session/session.h"
#include "relay/core/core.h"
#include "relay/log/appender.h"
#include "relay/store/store.h"
#include "tests/proto/session_test.h"

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORIGIN "help.example.org/audit/" WORLD_DOMAIN

/* Where a planted text goes when nothing is sealed. */
static struct plant {
    const char *text;
    bool on_disk; /* evidence holds it */
    size_t in_messages, in_files;
} plants[] = {
    {"PLANTED-CHAT-LINE", false, 0, 0},   {"PLANTED-STATE-VALUE", false, 0, 0}, {"PLANTED-FRAME-MARKER", false, 0, 0},
    {"PLANTED-PURPOSE-TEXT", true, 0, 0}, {"PLANTED-CLIENT-INFO", false, 0, 0}, {"PLANTED-MARK-TEXT", false, 0, 0},
};
enum { PLANTS = sizeof plants / sizeof *plants };

#ifdef PLANT_UNSEALED
static const bool unsealed = true;
#else
static const bool unsealed = false;
#endif

static void search(const void *bytes, size_t len, bool file)
{
    for (size_t i = 0; i < PLANTS; i++) {
        bool found = memmem(bytes, len, plants[i].text, strlen(plants[i].text)) != NULL;
        *(file ? &plants[i].in_files : &plants[i].in_messages) += found;
    }
}

/* ---- the relay ---- */

static struct relay_store *store;
static struct relay_appender *appender;
static struct relay_core *core;
static char folder[] = "/tmp/handhold-plant-XXXXXX";
static bool up[2]; /* agent (connection 1), customer (2) */
static size_t messages, bytes_searched, media_opened, chats;

static int64_t unix_ms(void *context)
{
    (void)context;
    return sw.now.unix_ms;
}
static enum proto_err sign_event(void *context, const char *text, struct proto_buf *note)
{
    (void)context;
    return relay_appender_sign_event(appender, text, note);
}
static void checkpoint(void *context, char note[static PROTO_LOG_CHECKPOINT_MAX])
{
    (void)context;
    relay_appender_checkpoint(appender, note);
}
static enum proto_err consistency(void *context, uint64_t from, uint64_t to, struct proto_log_hashes *out)
{
    (void)context;
    return relay_log_consistency(store, from, to, out);
}

struct leaf_search {
    const uint8_t *leaf_hash;
    bool found;
};
static enum proto_err compare_leaf(void *context, const struct relay_store_entry *entry)
{
    struct leaf_search *leaf = context;
    uint8_t hash[32];

    proto_log_leaf_hash(hash, entry->leaf);
    leaf->found = leaf->found || !memcmp(hash, leaf->leaf_hash, sizeof hash);
    return PROTO_OK;
}
static bool leaf_durable(void *context, const uint8_t leaf_hash[static 32], const uint8_t sid[static 16])
{
    struct leaf_search leaf = {leaf_hash, false};

    (void)context;
    return !relay_store_each_entry_of(store, sid, compare_leaf, &leaf) && leaf.found;
}

static void name_the_log(void)
{
    struct proto_note_key key;
    struct proto_buf vkey;
    char text[700] = "";

    proto_org_init(&sw.base.org, WORLD_DOMAIN);
    sw.base.org.number = 8;
    sw.base.org.time_s = WORLD_TIME_S;
    proto_buf_init(&vkey, sizeof text);
    assert_ok(proto_note_key_init(&key, ORIGIN, sw.log_public));
    proto_note_key_format(&key, &vkey);
    memcpy(text, vkey.bytes, vkey.len);
    proto_buf_free(&vkey);
    assert_ok(proto_org_add_log(&sw.base.org, text));
    sw_publish(&sw);
    proto_buf_put_u8(&sw.base.org_note, 0);
    proto_buf_put_u8(&sw.base.policy_note, 0);
}

static void start_relay(void)
{
    static const uint8_t token_secret[32] = {9};
    char error[RELAY_STORE_ERROR_MAX];
    struct relay_store_config files = {.folder = folder, .random = sw.base.random};
    struct relay_appender_config writer = {.seed = sw.log_seed, .origin = ORIGIN, .unix_ms = unix_ms};
    struct relay_core_config config = {
        .random = sw.base.random,
        .join_host = "help.example.org",
        .origin = ORIGIN,
        .token_secret = token_secret,
        .org_note = (const char *)sw.base.org_note.bytes,
        .policy_note = (const char *)sw.base.policy_note.bytes,
        .org = &sw.base.org,
        .policy = &sw.base.policy,
        .sign_event = sign_event,
        .checkpoint = checkpoint,
        .consistency = consistency,
        .leaf_durable = leaf_durable,
    };

    relay_limits_defaults(&config.limits);
    assert_ok(relay_store_open(&store, &files, error));
    writer.store = store;
    assert_ok(relay_appender_start(&appender, &writer, error));
    assert_ok(relay_core_new(&core, &config, sw.now));
}

/* ---- carrying ---- */

static struct proto_session *end_at(uint32_t connection)
{
    return connection == 1 ? sw.agent : sw.customer;
}

static void take_events(uint32_t connection)
{
    struct proto_event e;

    while (end_at(connection) && proto_session_next_event(end_at(connection), &e)) {
        if (e.kind == PROTO_EVENT_INVITE)
            snprintf(sw.link, sizeof sw.link, "%s", e.invite.link);
        media_opened += e.kind == PROTO_EVENT_MEDIA;
        chats += e.kind == PROTO_EVENT_DATA;
        if (e.kind == PROTO_EVENT_ALARM || e.kind == PROTO_EVENT_ERROR)
            fail_msg("%s", e.error.message);
        if (e.kind == PROTO_EVENT_CONSENT && connection == 2 && e.consent.state == PROTO_CONSENT_REQUESTED)
            assert_ok(proto_session_grant(sw.customer, e.consent.capability, sw.now));
    }
}

static bool to_relay(uint32_t connection)
{
    struct proto_session *s = end_at(connection);
    size_t len;
    const uint8_t *bytes = s && up[connection - 1] ? proto_session_pending(s, &len) : NULL;

    if (!bytes)
        return false;
    search(bytes, len, false);
    messages++;
    bytes_searched += len;
    uint8_t *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    proto_session_sent(s);
    if (relay_core_feed(core, connection, copy, len, sw.now))
        fail_msg("the relay refused a message of type %02x", copy[0]);
    free(copy);
    return true;
}

static bool from_relay(void)
{
    uint32_t connection;
    bool close, moved = false;

    while (relay_core_next_wake(core, &connection, &close)) {
        const uint8_t *bytes;
        size_t len;
        while ((bytes = relay_core_pending(core, connection, &len, sw.now))) {
            search(bytes, len, false);
            messages++;
            bytes_searched += len;
            uint8_t *copy = malloc(len);
            assert_non_null(copy);
            memcpy(copy, bytes, len);
            relay_core_sent(core, connection);
            proto_session_feed(end_at(connection), copy, len, sw.now);
            free(copy);
            take_events(connection);
            moved = true;
        }
        if (close) {
            relay_core_closed(core, connection, sw.now);
            up[connection - 1] = false;
            proto_session_disconnected(end_at(connection), sw.now);
            take_events(connection);
        }
    }
    return moved;
}

static bool disk(void)
{
    const struct relay_job *job;
    static struct relay_result result;
    bool moved = false;

    while ((job = relay_core_next_job(core))) {
        assert_ok(relay_appender_push(appender, job));
        moved = true;
    }
    relay_appender_step(appender);
    while (relay_appender_take_result(appender, &result))
        relay_core_job_done(core, &result, sw.now);
    return moved;
}

static void carry(void)
{
    for (bool moved = true; moved;) {
        take_events(1);
        take_events(2);
        moved = to_relay(1);
        moved = to_relay(2) || moved;
        moved = from_relay() || moved;
        moved = disk() || moved;
    }
}

static void pass(int64_t ms)
{
    carry();
    for (int64_t at = 0; at < ms; at += 100) {
        sw.now.mono_ms += 100;
        sw.now.unix_ms += 100;
        relay_core_tick(core, sw.now);
        proto_session_tick(sw.agent, sw.now);
        if (sw.customer)
            proto_session_tick(sw.customer, sw.now);
        carry();
    }
}

/* ---- the run ---- */

static void join(void)
{
    struct proto_customer_config config = sw.customer_config;

    assert_ok(relay_core_open(core, 1, "192.0.2.1", &sw.base.agent_credential.identity, sw.now));
    assert_ok(proto_session_new_agent(&sw.agent, &sw.agent_config, sw.now));
    up[0] = true;
    proto_session_connected(sw.agent, sw.now);
    carry();
    config.link = sw.link;
    config.client_info = "PLANTED-CLIENT-INFO 1.0";
    assert_ok(proto_session_new_customer(&sw.customer, &config, sw.now));
    assert_ok(relay_core_open(core, 2, "192.0.2.2", NULL, sw.now));
    up[1] = true;
    proto_session_connected(sw.customer, sw.now);
    pass(500);
    assert_true(sw.customer->pair.up);
}

static void say_and_show(void)
{
    static const char frame_text[] = "......PLANTED-FRAME-MARKER......", state_text[] = "battery=PLANTED-STATE-VALUE";
    handhold_Data chat = {.which_body = handhold_Data_chat_tag,
                          .body.chat.text = "PLANTED-CHAT-LINE from the customer"};
    handhold_Data mark = {.which_body = handhold_Data_mark_tag,
                          .body.mark = {.shape = "text", .text = "PLANTED-MARK-TEXT"}};
    static const enum proto_capability wanted[] = {PROTO_CAPABILITY_CAMERA, PROTO_CAPABILITY_DEVICE_STATE};

    for (size_t i = 0; i < 2; i++) {
        assert_ok(proto_session_request(sw.agent, wanted[i], "PLANTED-PURPOSE-TEXT", 0, sw.now));
        pass(1500);
        struct proto_frame frame = {.bytes = (const uint8_t *)(i ? state_text : frame_text),
                                    .len = i ? sizeof state_text : sizeof frame_text,
                                    .key = true};
        assert_ok(proto_session_push_frame(sw.customer, wanted[i], &frame, sw.now));
        pass(100);
    }
    assert_ok(proto_session_send_data(sw.customer, &chat, sw.now));
    assert_ok(proto_session_send_data(sw.agent, &mark, sw.now));
    pass(500);
    assert_int_equal(media_opened, 2);
    assert_int_equal(chats, 2);
    assert_ok(proto_session_withdraw(sw.customer, PROTO_CAPABILITY_CAMERA, sw.now));
    pass(1500);
    proto_session_end(sw.agent, PROTO_END_COMPLETED, sw.now);
    pass(6000);
    assert_true(proto_session_over(sw.agent) && proto_session_over(sw.customer));
}

static size_t search_files(void)
{
    DIR *dir = opendir(folder);
    size_t count = 0;

    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[600];
        struct stat about;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (stat(path, &about) || !S_ISREG(about.st_mode))
            continue;
        FILE *file = fopen(path, "rb");
        uint8_t *bytes = malloc((size_t)about.st_size + 1);
        assert_non_null(file);
        assert_non_null(bytes);
        assert_int_equal(fread(bytes, 1, (size_t)about.st_size, file), about.st_size);
        search(bytes, (size_t)about.st_size, true);
        bytes_searched += (size_t)about.st_size;
        count += about.st_size > 0;
        free(bytes);
        fclose(file);
    }
    closedir(dir);
    return count;
}

static void remove_files(void)
{
    DIR *dir = opendir(folder);

    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
}

static void whole_session(void)
{
    assert_non_null(mkdtemp(folder));
    sw_init(&sw, 71);
    name_the_log();
    start_relay();
    join();
    say_and_show();
    size_t files = search_files(); /* as they lie there while the relay runs */
    assert_true(files >= 2);
    relay_core_free(core);
    relay_appender_free(appender);
    relay_store_close(store);
    assert_true(search_files() >= 2); /* and when it has ended */
    remove_files();
    sw_clear(&sw);
    assert_true(messages > 60);
    print_message("%zu messages and %zu files, %zu bytes searched\n", messages, files, bytes_searched);
}

static void the_relay_never_receives_sends_or_stores_what_was_planted(void **state)
{
    (void)state;
    whole_session();
    for (size_t i = 0; i < PLANTS; i++) {
        if (plants[i].in_messages || plants[i].in_files)
            print_message("%s: in %zu messages, %zu files\n", plants[i].text, plants[i].in_messages,
                          plants[i].in_files);
        assert_int_equal(plants[i].in_messages, 0);
        assert_int_equal(plants[i].in_files, 0);
    }
}

static void without_sealing_the_same_search_finds_every_plant(void **state)
{
    (void)state;
    whole_session();
    for (size_t i = 0; i < PLANTS; i++) {
        print_message("%s: in %zu messages, %zu files\n", plants[i].text, plants[i].in_messages, plants[i].in_files);
        assert_true(plants[i].in_messages > 0);
        assert_true(!plants[i].on_disk || plants[i].in_files > 0);
    }
}

int main(void)
{
    const struct CMUnitTest sealed[] = {cmocka_unit_test(the_relay_never_receives_sends_or_stores_what_was_planted)};
    const struct CMUnitTest open[] = {cmocka_unit_test(without_sealing_the_same_search_finds_every_plant)};

    return unsealed ? cmocka_run_group_tests(open, NULL, NULL) : cmocka_run_group_tests(sealed, NULL, NULL);
}

/* ---- sealing switched off, for the control alone ---- */

#ifdef PLANT_UNSEALED
enum proto_err __wrap_proto_sframe_seal(struct proto_sframe_key *key, uint64_t ctr, const uint8_t *meta,
                                        size_t meta_len, const uint8_t *plain, size_t plain_len, uint8_t *out,
                                        size_t out_capacity, size_t *out_len);
enum proto_err __wrap_proto_sframe_open(struct proto_sframe_key *key, const uint8_t *meta, size_t meta_len,
                                        const uint8_t *frame, size_t frame_len, uint8_t *out, size_t out_capacity,
                                        size_t *out_len);
enum proto_err __wrap_proto_noise_channel_seal(struct proto_noise_channel *channel, const uint8_t *plain,
                                               size_t plain_len, uint8_t *out, size_t out_capacity, size_t *out_len);
enum proto_err __wrap_proto_noise_channel_open(struct proto_noise_channel *channel, const uint8_t *message,
                                               size_t message_len, uint8_t *out, size_t out_capacity, size_t *out_len);
enum proto_err __wrap_proto_box_seal(uint8_t *out, const uint8_t *plain, size_t len, const uint8_t *public_key,
                                     const uint8_t *ephemeral);
int __wrap_crypto_aead_xchacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *clen,
                                                      const unsigned char *m, unsigned long long mlen,
                                                      const unsigned char *ad, unsigned long long adlen,
                                                      const unsigned char *nsec, const unsigned char *npub,
                                                      const unsigned char *k);
int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(unsigned char *m, unsigned long long *mlen, unsigned char *nsec,
                                                      const unsigned char *c, unsigned long long clen,
                                                      const unsigned char *ad, unsigned long long adlen,
                                                      const unsigned char *npub, const unsigned char *k);

enum proto_err __wrap_proto_sframe_seal(struct proto_sframe_key *key, uint64_t ctr, const uint8_t *meta,
                                        size_t meta_len, const uint8_t *plain, size_t plain_len, uint8_t *out,
                                        size_t out_capacity, size_t *out_len)
{
    uint8_t header[PROTO_SFRAME_HEADER_MAX];
    size_t at = proto_sframe_header_write(header, proto_sframe_key_kid(key), ctr);

    (void)meta;
    (void)meta_len;
    *out_len = at + plain_len + PROTO_SFRAME_TAG_BYTES;
    if (*out_len > out_capacity)
        return PROTO_ERR_RANGE;
    memmove(out + at, plain, plain_len);
    memcpy(out, header, at);
    memset(out + at + plain_len, 0, PROTO_SFRAME_TAG_BYTES);
    return PROTO_OK;
}

enum proto_err __wrap_proto_sframe_open(struct proto_sframe_key *key, const uint8_t *meta, size_t meta_len,
                                        const uint8_t *frame, size_t frame_len, uint8_t *out, size_t out_capacity,
                                        size_t *out_len)
{
    uint64_t kid, ctr;
    size_t at;

    (void)key;
    (void)meta;
    (void)meta_len;
    (void)out_capacity;
    *out_len = 0;
    if (proto_sframe_header_parse(frame, frame_len, &kid, &ctr, &at))
        return PROTO_ERR_FORMAT;
    *out_len = frame_len - at - PROTO_SFRAME_TAG_BYTES;
    memmove(out, frame + at, *out_len);
    return PROTO_OK;
}

enum proto_err __wrap_proto_noise_channel_seal(struct proto_noise_channel *channel, const uint8_t *plain,
                                               size_t plain_len, uint8_t *out, size_t out_capacity, size_t *out_len)
{
    (void)channel;
    *out_len = plain_len + PROTO_NOISE_TAG_BYTES;
    if (*out_len > out_capacity)
        return PROTO_ERR_RANGE;
    memmove(out, plain, plain_len);
    memset(out + plain_len, 0, PROTO_NOISE_TAG_BYTES);
    return PROTO_OK;
}

enum proto_err __wrap_proto_noise_channel_open(struct proto_noise_channel *channel, const uint8_t *message,
                                               size_t message_len, uint8_t *out, size_t out_capacity, size_t *out_len)
{
    (void)channel;
    (void)out_capacity;
    *out_len = message_len - PROTO_NOISE_TAG_BYTES;
    memmove(out, message, *out_len);
    return PROTO_OK;
}

enum proto_err __wrap_proto_box_seal(uint8_t *out, const uint8_t *plain, size_t len, const uint8_t *public_key,
                                     const uint8_t *ephemeral)
{
    (void)public_key;
    (void)ephemeral;
    memset(out, 0, PROTO_BOX_OVERHEAD);
    memcpy(out + PROTO_BOX_OVERHEAD, plain, len);
    return PROTO_OK;
}

int __wrap_crypto_aead_xchacha20poly1305_ietf_encrypt(unsigned char *c, unsigned long long *clen,
                                                      const unsigned char *m, unsigned long long mlen,
                                                      const unsigned char *ad, unsigned long long adlen,
                                                      const unsigned char *nsec, const unsigned char *npub,
                                                      const unsigned char *k)
{
    (void)ad, (void)adlen, (void)nsec, (void)npub, (void)k;
    memmove(c, m, mlen);
    memset(c + mlen, 0, crypto_aead_xchacha20poly1305_ietf_ABYTES);
    if (clen)
        *clen = mlen + crypto_aead_xchacha20poly1305_ietf_ABYTES;
    return 0;
}

int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(unsigned char *m, unsigned long long *mlen, unsigned char *nsec,
                                                      const unsigned char *c, unsigned long long clen,
                                                      const unsigned char *ad, unsigned long long adlen,
                                                      const unsigned char *npub, const unsigned char *k)
{
    (void)ad, (void)adlen, (void)nsec, (void)npub, (void)k;
    memmove(m, c, clen - crypto_aead_xchacha20poly1305_ietf_ABYTES);
    if (mlen)
        *mlen = clen - crypto_aead_xchacha20poly1305_ietf_ABYTES;
    return 0;
}
#endif
