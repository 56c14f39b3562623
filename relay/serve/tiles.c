/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/tiles.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/log/tiles_http.h"
#include "relay/serve/tell.h"
#include "relay/serve/witness.h"

enum { PATIENCE_S = 30 }; /* of a connection for its answer */

struct serve_tiles_request {
    struct serve_tiles_request *next;          /* in todo or done */
    struct serve_tiles_request *older, *newer; /* the loop's, of all that there are */
    struct lws *wsi;                           /* the loop's; NULL: the connection has gone */
    char path[RELAY_TILES_PATH_MAX + 1];
    bool with_body, ready;
    enum proto_err err;
    struct relay_tiles_answer found;
    struct proto_buf bytes;
};

struct list {
    struct serve_tiles_request *first, **end;
};

struct serve_tiles {
    struct serve *serve;       /* borrowed */
    struct relay_store *store; /* the thread's */
    pthread_t thread;
    bool has_thread;
    int64_t waiting;  /* the loop's: asked for and not yet delivered */
    uint64_t refused; /* because as many waited as may */
    struct serve_tiles_request *newest;
    pthread_mutex_t lock;
    pthread_cond_t asked;
    struct list todo, done;
    bool ending;
};

/* ---- lists ---- */

static void list_init(struct list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void list_add(struct list *list, struct serve_tiles_request *request)
{
    request->next = NULL;
    *list->end = request;
    list->end = &request->next;
}

static struct serve_tiles_request *list_take(struct list *list)
{
    struct serve_tiles_request *first = list->first;

    if (first && !(list->first = first->next))
        list->end = &list->first;
    return first;
}

static void request_free(struct serve_tiles *tiles, struct serve_tiles_request *request)
{
    *(request->newer ? &request->newer->older : &tiles->newest) = request->older;
    if (request->older)
        request->older->newer = request->newer;
    proto_buf_free(&request->bytes);
    free(request);
}

/* ---- the thread ---- */

/* The newest checkpoint is the store's, unless witnesses have put their names under one that is hardly older. */
static void look_up(struct serve_tiles *tiles, struct serve_tiles_request *request)
{
    char note[PROTO_LOG_CHECKPOINT_MAX];

    proto_buf_init(&request->bytes, RELAY_TILES_BYTES_MAX);
    request->err =
        relay_tiles_get(tiles->store, request->path, strlen(request->path), &request->bytes, &request->found);
    if (!request->err && !request->found.immutable && serve_witnesses_checkpoint(tiles->serve->witnesses, note)) {
        proto_buf_clear(&request->bytes);
        proto_buf_put_text(&request->bytes, note);
    }
}

static void *run(void *context)
{
    struct serve_tiles *tiles = context;

    pthread_mutex_lock(&tiles->lock);
    while (!tiles->ending) {
        struct serve_tiles_request *request = list_take(&tiles->todo);
        if (!request) {
            pthread_cond_wait(&tiles->asked, &tiles->lock);
            continue;
        }
        pthread_mutex_unlock(&tiles->lock);
        look_up(tiles, request);
        pthread_mutex_lock(&tiles->lock);
        list_add(&tiles->done, request);
        host_loop_wake(tiles->serve->loop);
    }
    pthread_mutex_unlock(&tiles->lock);
    return NULL;
}

/* ---- the loop ---- */

static void refuse(struct serve_tiles *tiles, struct lws *wsi)
{
    const char *address = serve_arrival_address(wsi);

    tiles->refused++;
    if (address)
        serve_tell_refused(tiles->serve, address, relay_limit_name(RELAY_BOUND_log_requests));
}

struct serve_answer serve_tiles_ask(struct serve_tiles *tiles, struct lws *wsi, const char *path, bool with_body,
                                    struct serve_tiles_request **request)
{
    struct relay_tiles_path parsed;

    if (relay_tiles_path_parse(&parsed, path, strlen(path)))
        return serve_answer_text(HTTP_STATUS_NOT_FOUND, "The log has /log/checkpoint, /log/tile/L/N and "
                                                        "/log/tile/entries/N (C2SP tlog-tiles).\n");
    bool full = tiles->waiting >= tiles->serve->config->limits.log_requests;
    struct serve_tiles_request *asked = full ? NULL : calloc(1, sizeof *asked);
    if (full)
        refuse(tiles, wsi);
    if (!asked)
        return serve_answer_text(HTTP_STATUS_SERVICE_UNAVAILABLE, "Too much is asked of this log; come back later.\n");
    strcpy(asked->path, path); /* it parsed, so it fits */
    asked->wsi = wsi;
    asked->with_body = with_body;
    asked->older = tiles->newest;
    if (asked->older)
        asked->older->newer = asked;
    tiles->newest = asked;
    tiles->waiting++;
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, PATIENCE_S);
    pthread_mutex_lock(&tiles->lock);
    list_add(&tiles->todo, asked);
    pthread_cond_signal(&tiles->asked);
    pthread_mutex_unlock(&tiles->lock);
    *request = asked;
    return (struct serve_answer){.later = true};
}

