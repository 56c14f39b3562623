/* SPDX-License-Identifier: Apache-2.0 */
/* A step of the demo where there is a display: the reader is the agent, in the window; a companion says yes. */
#include <signal.h>
#include <stdlib.h>

#include "tests/demo/demo.h"
#include "tests/demo/paper.h"

enum { LOOK_MS = 500 };
#ifdef HANDHOLD_VIEWER
static const bool has_window = true;
#else
static const bool has_window = false;
#endif

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value && *value;
}

/* Why no window opens; NULL: one does. */
static const char *why_not(void)
{
    if (!has_window)
        return "These programs were built without the agent's window, which takes libgtk-4-dev and libadwaita-1-dev.";
    return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
               ? NULL
               : "There is no display here, so the agent above had no window. On a desktop this demo opens it.";
}

static struct demo_child *open_window(struct demo *d)
{
    const char *const argv[] = {"handhold-agent",
                                "--json",
                                "--invite",
                                "--relay",
                                d->staff_url,
                                "--identity",
                                demo_path(d, "org/staff/ana"),
                                "--ca",
                                demo_path(d, "org/ca/ca.crt"),
                                "--reference",
                                "TICKET-1042",
                                NULL};

    return demo_child_start(&d->children, "window", argv);
}

static struct demo_child *join_it(struct demo *d, const char *link)
{
    const char *clip = demo_path(d, "clip.y4m");
    const char *const argv[] = {"handhold-client",
                                "--json",
                                "--ca",
                                demo_path(d, "org/ca/ca.crt"),
                                "--camera",
                                d->camera ? d->camera : clip,
                                "--state",
                                "linux",
                                "--consent",
                                "camera,device-state,still",
                                link,
                                NULL};

    return demo_child_start(&d->children, "visitor", argv);
}

bool demo_window(struct demo *d)
{
    const char *why = why_not();
    struct demo_child *window, *visitor;
    json_t *event;

    paper_heading("The same in the agent's window");
    if (why) {
        paper_line("%s", why);
        return true;
    }
    window = open_window(d);
    event = window ? demo_child_expect(&d->children, window, DEMO_WAIT_MS, "invite", NULL) : NULL;
    if (!event)
        return demo_failed(window, "the agent's window invites");
    visitor = join_it(d, demo_text(event, "link"));
    if (!visitor || !demo_child_expect(&d->children, visitor, DEMO_WAIT_MS, "joined", NULL))
        return demo_failed(visitor, "a customer joins the window");
    paper_line(
        "A window has opened, and a customer has joined: you are the agent now. Ask for the camera (Alt+1), point "
        "and draw, look at the device. This customer says yes to the camera, the device and photos. Close the "
        "window when you have seen enough; the demo goes on then.");
    while (window->out >= 0 && !demo_is_stopped())
        demo_children_watch(&d->children, LOOK_MS);
    if (demo_is_stopped())
        return demo_failed(window, "the window is closed");
    if (demo_child_stop(&d->children, window, 0, DEMO_WAIT_MS) != 0)
        return demo_failed(window, "the window closes in order");
    (void)demo_child_stop(&d->children, visitor, SIGTERM, DEMO_WAIT_MS);
    return true;
}
