/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/settings.h - what an agent has set: one small file, $XDG_CONFIG_HOME/handhold/agent.ini.
 *
 * The first options that were given to the program are kept, so that it starts from the desktop next time. No secret is
 * in it: the key stays in its own file.
 */
#ifndef AGENT_VIEWER_SETTINGS_H
#define AGENT_VIEWER_SETTINGS_H

#include <glib.h>

struct viewer_settings {
    char *relay, *identity, *ca; /* as the options of these names; NULL: not set */
    char *command;               /* sends a link: link and number come on its stdin, a line each; "" none */
    char *subject, *message;     /* of an invitation; {link}, {code}, {address} are filled in; "" the program's own */
    char *microphone, *speaker;  /* "default", "none", or a device's name */
    char *guides, *cases;        /* folders; "": what the relay has */
    char **sentences;            /* ready-made, of the agent's own; empty: the program's */
    gboolean side;               /* the pane beside the picture is open */
    int width, height;           /* of the window */
    gboolean maximized;
};

/** What the file says, with defaults for what it does not. Free with viewer_settings_free(). */
struct viewer_settings *viewer_settings_load(void);
void viewer_settings_free(struct viewer_settings *settings); /* NULL is fine */
/** Writes the file. FALSE: it cannot be written, `error` says why. */
gboolean viewer_settings_save(const struct viewer_settings *settings, GError **error);
void viewer_settings_set(char **field, const char *text);

/** Appends a line to $XDG_DATA_HOME/handhold/NAME, which only this person can read. */
gboolean viewer_settings_append(const char *name, const char *line, gsize len, GError **error);

#endif