uint64_t serve_tiles_refused(const struct serve_tiles *tiles)
{
    return tiles->refused;
}

void serve_tiles_deliver(struct serve_tiles *tiles)
{
    struct serve_tiles_request *request;

    do {
        pthread_mutex_lock(&tiles->lock);
        request = list_take(&tiles->done);
        pthread_mutex_unlock(&tiles->lock);
        if (!request)
            return;
        tiles->waiting--;
        request->ready = true;
        if (request->wsi)
            lws_callback_on_writable(request->wsi);
        else
            request_free(tiles, request);
    } while (true);
}

static struct serve_answer answer_of(struct serve *serve, const struct serve_tiles_request *request)
{
    struct serve_answer answer = {.status = HTTP_STATUS_OK,
                                  .type = request->found.content_type,
                                  .body = request->bytes.bytes,
                                  .size = request->bytes.len,
                                  .cache =
                                      request->found.immutable ? "public, max-age=31536000, immutable" : "no-cache",
                                  .shared = true};

    if (request->err == PROTO_ERR_NOT_FOUND)
        return serve_answer_text(HTTP_STATUS_NOT_FOUND, "This log has no such entries, or not yet.\n");
    if (request->err) {
        if (serve_tell_may_say(serve, HOST_ERROR)) /* strangers may ask, too */
            host_say_err("/log", request->err);
        return serve_answer_text(HTTP_STATUS_INTERNAL_SERVER_ERROR, "The log could not be read.\n");
    }
    return answer;
}

int serve_tiles_write(struct serve_tiles *tiles, struct lws *wsi, struct serve_tiles_request **request,
                      struct serve_body *rest)
{
    struct serve_tiles_request *mine = *request;

    if (!mine->ready)
        return 0;
    struct serve_answer answer = answer_of(tiles->serve, mine);
    *request = NULL; /* the answer may end the connection, which then has nothing to forget */
    int rc = serve_answer_write(wsi, tiles->serve, &answer, mine->with_body, rest);
    request_free(tiles, mine);
    return rc;
}

void serve_tiles_forget(struct serve_tiles *tiles, struct serve_tiles_request **request)
{
    struct serve_tiles_request *mine = *request;

    *request = NULL;
    if (!mine || !tiles)
        return;
    mine->wsi = NULL;
    if (mine->ready)
        request_free(tiles, mine);
}

/* ---- beginning and end ---- */

bool serve_tiles_new(struct serve_tiles **out, struct serve *serve, struct serve_report *report)
{
    struct relay_store_config config = {.folder = serve->folder->data, .read_only = true, .random = host_random()};
    struct serve_tiles *tiles = calloc(1, sizeof *tiles);
    char error[RELAY_STORE_ERROR_MAX] = "memory ran out";

    *out = tiles;
    if (tiles) {
        tiles->serve = serve;
        list_init(&tiles->todo);
        list_init(&tiles->done);
        pthread_mutex_init(&tiles->lock, NULL);
        pthread_cond_init(&tiles->asked, NULL);
        if (!relay_store_open(&tiles->store, &config, error)) {
            int failed = pthread_create(&tiles->thread, NULL, run, tiles);

            tiles->has_thread = !failed;
            snprintf(error, sizeof error, "a thread could not be started (%s)", strerror(failed));
        }
    }
    if (!tiles || !tiles->has_thread)
        serve_report_stored(report, serve->folder->dir, serve->folder->data, error,
                            "close other programs, and start again");
    return tiles && tiles->has_thread;
}

void serve_tiles_free(struct serve_tiles *tiles)
{
    if (!tiles)
        return;
    pthread_mutex_lock(&tiles->lock);
    tiles->ending = true;
    pthread_cond_signal(&tiles->asked);
    pthread_mutex_unlock(&tiles->lock);
    if (tiles->has_thread)
        pthread_join(tiles->thread, NULL);
    while (tiles->newest)
        request_free(tiles, tiles->newest);
    relay_store_close(tiles->store);
    pthread_cond_destroy(&tiles->asked);
    pthread_mutex_destroy(&tiles->lock);
    free(tiles);
}
