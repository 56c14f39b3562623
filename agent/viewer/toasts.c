/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/toasts.h"

#define ROW "row" /* on the overlay */
#define LOOK_MS 100

struct waiting {
    AdwToast *toast; /* owned */
    gconstpointer key;
};

struct row {
    AdwToastOverlay *overlay; /* borrowed: it owns this */
    GQueue waiting;           /* of struct waiting */
    guint look;               /* whether the one before has left; 0: nobody waits */
    AdwToast *shown;          /* weak */
    gconstpointer shown_key;
};

static void free_waiting(void *data)
{
    struct waiting *w = data;

    g_object_unref(w->toast);
    g_free(w);
}

static void free_row(void *data)
{
    struct row *row = data;

    g_clear_handle_id(&row->look, g_source_remove);
    g_clear_weak_pointer(&row->shown);
    g_queue_clear_full(&row->waiting, free_waiting);
    g_free(row);
}

static struct row *row_of(AdwToastOverlay *overlay)
{
    struct row *row = g_object_get_data(G_OBJECT(overlay), ROW);

    if (row)
        return row;
    row = g_new0(struct row, 1);
    row->overlay = overlay;
    g_queue_init(&row->waiting);
    g_object_set_data_full(G_OBJECT(overlay), ROW, row, free_row);
    return row;
}

/* No toast is in it, none that leaves either: the next comes in by itself. */
static gboolean is_free(AdwToastOverlay *overlay)
{
    GtkWidget *inside = adw_toast_overlay_get_child(overlay);

    for (GtkWidget *child = gtk_widget_get_first_child(GTK_WIDGET(overlay)); child;
         child = gtk_widget_get_next_sibling(child))
        if (child != inside)
            return FALSE;
    return TRUE;
}

/* Takes a reference of the caller's. */
static void show(struct row *row, AdwToast *toast, gconstpointer key)
{
    g_set_weak_pointer(&row->shown, toast);
    row->shown_key = key;
    adw_toast_overlay_add_toast(row->overlay, toast);
}

static gboolean on_look(void *data)
{
    struct row *row = data;
    struct waiting *next;

    if (g_queue_is_empty(&row->waiting)) { /* what waited was seen meanwhile */
        row->look = 0;
        return G_SOURCE_REMOVE;
    }
    if (!is_free(row->overlay) || !gtk_widget_get_root(GTK_WIDGET(row->overlay)))
        return G_SOURCE_CONTINUE;
    next = g_queue_pop_head(&row->waiting);
    show(row, g_object_ref(next->toast), next->key);
    free_waiting(next);
    if (!g_queue_is_empty(&row->waiting))
        return G_SOURCE_CONTINUE;
    row->look = 0;
    return G_SOURCE_REMOVE;
}

static struct waiting *find(struct row *row, gconstpointer key)
{
    for (GList *link = row->waiting.head; link; link = link->next)
        if (((struct waiting *)link->data)->key == key)
            return link->data;
    return NULL;
}

void viewer_toasts_add(AdwToastOverlay *overlay, AdwToast *toast, gconstpointer key)
{
    struct row *row = row_of(overlay);
    struct waiting *w = find(row, key);

    if (!w && !row->look && is_free(overlay)) {
        show(row, toast, key);
        return;
    }
    if (w) {
        g_object_unref(w->toast);
    } else {
        w = g_new(struct waiting, 1);
        w->key = key;
        g_queue_push_tail(&row->waiting, w);
    }
    w->toast = toast;
    if (!row->look)
        row->look = g_timeout_add(LOOK_MS, on_look, row);
}

void viewer_toasts_forget(AdwToastOverlay *overlay, gconstpointer key)
{
    struct row *row = row_of(overlay);
    struct waiting *w = find(row, key);

    if (w) {
        g_queue_remove(&row->waiting, w);
        free_waiting(w);
    }
    if (row->shown && row->shown_key == key)
        adw_toast_dismiss(row->shown);
}

AdwToast *viewer_toasts_new(const char *text)
{
    g_autofree char *words = g_markup_escape_text(text, -1);

    return adw_toast_new(words);
}

void viewer_toasts_say(AdwToastOverlay *overlay, const char *text)
{
    viewer_toasts_add(overlay, viewer_toasts_new(text), NULL);
}
