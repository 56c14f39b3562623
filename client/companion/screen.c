/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define STATUS_BYTES 1024u
#define ROWS_MIN 4 /* a smaller terminal keeps all its rows for the talk */

struct client_screen {
    enum client_screen_kind kind;
    unsigned short rows, columns; /* of the terminal with its bottom line taken; 0: not taken */
    char shown[STATUS_BYTES];     /* the bottom line as painted last */
    uint32_t what;                /* PLAIN: the state that was printed last */
};

enum proto_err client_screen_new(struct client_screen **out, enum client_screen_kind kind)
{
    struct client_screen *s = calloc(1, sizeof *s);

    *out = s;
    if (!s)
        return PROTO_ERR_NOMEM;
    s->kind = kind;
    s->what = UINT32_MAX;
    return PROTO_OK;
}

void client_screen_line(struct client_screen *s, const char *format, ...)
{
    va_list args;

    if (s->kind == CLIENT_SCREEN_SILENT)
        return;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

void client_screen_text(struct client_screen *s, const struct proto_buf *text)
{
    if (s->kind == CLIENT_SCREEN_SILENT || text->failed)
        return;
    fwrite(text->bytes, 1, text->len, stdout);
    fflush(stdout);
}

/* Rows 1 to n-1 scroll, row n is ours. The line feed and the step back keep the cursor out of row n. */
static void take_bottom_row(struct client_screen *s)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < ROWS_MIN || size.ws_col < 20) {
        s->rows = 0;
        return;
    }
    if (size.ws_row == s->rows && size.ws_col == s->columns)
        return;
    s->rows = size.ws_row;
    s->columns = size.ws_col;
    s->shown[0] = '\0';
    printf("\n\0337\033[1;%dr\0338\033[1A", s->rows - 1);
}

/* Cut to the width: one column a character, which a cut too much never breaks. */
static void cut(char *text, unsigned columns)
{
    unsigned seen = 0;

    for (char *at = text; *at; at++)
        if (((unsigned char)*at & 0xc0) != 0x80 && ++seen > columns) {
            *at = '\0';
            return;
        }
}

static void paint(struct client_screen *s, char *text, bool alarm)
{
    take_bottom_row(s);
    if (s->rows == 0)
        return;
    cut(text, s->columns);
    if (!strcmp(text, s->shown))
        return;
    snprintf(s->shown, sizeof s->shown, "%s", text);
    printf("\0337\033[%d;1H\033[0;7%sm%s\033[K\033[0m\0338", s->rows, alarm ? ";1" : "", text);
    fflush(stdout);
}

/* What must have changed before a plain screen says it again: not the seconds that are left. */
static uint32_t state_of(const struct client_status *status)
{
    uint32_t what = (uint32_t)status->connected | (uint32_t)status->paused << 1 | (uint32_t)status->over << 2 |
                    (uint32_t)(status->peer.name != NULL) << 3;

    for (size_t i = 0; i < status->count; i++)
        what |= 1u << (4 + status->sending[i].capability);
    return what;
}

void client_screen_status(struct client_screen *s, const struct client_status *status)
{
    struct proto_buf line;

    if (s->kind == CLIENT_SCREEN_SILENT || (s->kind == CLIENT_SCREEN_PLAIN && state_of(status) == s->what))
        return;
    s->what = state_of(status);
    proto_buf_init(&line, STATUS_BYTES - 1);
    if (s->kind == CLIENT_SCREEN_TERMINAL)
        proto_buf_put_u8(&line, ' ');
    client_words_status(&line, status);
    proto_buf_put_u8(&line, 0);
    if (!line.failed && s->kind == CLIENT_SCREEN_TERMINAL)
        paint(s, (char *)line.bytes, status->count > 0 && !status->paused);
    else if (!line.failed)
        client_screen_line(s, "[%s]", (char *)line.bytes);
    proto_buf_free(&line);
}

void client_screen_free(struct client_screen *s)
{
    if (!s)
        return;
    if (s->rows > 0) {
        printf("\0337\033[1;%dr\033[%d;1H\033[K\0338", s->rows, s->rows);
        fflush(stdout);
    }
    free(s);
}
