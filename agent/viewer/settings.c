/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stddef.h>
#include <unistd.h>

#define GROUP "agent"

static const struct {
    const char *key;
    size_t offset;
    const char *otherwise; /* NULL: stays unset */
} texts[] = {
    {"relay", offsetof(struct viewer_settings, relay), NULL},
    {"identity", offsetof(struct viewer_settings, identity), NULL},
    {"ca", offsetof(struct viewer_settings, ca), NULL},
    {"command", offsetof(struct viewer_settings, command), ""},
    {"subject", offsetof(struct viewer_settings, subject), ""},
    {"message", offsetof(struct viewer_settings, message), ""},
    {"microphone", offsetof(struct viewer_settings, microphone), "default"},
    {"speaker", offsetof(struct viewer_settings, speaker), "default"},
    {"guides", offsetof(struct viewer_settings, guides), ""},
    {"cases", offsetof(struct viewer_settings, cases), ""},
};

static char **text_at(struct viewer_settings *settings, size_t i)
{
    return (char **)(void *)((char *)settings + texts[i].offset);
}

static char *path_of(void)
{
    return g_build_filename(g_get_user_config_dir(), "handhold", "agent.ini", NULL);
}

static int integer_of(GKeyFile *file, const char *key, int otherwise, int least, int most)
{
    g_autoptr(GError) error = NULL;
    int value = g_key_file_get_integer(file, GROUP, key, &error);

    return error || value < least || value > most ? otherwise : value;
}

static gboolean truth_of(GKeyFile *file, const char *key, gboolean otherwise)
{
    g_autoptr(GError) error = NULL;
    gboolean value = g_key_file_get_boolean(file, GROUP, key, &error);

    return error ? otherwise : value;
}

struct viewer_settings *viewer_settings_load(void)
{
    struct viewer_settings *settings = g_new0(struct viewer_settings, 1);
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *path = path_of();

    (void)g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL); /* without one: the defaults */
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        *text_at(settings, i) = g_key_file_get_string(file, GROUP, texts[i].key, NULL);
        if (!*text_at(settings, i))
            *text_at(settings, i) = g_strdup(texts[i].otherwise);
    }
    settings->sentences = g_key_file_get_string_list(file, GROUP, "sentences", NULL, NULL);
    if (!settings->sentences)
        settings->sentences = g_new0(char *, 1);
    settings->side = truth_of(file, "side", TRUE);
    settings->maximized = truth_of(file, "maximized", FALSE);
    settings->width = integer_of(file, "width", 1200, 360, 16384);
    settings->height = integer_of(file, "height", 760, 360, 16384);
    return settings;
}

void viewer_settings_free(struct viewer_settings *settings)
{
    if (!settings)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*text_at(settings, i));
    g_strfreev(settings->sentences);
    g_free(settings);
}

void viewer_settings_set(char **field, const char *text)
{
    char *copy = g_strdup(text);

    g_free(*field);
    *field = copy;
}

gboolean viewer_settings_save(const struct viewer_settings *s, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *path = path_of(), *folder = g_path_get_dirname(path);

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *text = *(char *const *)(const void *)((const char *)s + texts[i].offset);

        if (text && *text)
            g_key_file_set_string(file, GROUP, texts[i].key, text);
    }
    if (s->sentences[0])
        g_key_file_set_string_list(file, GROUP, "sentences", (const char *const *)s->sentences,
                                   g_strv_length(s->sentences));
    g_key_file_set_boolean(file, GROUP, "side", s->side);
    g_key_file_set_boolean(file, GROUP, "maximized", s->maximized);
    g_key_file_set_integer(file, GROUP, "width", s->width);
    g_key_file_set_integer(file, GROUP, "height", s->height);
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "%s: %s", folder, g_strerror(errno));
        return FALSE;
    }
    return g_key_file_save_to_file(file, path, error);
}

gboolean viewer_settings_append(const char *name, const char *line, gsize len, GError **error)
{
    g_autofree char *folder = g_build_filename(g_get_user_data_dir(), "handhold", NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    gboolean fine = FALSE;
    int fd = -1;

    if (g_mkdir_with_parents(folder, 0700) == 0)
        fd = g_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        fine = write(fd, line, len) == (ssize_t)len && fsync(fd) == 0;
        fine = close(fd) == 0 && fine;
    }
    if (!fine)
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "%s: %s", path, g_strerror(errno));
    return fine;
}
