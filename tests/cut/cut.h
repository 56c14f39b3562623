/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/cut/cut.h - the line is cut at every instant of a session, and the table says what then must be so.
 *
 * A row brings a session to an instant, lets somebody do something while the line carries nothing, and cuts it. Then
 * each end has to read what the row says, the session has to go on, and at its end the log has to hold what the row
 * says, no more and no less: what was allowed once stands there once, what nobody allowed does not. The customer is
 * asked as often as the row says. Chat and photos come whole, once and in order, whatever happened. What was paused, on
 * hold or over when the line went is so when it is back: no picture, and no word to capture one, until the row has it.
 *
 *   table.c       the rows
 *   run.c         plays a row in a world, and judges
 *   main.c        all rows as tests
 *   world_test.c  the simulated world: every row on either line; then one long session, cut behind every single message
 *   house_test.c  the real programs over real TLS, with a proxy that holds and cuts, and the log as an officer reads it
 */
#ifndef TESTS_CUT_CUT_H
#define TESTS_CUT_CUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CUT_TEXT_BYTES = 64, CUT_HEARD_MAX = 4096, CUT_DEEDS_MAX = 12, CUT_READS_MAX = 8, CUT_ROWS_MAX = 48 };

enum cut_who { CUT_CUSTOMER, CUT_AGENT, CUT_WHO };

/* What somebody does. The order is that of the table in run.c. */
enum cut_deed {
    CUT_DONE, /* nothing more */
    CUT_JOIN,
    CUT_ASK, /* for the camera */
    CUT_ALLOW,
    CUT_NOT_NOW,   /* to the camera */
    CUT_LOOK,      /* nothing is done: a picture has to come */
    CUT_ASK_STILL, /* for photos */
    CUT_ALLOW_STILL,
    CUT_NOT_NOW_STILL,
    CUT_ASK_BOTH, /* for the camera and photos, on one sheet */
    CUT_ASK_VOICE,
    CUT_ALLOW_VOICE,
    CUT_LISTEN, /* nothing is done: a voice has to come */
    CUT_PHOTO,  /* the agent wants one, … */
    CUT_SEND,   /* … and the customer has looked at it */
    CUT_CUSTOMER_SAYS,
    CUT_AGENT_SAYS,
    CUT_PAUSE,
    CUT_GO_ON,
    CUT_HOLD,
    CUT_BACK,
    CUT_WITHDRAW,
    CUT_GOODBYE, /* the agent taps End: wrap-up */
    CUT_RATE,    /* the customer has given stars, and it is over */
    CUT_LEAVE,   /* the customer taps End */
    CUT_END,     /* the agent taps End, and nobody is there to hear a good-bye */
    CUT_WRONG_PERSON,
    CUT_DEEDS
};

/* What the line does while the deed of the instant is done, before it is cut. */
enum cut_line {
    CUT_HELD,
    CUT_ONE_WAY, /* towards the relay alone, until the log has it */
    CUT_HALF,    /* until half of what is sent has passed, and then nothing */
    CUT_SILENT,  /* nothing, until the other end has read that nothing is heard */
    CUT_UNHEARD, /* from the relay alone, until both ends have read so */
    CUT_WHOLE,   /* after CUT_AWAY: once it was asked for in vain, for longer than anybody waits on a line that is there
                  */
    CUT_CUT,
    CUT_AWAY, /* cut before the deed, which is done by whoever has read so, and not there again until CUT_WHOLE */
};

struct cut_row {
    const char *instant;
    enum cut_deed before[CUT_DEEDS_MAX]; /* done, and come through */
    enum cut_deed at;                    /* done at the instant */
    enum cut_line line;                  /* HELD, ONE_WAY; AWAY: of whoever does it */
    enum cut_deed after[CUT_DEEDS_MAX];  /* done when all that follows is read; without an end the agent ends it */
    const char *reads[CUT_WHO][CUT_READS_MAX]; /* from the cut on, in this order, among other things */
    const char *never[CUT_WHO]; /* not read by who is back, before `until` is done: nothing goes on by itself */
    enum cut_deed until;        /* one of `after` */
    const char *log;            /* what was decided, in order: "grant camera, withdraw camera" */
    const char *end;            /* why it ended, as the log has it; NULL: completed */
    int asked;                  /* questions that were put before the customer */
    bool ended;                 /* the session does not go on: both ends read its end, and nothing is done after */
};

extern const struct cut_row cut_rows[];
extern const int cut_row_count;
/** One long session with everything in it, for cuts behind each of its messages. */
extern const struct cut_row cut_long_session;

/* What an end was told so far, as short texts: "joined", "consent camera granted", "connection resumed", "chat 2". */
struct cut_ear {
    char text[CUT_HEARD_MAX + 1][CUT_TEXT_BYTES]; /* the last is where one is written that finds no room */
    size_t count, from;                           /* what was heard before is not what is waited for */
};

struct cut_world {
    void *context;
    /** Somebody does it, and their program has taken it. `number`: how many times it was done, this one with it. */
    void (*deed)(void *context, enum cut_deed deed, int number);
    void (*line)(void *context, enum cut_line line);
    bool (*half)(void *context);                        /* CUT_HALF: has half of it passed? */
    bool (*hear)(void *context);                        /* time passes; false: enough of it has */
    void (*anew)(void *context);                        /* whoever waits begins to wait again */
    size_t (*logged)(void *context);                    /* entries in the log by now */
    void (*log)(void *context, char *out, size_t size); /* what was decided, as in the row, and ", ended completed" */
    void (*over)(void *context);                        /* both ends have read the end: the programs leave */
    void (*fail)(void *context, const char *text);      /* does not come back */
    enum cut_who cut;                                   /* whose line it is */
    bool sees_each; /* "picture" is one that came, not the figures of some that did */
    struct cut_ear ear[CUT_WHO];
};

void cut_hears(struct cut_ear *ear, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Can the row be played on this line? */
bool cut_is_of(const struct cut_row *row, enum cut_who line);
/** Plays the row to its end, and judges it. */
void cut_run(struct cut_world *world, const struct cut_row *row);
/** All its deeds, without an instant of its own: the line is cut by whoever made the world. */
void cut_run_long(struct cut_world *world, const struct cut_row *row);
/** main() of a world: `behind_each`, then `instant` for each row, which is its initial state; the exit code. */
int cut_main(const char *behind_each_name, void (*behind_each)(void **state), void (*instant)(void **state),
             int (*set_up)(void **state), int (*tear_down)(void **state));

#endif
