/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept for those who want to compare: the receipt, the last picture, and how it left. */
#include <stdio.h>
#include <string.h>

#include "client/companion/companion_inside.h"
#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/wire/header.h"

#define KEEP_BYTES (64u << 20)

/* The newest sealed picture: what a relay is given of it, and all that it ever has. */
void client_companion_leaving(void *context, const uint8_t *message, size_t len)
{
    struct client_companion *c = context;
    struct proto_media_header header;

    if (proto_media_header_parse(message, len, &header) != PROTO_OK || header.class != PROTO_CLASS_VIDEO)
        return;
    proto_buf_clear(&c->sealed);
    proto_buf_put(&c->sealed, message, len);
}

static void keep_picture(const struct client_companion *c, const char *path)
{
    const struct client_frame f = client_video_kept(c->video);
    struct proto_buf out;

    if (f.width == 0)
        return;
    proto_buf_init(&out, KEEP_BYTES);
    proto_buf_printf(&out, "YUV4MPEG2 W%d H%d F30:1 Ip A1:1 C420jpeg\nFRAME\n", f.width, f.height);
    for (int p = 0; p < 3; p++)
        for (int row = 0; row < (p ? (f.height + 1) / 2 : f.height); row++)
            proto_buf_put(&out, f.plane[p] + (ptrdiff_t)row * f.stride[p], (size_t)(p ? (f.width + 1) / 2 : f.width));
    enum proto_err err = out.failed ? PROTO_ERR_RANGE : host_file_write(path, out.bytes, out.len, HOST_PRIVATE);

    if (err != PROTO_OK)
        host_say_err(path, err);
    proto_buf_free(&out);
}

/* Last of all: every note whose receipt came is in it. */
static void keep_receipt(const struct client_companion *c, const char *path)
{
    const struct proto_policy *policy = proto_session_policy(c->session);
    struct client_receipt_about about = {.sid = proto_session_sid(c->session),
                                         .relay = c->config->url,
                                         .contact = policy ? policy->officer.email : "",
                                         .keep_days = policy ? policy->keep_days : 0,
                                         .now_unix_s = host_now().unix_ms / 1000};
    struct proto_buf file;
    enum proto_err err;

    proto_session_keys(c->session, &about.log_vkey, &about.customer_key);
    about.chain_len = proto_session_agent_certificate(c->session, about.chain);
    proto_buf_init_secret(&file, CLIENT_RECEIPT_MAX);
    err = client_receipt_write(c->receipt, &about, &file);
    if (err == PROTO_ERR_STATE)
        host_say(HOST_WARN, "%s: nothing of this session is in the log, so there is no receipt", path);
    if (err == PROTO_ERR_FULL)
        host_say(HOST_WARN, "%s: not all that was logged is in it", path);
    if (err == PROTO_OK || err == PROTO_ERR_FULL)
        err = host_file_write(path, file.bytes, file.len, HOST_PRIVATE);
    if (err != PROTO_OK && err != PROTO_ERR_STATE)
        host_say_err(path, err);
    proto_buf_free(&file);
}

void client_companion_keep(struct client_companion *c)
{
    enum proto_err err;

    if (c->receipt)
        keep_receipt(c, c->config->receipt);

    if (c->config->keep_picture)
        keep_picture(c, c->config->keep_picture);
    if (!c->config->keep_sealed || c->sealed.len == 0)
        return;
    err = host_file_write(c->config->keep_sealed, c->sealed.bytes, c->sealed.len, HOST_PRIVATE);
    if (err != PROTO_OK)
        host_say_err(c->config->keep_sealed, err);
}
