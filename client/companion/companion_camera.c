/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent may do beside looking: light, zoom; and how it takes its leave. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/companion/companion_inside.h"
#include "client/companion/zoom.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

/* ---- light ---- */

/* The file is a LED of the system's (…/brightness), or whatever a product puts in its place. */
static bool write_torch(const char *path, bool on)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, on ? "1\n" : "0\n", 2) == 2;

    if (fd >= 0)
        written = close(fd) == 0 && written;
    return written;
}

void client_companion_torch(struct client_companion *c, bool on)
{
    if (!c->config->torch || c->torch == on)
        return;
    if (!write_torch(c->config->torch, on)) {
        client_companion_error(c, "TORCH",
                               on ? "the light could not be turned on; check the file of --torch"
                                  : "the light could not be turned OFF; check the file of --torch");
        return;
    }
    c->torch = on;
    client_screen_line(c->screen, on ? "* the agent turned the light on" : "* the light is off");
}

/* ---- what the agent works ---- */

void client_companion_camera_told(struct client_companion *c)
{
    handhold_CameraState state = {.can_torch = c->config->torch != NULL,
                                  .torch = c->torch,
                                  .zoom = c->zoom > 1 ? c->zoom : 1,
                                  .zoom_max = CLIENT_ZOOM_MAX};

    if (proto_session_camera_state(c->session, &state, host_now()) != PROTO_OK)
        host_say(HOST_DEBUG, "the camera is not shared: nothing is told of it");
}

void client_companion_camera_control(struct client_companion *c, const handhold_CameraControl *control)
{
    switch (control->which_what) {
    case handhold_CameraControl_torch_tag:
        client_companion_torch(c, control->what.torch);
        break;
    case handhold_CameraControl_zoom_tag:
        if (c->video)
            c->zoom = client_video_zoom(c->video, control->what.zoom);
        client_screen_line(c->screen, "* the agent looks closer: %.1f times", (double)c->zoom);
        break;
    default: /* one lens, and nothing to focus: the state says so */
        break;
    }
    client_companion_camera_told(c);
}

/* ---- good-bye ---- */

static void leave(struct client_companion *c)
{
    host_uplink_end(c->uplink, PROTO_END_COMPLETED);
}

void client_companion_rate(struct client_companion *c, uint32_t stars, bool solved)
{
    if (!c->goodbye) { /* said when it is asked for */
        c->stars = stars;
        c->solved = solved;
        return;
    }
    enum proto_err err = proto_session_rate(c->session, stars, solved, host_now());
    if (err != PROTO_OK)
        client_companion_command_error(c, "rate", err);
    leave(c);
}

void client_companion_goodbye(struct client_companion *c)
{
    c->goodbye = true;
    c->held = false;
    client_screen_line(c->screen, "* The agent says good-bye. Everything was taken back; nothing is sent any more.");
    if (c->stars)
        client_companion_rate(c, c->stars, c->solved);
    else if (!c->stays && (c->config->json || c->config->json_orders || c->input_ended))
        leave(c);
    else
        client_screen_line(c->screen, "  How was it, 1 to 5, and was it solved? Type: 5 yes (or Enter, to leave)");
}
