/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/recall.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/host/say.h"

#define PREFIX "open-"
#define CUSTOMERS_MAX 32u

struct viewer_recalled *viewer_recalled_new(const char *customer_ref, const char *reference)
{
    struct viewer_recalled *recalled = g_new(struct viewer_recalled, 1);

    recalled->customer_ref = g_strdup(customer_ref ? customer_ref : "");
    recalled->reference = g_strdup(reference ? reference : "");
    return recalled;
}

void viewer_recalled_free(struct viewer_recalled *recalled)
{
    g_free(recalled->customer_ref);
    g_free(recalled->reference);
    g_free(recalled);
}

static char *folder_of(void)
{
    return g_build_filename(g_get_user_state_dir(), "handhold", NULL);
}

void viewer_recall_write(GPtrArray *connected)
{
    g_autofree char *folder = folder_of(), *name = g_strdup_printf(PREFIX "%d", (int)getpid());
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    if (connected->len == 0) {
        g_unlink(path);
        return;
    }
    for (guint i = 0; i < connected->len && i < CUSTOMERS_MAX; i++) {
        const struct viewer_recalled *r = g_ptr_array_index(connected, i);
        g_autofree char *group = g_strdup_printf("%u", i);

        g_key_file_set_string(file, group, "customer", r->customer_ref);
        g_key_file_set_string(file, group, "reference", r->reference);
    }
    g_mkdir_with_parents(folder, 0700);
    text = g_key_file_to_data(file, NULL, NULL);
    if (!g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
        host_say(HOST_WARN, "%s", error->message);
}

static void take_file(const char *path, GPtrArray *out)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_auto(GStrv) groups = NULL;

    if (g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
        groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; group && *group && out->len < CUSTOMERS_MAX; group++) {
        g_autofree char *customer = g_key_file_get_string(file, *group, "customer", NULL);
        g_autofree char *reference = g_key_file_get_string(file, *group, "reference", NULL);

        g_ptr_array_add(out, viewer_recalled_new(customer, reference));
    }
    g_unlink(path);
}

GPtrArray *viewer_recall_take(void)
{
    GPtrArray *out = g_ptr_array_new_with_free_func((GDestroyNotify)viewer_recalled_free);
    g_autofree char *folder = folder_of();
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        long pid = g_str_has_prefix(name, PREFIX) ? strtol(name + strlen(PREFIX), NULL, 10) : 0;

        if (pid > 0 && (pid == getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH)))
            take_file(path, out);
    }
    if (dir)
        g_dir_close(dir);
    return out;
}
