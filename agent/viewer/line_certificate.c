/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's certificate, renewed in time: new sessions begin with the newest, GTK's thread is told. */
#include "agent/viewer/end.h"
#include "proto/host/say.h"

struct news {
    struct viewer_line *line;
    enum agent_renewal_news news;
    int64_t until_s;
    char *why;
};

static void free_news(void *data)
{
    struct news *news = data;

    g_free(news->why);
    g_free(news);
}

static void free_credential(void *data)
{
    proto_credential_clear(data);
    g_free(data);
}

/* GTK's thread. News that nobody listens to yet waits for who will. */
static gboolean dispatch(void *data)
{
    struct news *news = data;
    struct viewer_line *line = news->line;

    if (line->told) {
        line->told(line->told_context, news->news, news->until_s, news->why);
        free_news(news);
    } else {
        g_ptr_array_add(line->untold, news);
    }
    return G_SOURCE_REMOVE;
}

static void take(struct viewer_line *line, const struct proto_credential *renewed)
{
    struct proto_credential *copy = g_new0(struct proto_credential, 1);

    if (proto_credential_dup(copy, renewed) != PROTO_OK) {
        g_free(copy); /* the file has it: the next start takes it */
        return;
    }
    g_ptr_array_add(line->renewed, copy);
    g_atomic_pointer_set(&line->credential, copy);
}

static void on_renewal(void *context, const struct agent_renewal_told *told)
{
    struct viewer_line *line = context;
    struct news *news = g_new(struct news, 1);

    if (told->news == AGENT_RENEWAL_DONE)
        take(line, told->renewed);
    if (told->news == AGENT_RENEWAL_REFUSED)
        host_say(HOST_WARN, "your certificate was not renewed: %s", told->why);
    *news = (struct news){line, told->news, told->until_s, g_strdup(told->why ? told->why : "")};
    g_idle_add(dispatch, news);
}

void viewer_line_watch_certificate(struct viewer_line *line)
{
    const struct agent_renewal_config config = {.loop = line->loop,
                                                .url = line->config.url,
                                                .ca_file = line->config.ca_file,
                                                .identity = line->config.identity,
                                                .told = on_renewal,
                                                .context = line};

    line->renewed = g_ptr_array_new_with_free_func(free_credential);
    line->untold = g_ptr_array_new_with_free_func(free_news);
    if (agent_renewal_new(&line->renewal, &config) != PROTO_OK)
        host_say_err("renewing the certificate", PROTO_ERR_NOMEM);
}

void viewer_line_forget_certificates(struct viewer_line *line)
{
    agent_renewal_free(line->renewal);
    g_ptr_array_unref(line->renewed);
    g_ptr_array_unref(line->untold);
}

void viewer_line_listen(struct viewer_line *line,
                        void (*told)(void *context, enum agent_renewal_news news, int64_t until_s, const char *why),
                        void *context)
{
    line->told = told;
    line->told_context = context;
    while (told && line->untold->len > 0) {
        struct news *news = g_ptr_array_steal_index(line->untold, 0);

        told(context, news->news, news->until_s, news->why);
        free_news(news);
    }
}
