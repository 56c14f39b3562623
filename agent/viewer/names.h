/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/names.h - what assistive technology is told where GTK would say nothing, or the wrong thing. */
#ifndef AGENT_VIEWER_NAMES_H
#define AGENT_VIEWER_NAMES_H

#include <adwaita.h>

/** GTK 4.8 calls "_Copy" "_Copy Copy": names every such button below `widget` by its words alone. */
void viewer_name_buttons(GtkWidget *widget);
/** Sets a button's label, and its name with it. */
void viewer_name_button(GtkButton *button, const char *label);
/** Of one of GTK's or libadwaita's own: names lists by their group, and buttons that are a picture alone. */
void viewer_name_window(GtkWidget *window);
/** The buttons of each toast that it will show: libadwaita 1.2 leaves the name of the one that closes it out. */
void viewer_name_toasts(AdwToastOverlay *overlay);

/** "Too long by 12 characters: …" when `text` has more than `most` bytes of UTF-8, else NULL. Transfers. */
char *viewer_dup_too_long(const char *text, size_t most);
/** The same of what others read, and the log keeps: too long, or with characters that do not show as they are. */
char *viewer_dup_unfit(const char *text);
/** Shows what is wrong with a field under it, NULL: nothing is. */
void viewer_name_wrong(GtkWidget *field, GtkLabel *label, const char *wrong);

#endif
