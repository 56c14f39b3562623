/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A photo that the agent asks for: taken, shown to the person as a file, covered where they want, and sent by their
 * word alone. Until then it is in memory and in one file that only they can read; afterwards it is in neither.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/companion/companion_inside.h"
#include "proto/host/event_line.h"
#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

static void forget(struct client_companion *c)
{
    struct client_companion_still *s = &c->still;

    if (s->path[0])
        (void)unlink(s->path);
    if (s->folder[0])
        (void)rmdir(s->folder);
    client_video_photo_forget(c->video);
    client_mask_clear(&s->mask);
    proto_buf_free(&s->jpeg);
    *s = (struct client_companion_still){0};
}

void client_companion_still_clear(struct client_companion *c)
{
    forget(c);
}

static bool make_folder(struct client_companion_still *s)
{
    const char *run = getenv("XDG_RUNTIME_DIR");

    snprintf(s->folder, sizeof s->folder, "%s/handhold-XXXXXX", run && *run == '/' && strlen(run) < 40 ? run : "/tmp");
    if (mkdtemp(s->folder))
        return true;
    s->folder[0] = '\0';
    return false;
}

/* The frame with all that was covered, as the file that would be sent and the one to look at. */
static enum proto_err develop(struct client_companion *c)
{
    const struct client_frame *taken = client_video_photo_taken(c->video);
    struct client_companion_still *s = &c->still;
    struct client_frame covered;
    enum proto_err err = client_mask_burn(&s->mask, taken, &covered);

    proto_buf_free(&s->jpeg);
    proto_buf_init_secret(&s->jpeg, PROTO_STILL_MAX_BYTES);
    if (err == PROTO_OK)
        err = client_photo_encode(&covered, &s->jpeg);
    if (err != PROTO_OK)
        return err;
    if (!s->folder[0] && !make_folder(s))
        return PROTO_ERR_IO;
    snprintf(s->path, sizeof s->path, "%s/photo-%u.jpg", s->folder, (unsigned)s->id);
    return host_file_write(s->path, s->jpeg.bytes, s->jpeg.len, HOST_PRIVATE);
}

static void give_up(struct client_companion *c, const char *why)
{
    client_companion_error(c, "CAMERA", why);
    if (proto_session_still_discard(c->session, c->still.id, true, host_now()) != PROTO_OK)
        host_say(HOST_DEBUG, "nobody waits for the photo any more");
    forget(c);
}

static void show(struct client_companion *c)
{
    const struct client_frame *f = client_video_photo_taken(c->video);
    struct client_companion_still *s = &c->still;

    s->shown = true;
    if (c->config->json)
        host_event_fields("still",
                          json_pack("{s:I,s:s,s:s,s:i,s:i,s:I}", "still", (json_int_t)s->id, "state", "taken", "file",
                                    s->path, "width", f->width, "height", f->height, "bytes", (json_int_t)s->jpeg.len));
    else
        client_screen_line(c->screen,
                           "* A photo was taken, and is not sent: look at %s\n"
                           "  send sends it, discard does not, mask X,Y,W,H covers a part of it",
                           s->path);
    if (c->input_ended)
        client_companion_still_discard(c, s->id);
}

static void asked(struct client_companion *c, uint32_t id)
{
    char why[CLIENT_WHY_BYTES] = "there is no camera to take a photo with";

    forget(c);
    c->still.id = id;
    if (!c->video || client_video_photo(c->video, host_now().mono_ms, why) != PROTO_OK)
        give_up(c, why);
}

void client_companion_still(struct client_companion *c, const struct proto_event *e)
{
    if (e->still.step == PROTO_STILL_STEP_ASKED) {
        asked(c, e->still.id);
        return;
    }
    forget(c); /* the agent has it, or its consent has ended */
    client_screen_line(c->screen, e->still.step == PROTO_STILL_STEP_WHOLE ? "* the agent has the photo"
                                                                          : "* the photo is not sent: it is gone");
}

void client_companion_still_tick(struct client_companion *c)
{
    struct client_companion_still *s = &c->still;
    enum proto_err err;

    if (!s->id || s->shown || !client_video_photo_taken(c->video))
        return;
    err = develop(c);
    if (err == PROTO_OK)
        show(c);
    else
        give_up(c, err == PROTO_ERR_RANGE ? "the photo is larger than can be sent"
                                          : "the photo could not be kept to be "
                                            "looked at");
}

/* True when this is the photo that the person looks at. */
static bool is_shown(struct client_companion *c, uint32_t id)
{
    if (c->still.id && c->still.shown && c->still.id == id)
        return true;
    client_companion_error(c, proto_err_name(PROTO_ERR_STATE),
                           "there is no such photo to decide about; wait for the event still with state taken");
    return false;
}

void client_companion_still_send(struct client_companion *c, uint32_t id)
{
    struct client_companion_still *s = &c->still;

    if (!is_shown(c, id))
        return;
    const struct client_frame *f = client_video_photo_taken(c->video);
    const struct proto_still still = {s->jpeg.bytes, s->jpeg.len, (uint32_t)f->width, (uint32_t)f->height,
                                      "image/jpeg"};
    enum proto_err err = proto_session_still_send(c->session, id, &still, host_now());
    if (err != PROTO_OK) {
        client_companion_command_error(c, "send", err);
        return;
    }
    forget(c); /* the session has its copy, which it wipes when it is sent */
}

void client_companion_still_discard(struct client_companion *c, uint32_t id)
{
    if (!is_shown(c, id))
        return;
    enum proto_err err = proto_session_still_discard(c->session, id, false, host_now());
    if (err != PROTO_OK)
        client_companion_command_error(c, "discard", err);
    forget(c);
}

void client_companion_still_mask(struct client_companion *c, uint32_t id, const char *rect)
{
    char why[CLIENT_WHY_BYTES];

    if (!is_shown(c, id))
        return;
    if (client_mask_add(&c->still.mask, rect, why) != PROTO_OK) {
        client_companion_error(c, "MASK", why);
        return;
    }
    if (develop(c) == PROTO_OK)
        show(c);
    else
        give_up(c, "the photo could not be covered: it is not sent");
}
