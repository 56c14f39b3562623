/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/send.h"

#include "agent/desk/invitation.h"
#include "agent/viewer/words.h"

#define MESSAGE_BYTES 8192u

static void put_message(const struct viewer_settings *s, const struct viewer_invitation *i, struct proto_buf *out)
{
    const char *text =
        *s->message ? s->message : _("Hello, please open this link so that I can help you. It works once:\n{link}\n");

    agent_invitation_fill(text, i->link, i->code, i->address, out);
    proto_buf_put(out, "", 1);
}

static void show(GtkWindow *parent, struct proto_buf *uri, enum proto_err err)
{
    proto_buf_put(uri, "", 1);
    if (err == PROTO_OK && !uri->failed)
        gtk_show_uri(parent, (const char *)uri->bytes, GDK_CURRENT_TIME);
    proto_buf_free(uri);
}

void viewer_send_mail(GtkWindow *parent, const struct viewer_settings *settings,
                      const struct viewer_invitation *invitation)
{
    struct proto_buf body, uri;
    enum proto_err err;

    proto_buf_init_secret(&body, MESSAGE_BYTES);
    proto_buf_init_secret(&uri, 4 * MESSAGE_BYTES);
    put_message(settings, invitation, &body);
    err = body.failed
              ? PROTO_ERR_FULL
              : agent_invitation_mailto("", *settings->subject ? settings->subject : _("Your link for our help"),
                                        (const char *)body.bytes, &uri);
    show(parent, &uri, err);
    proto_buf_free(&body);
}

void viewer_send_sms(GtkWindow *parent, const struct viewer_settings *settings,
                     const struct viewer_invitation *invitation)
{
    struct proto_buf body, uri;
    enum proto_err err;

    proto_buf_init_secret(&body, MESSAGE_BYTES);
    proto_buf_init_secret(&uri, 4 * MESSAGE_BYTES);
    put_message(settings, invitation, &body);
    err = body.failed ? PROTO_ERR_FULL : agent_invitation_sms("", (const char *)body.bytes, &uri);
    show(parent, &uri, err);
    proto_buf_free(&body);
}

/* ---- the organisation's command ---- */

struct sending {
    void (*done)(void *context, const char *wrong);
    void *context;
};

static void on_done(GObject *source, GAsyncResult *result, void *data)
{
    GSubprocess *process = G_SUBPROCESS(source);
    g_autofree struct sending *sending = data;
    g_autofree char *errors = NULL, *wrong = NULL;
    g_autoptr(GError) error = NULL;

    if (!g_subprocess_communicate_utf8_finish(process, result, NULL, &errors, &error))
        wrong = g_strdup(error->message);
    else if (!g_subprocess_get_successful(process))
        wrong =
            g_strdup_printf(_("The command did not send the link: %s"),
                            errors && *errors ? g_strstrip(errors) : _("it gave no reason; look into the preferences"));
    sending->done(sending->context, wrong);
}

void viewer_send_command(const struct viewer_settings *settings, const struct viewer_invitation *invitation,
                         const char *to, void (*done)(void *context, const char *wrong), void *context)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = NULL;
    g_autoptr(GSubprocess) process = NULL;
    g_autofree char *input = g_strdup_printf("%s\n%s\n", invitation->link, to);
    struct sending *sending;

    if (g_shell_parse_argv(settings->command, NULL, &words, &error))
        process = g_subprocess_newv(
            (const char *const *)words,
            G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
    if (!process) {
        done(context, error->message);
        return;
    }
    sending = g_new(struct sending, 1);
    *sending = (struct sending){done, context};
    g_subprocess_communicate_utf8_async(process, input, NULL, on_done, sending);
}
