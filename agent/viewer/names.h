/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/names.h - what assistive technology is told of a button whose label has a mnemonic. */
#ifndef AGENT_VIEWER_NAMES_H
#define AGENT_VIEWER_NAMES_H

#include <gtk/gtk.h>

/** GTK 4.8 calls "_Copy" "_Copy Copy": names every such button below `widget` by its words alone. */
void viewer_name_buttons(GtkWidget *widget);
/** Sets a button's label, and its name with it. */
void viewer_name_button(GtkButton *button, const char *label);

#endif
