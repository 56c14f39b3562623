/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/invite.h"

#include <qrencode.h>
#include <sodium.h>

#include "agent/desk/invitation.h"
#include "agent/desk/quality.h"
#include "agent/viewer/words.h"

#define QUIET 2 /* modules of white around the code, beside those of the card */

struct _ViewerInvite {
    AdwBin parent_instance;
    /* Template widgets */
    GtkSpinner *spinner;
    GtkLabel *waiting, *address, *code, *spelling;
    GtkDrawingArea *qr;
    GtkEntry *link, *number;
    GtkButton *command, *command_send;
    GtkPopover *command_popover;
    GtkBox *columns;
    /* Owned */
    QRcode *modules;
};

G_DEFINE_TYPE(ViewerInvite, viewer_invite, ADW_TYPE_BIN)

static void draw_qr(GtkDrawingArea *area, cairo_t *cr, int width, int height, void *data)
{
    ViewerInvite *self = data;
    int side = self->modules ? self->modules->width + 2 * QUIET : 1;
    int scale = MAX(1, MIN(width, height) / side); /* whole pixels: scanners like sharp edges */
    int left = (width - side * scale) / 2, top = (height - side * scale) / 2;

    (void)area;
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    if (!self->modules)
        return;
    cairo_set_source_rgb(cr, 0, 0, 0);
    for (int y = 0; y < self->modules->width; y++)
        for (int x = 0; x < self->modules->width; x++)
            if (self->modules->data[y * self->modules->width + x] & 1)
                cairo_rectangle(cr, left + (x + QUIET) * scale, top + (y + QUIET) * scale, scale, scale);
    cairo_fill(cr);
}

static void forget(ViewerInvite *self)
{
    if (!self->modules)
        return;
    sodium_memzero(self->modules->data, (size_t)self->modules->width * (size_t)self->modules->width);
    QRcode_free(self->modules);
    self->modules = NULL;
}

static const char *say(const char *word)
{
    return _(word);
}

static void show_code(ViewerInvite *self, const struct agent_view *view)
{
    struct proto_buf words;
    g_autofree char *address = *view->address ? g_strdup_printf(_("At %s the code"), view->address) : NULL;

    gtk_label_set_label(self->address, address ? address : "");
    gtk_label_set_label(self->code, view->code);
    proto_buf_init_secret(&words, 512);
    agent_invitation_spell(view->code, say, &words);
    proto_buf_put(&words, "", 1);
    gtk_label_set_label(self->spelling, words.failed ? "" : (const char *)words.bytes);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->code), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   words.failed ? "" : (const char *)words.bytes, -1);
    proto_buf_free(&words);
}

static void show_waiting(ViewerInvite *self, const struct agent_view *view, int64_t now_ms)
{
    int64_t link_s = agent_invitation_left_s(view->invited_ms, view->link_s, now_ms);
    int64_t code_s = agent_invitation_left_s(view->invited_ms, view->code_s, now_ms);
    char by_link[AGENT_INVITATION_TIME_BYTES], by_code[AGENT_INVITATION_TIME_BYTES];
    g_autofree char *text = NULL;

    agent_invitation_time(link_s, by_link);
    agent_invitation_time(code_s, by_code);
    if (view->phase == AGENT_VIEW_CONNECTING)
        text = g_strdup(_("Connecting to the relay…"));
    else if (link_s == 0)
        text = g_strdup(_("The invitation has run out: make a new link"));
    else if (code_s == 0)
        text = g_strdup_printf(_("Waiting for the customer · link valid for %s, the code has run out"), by_link);
    else
        text = g_strdup_printf(_("Waiting for the customer · code valid for %s, link for %s"), by_code, by_link);
    gtk_label_set_label(self->waiting, text);
    gtk_widget_set_sensitive(GTK_WIDGET(self->code), code_s > 0);
    gtk_spinner_set_spinning(self->spinner, link_s > 0 || view->phase == AGENT_VIEW_CONNECTING);
}

void viewer_invite_update(ViewerInvite *self, const struct agent_view *view, int64_t now_ms)
{
    show_waiting(self, view, now_ms);
    if (g_strcmp0(gtk_editable_get_text(GTK_EDITABLE(self->link)), view->link) == 0)
        return;
    gtk_editable_set_text(GTK_EDITABLE(self->link), view->link);
    gtk_widget_set_sensitive(GTK_WIDGET(self->columns), *view->link != '\0');
    show_code(self, view);
    forget(self);
    if (*view->link)
        self->modules = QRcode_encodeString8bit(view->link, 0, QR_ECLEVEL_M);
    gtk_widget_queue_draw(GTK_WIDGET(self->qr));
}

const char *viewer_invite_get_number(ViewerInvite *self)
{
    return gtk_editable_get_text(GTK_EDITABLE(self->number));
}

void viewer_invite_set_command(ViewerInvite *self, gboolean there_is)
{
    gtk_widget_set_visible(GTK_WIDGET(self->command), there_is);
}

static void viewer_invite_dispose(GObject *object)
{
    forget(VIEWER_INVITE(object));
    if (VIEWER_INVITE(object)->command_popover)
        gtk_widget_unparent(GTK_WIDGET(g_steal_pointer(&VIEWER_INVITE(object)->command_popover)));
    G_OBJECT_CLASS(viewer_invite_parent_class)->dispose(object);
}

static void viewer_invite_class_init(ViewerInviteClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = viewer_invite_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/handhold/Agent/invite.ui");
    gtk_widget_class_bind_template_child(widget, ViewerInvite, spinner);
    gtk_widget_class_bind_template_child(widget, ViewerInvite, waiting);
    gtk_widget_class_bind_template_child(widget, ViewerInvite, address);
    gtk_widget_class_bind_template_child(widget, ViewerInvite, code);
    gtk_widget_class_bind_template_child(widget, ViewerInvite, spelling);
    gtk_widget_class_bind_template_child(widget, ViewerInvite, qr);
    gtk_widget_class_bind_template_child(widget, ViewerInvite, link);
    gtk_widget_class_bind_template_child(widget, ViewerInvite, number);
    gtk_widget_class_bind_template_child(widget, ViewerInvite, command);
    gtk_widget_class_bind_template_child(widget, ViewerInvite, command_popover);
    gtk_widget_class_bind_template_child(widget, ViewerInvite, command_send);
    gtk_widget_class_bind_template_child(widget, ViewerInvite, columns);
}

static void viewer_invite_init(ViewerInvite *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    gtk_widget_set_parent(GTK_WIDGET(self->command_popover), GTK_WIDGET(self->command));
    g_signal_connect_swapped(self->command, "clicked", G_CALLBACK(gtk_popover_popup), self->command_popover);
    g_signal_connect_swapped(self->command_send, "clicked", G_CALLBACK(gtk_popover_popdown), self->command_popover);
    gtk_drawing_area_set_draw_func(self->qr, draw_qr, self, NULL);
}
