/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/log/proofs.h"

#include <inttypes.h>
#include <string.h>

#include "proto/log/text.h"
#include "proto/seal/base64.h"

#define MARK "--- "
#define MARK_BYTES 4

static const char first_line[] = "c2sp.org/tlog-proof@v1\n";

/* ---- writing ---- */

void proto_log_proofs_keys(struct proto_buf *out, const char *log_vkey, const struct proto_note_key *customer)
{
    proto_buf_printf(out, MARK "keys\nlog %s\n", log_vkey);
    if (customer) {
        proto_buf_put_text(out, "customer ");
        proto_note_key_format(customer, out);
        proto_buf_put_text(out, "\n");
    }
}

void proto_log_proofs_certificate(struct proto_buf *out, const uint8_t *der, size_t len)
{
    proto_buf_put_text(out, "certificate ");
    proto_base64_put(out, der, len);
    proto_buf_put_text(out, "\n");
}

enum proto_err proto_log_proofs_add(struct proto_buf *out, const struct proto_log_proof *proof)
{
    proto_buf_printf(out, MARK "entry %" PRIu64 "\n", proof->index);
    return proto_log_proof_write(out, proof);
}

/* ---- reading ---- */

/* The next line that begins with the mark, from the start of a line on; the end when there is none. */
static const char *next_mark(const char *at, const char *end)
{
    while (at < end && !((size_t)(end - at) >= MARK_BYTES && !memcmp(at, MARK, MARK_BYTES))) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        at = line_end ? line_end + 1 : end;
    }
    return at;
}

static bool is_word(const struct proto_log_line *line, const char *word, struct proto_log_line *value)
{
    size_t len = strlen(word);

    if (line->len <= len || memcmp(line->text, word, len) != 0)
        return false;
    *value = (struct proto_log_line){line->text + len, line->len - len};
    return true;
}

static enum proto_err take_log(struct proto_log_proofs *out, const struct proto_log_line *value)
{
    struct proto_note_key key;

    if (out->log_vkey[0] || value->len > PROTO_NOTE_VKEY_MAX || proto_note_key_parse(&key, value->text, value->len))
        return PROTO_ERR_FORMAT;
    memcpy(out->log_vkey, value->text, value->len);
    return PROTO_OK;
}

static enum proto_err take_key(struct proto_log_proofs *out, const struct proto_log_line *line)
{
    struct proto_log_line value;

    if (is_word(line, "log ", &value))
        return take_log(out, &value);
    if (is_word(line, "customer ", &value) && !out->has_customer) {
        out->has_customer = true;
        return proto_note_key_parse(&out->customer, value.text, value.len) ? PROTO_ERR_FORMAT : PROTO_OK;
    }
    if (is_word(line, "certificate ", &value) && out->certificate_count < PROTO_LOG_PROOFS_CERTIFICATES &&
        value.len <= PROTO_LOG_PROOFS_VALUE_MAX) {
        out->certificates[out->certificate_count++] = (struct proto_log_span){value.text, value.len};
        return PROTO_OK;
    }
    return PROTO_ERR_FORMAT;
}

enum proto_err proto_log_proofs_open(struct proto_log_proofs *out, const char *text, size_t len)
{
    const char *end = text + len, *keys = next_mark(text, end);
    struct proto_log_line line;

    memset(out, 0, sizeof *out);
    if (len > PROTO_LOG_PROOFS_FILE_MAX || memchr(text, '\0', len))
        return PROTO_ERR_FORMAT;
    out->rest = (struct proto_log_span){text, len};
    if (len >= sizeof first_line - 1 && !memcmp(text, first_line, sizeof first_line - 1))
        return keys == end ? PROTO_OK : PROTO_ERR_FORMAT; /* one bare proof */
    struct proto_log_lines lines = {keys, end};
    if (keys - text > PROTO_LOG_PROOFS_WORDS_MAX || proto_log_line_next(&lines, &line) || line.len != MARK_BYTES + 4 ||
        memcmp(line.text, MARK "keys", line.len) != 0)
        return PROTO_ERR_FORMAT;
    out->words = (struct proto_log_span){text, (size_t)(keys - text)};
    const char *proofs = next_mark(lines.at, end);
    lines.end = proofs;
    while (lines.at < lines.end)
        if (proto_log_line_next(&lines, &line) || take_key(out, &line))
            return PROTO_ERR_FORMAT;
    out->rest = (struct proto_log_span){proofs, (size_t)(end - proofs)};
    return out->log_vkey[0] && proofs < end ? PROTO_OK : PROTO_ERR_FORMAT;
}

/* The line above a proof, which says its number. */
static enum proto_err take_number(struct proto_log_lines *lines, uint64_t *index)
{
    struct proto_log_line line, value;

    if (proto_log_line_next(lines, &line) || !is_word(&line, MARK "entry ", &value))
        return PROTO_ERR_FORMAT;
    return proto_log_line_decimal(&value, index);
}

static bool is_end(const char *text, size_t len)
{
    static const char mark[] = MARK "end\n";

    return len >= sizeof mark - 1 && !memcmp(text, mark, sizeof mark - 1);
}

enum proto_err proto_log_proofs_next(struct proto_log_proofs *proofs, struct proto_log_proof *out)
{
    const char *end = proofs->rest.text + proofs->rest.len;
    struct proto_log_lines lines = {proofs->rest.text, end};
    uint64_t index = 0;

    if (proofs->rest.len == 0 || (proofs->log_vkey[0] && is_end(proofs->rest.text, proofs->rest.len)))
        return PROTO_ERR_NOT_FOUND;
    if (proofs->taken++ == PROTO_LOG_PROOFS_MAX || (proofs->log_vkey[0] && take_number(&lines, &index)))
        return PROTO_ERR_FORMAT;
    lines.end = next_mark(lines.at, end);
    proofs->rest = (struct proto_log_span){lines.end, (size_t)(end - lines.end)};
    enum proto_err err = proto_log_proof_parse(out, lines.at, (size_t)(lines.end - lines.at));
    return !err && proofs->log_vkey[0] && out->index != index ? PROTO_ERR_FORMAT : err;
}
