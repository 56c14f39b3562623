/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/marks.h - what was drawn on the picture, by both ends, with undo and redo of what the agent drew.
 *
 * The customer's end knows a mark by its number and shows or clears it; undo is therefore a clear, and redo draws the
 * same mark under a new number. The list says what is to be sent; whoever owns the desk sends it and hands the number
 * back.
 */
#ifndef AGENT_DESK_MARKS_H
#define AGENT_DESK_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/desk/desk.h"
#include "proto/util/err.h"

#define AGENT_MARKS_MAX 256u /* kept; the oldest leave */

enum agent_mark_tool {
    AGENT_MARK_POINTER, /* no mark: the pointer follows the mouse */
    AGENT_MARK_ARROW,
    AGENT_MARK_LINE, /* freehand */
    AGENT_MARK_CIRCLE,
    AGENT_MARK_RECTANGLE,
    AGENT_MARK_TEXT,
    AGENT_MARK_NUMBER,
    AGENT_MARK_HIGHLIGHT,
    AGENT_MARK_TOOLS,
};
/** "arrow": the shape on the wire; "" for the pointer. */
const char *agent_mark_shape(enum agent_mark_tool tool);
/** LINE for a shape that is not known: something is shown rather than nothing. */
enum agent_mark_tool agent_mark_tool_of(const char *shape);
/** "Arrow": message id. */
const char *agent_mark_label(enum agent_mark_tool tool);

#define AGENT_MARK_COLOURS 5u
struct agent_mark_colour {
    const char *name; /* message id */
    uint8_t r, g, b;
};
/** In the order of the wire (handhold.proto, Mark). Colours that keep 3:1 against white, black and grey by the dark and
 * light edge that each stroke has. */
const struct agent_mark_colour *agent_mark_colour(uint32_t index);

struct agent_mark {
    uint32_t id; /* 0: it is not at the customer's end (yet) */
    enum agent_mark_tool tool;
    uint32_t colour;
    uint32_t ts_ms; /* media time of the picture it was drawn on */
    bool mine, shown;
    size_t pairs;
    float points[2 * AGENT_DESK_POINTS_MAX]; /* 0..1 */
    char text[PROTO_MAX_VALUE_BYTES + 1];
};

struct agent_marks {
    struct agent_mark *items; /* owned; in the order in which they are drawn */
    size_t count;
    size_t undone;    /* of ours, at the end of the history, that redo brings back */
    uint32_t numbers; /* of the next numbered point, less one */
    uint64_t version;
};

void agent_marks_init(struct agent_marks *marks);
void agent_marks_clear(struct agent_marks *marks);

/** Keeps a copy of our new mark and returns it: send it, then hand over its number. NULL: out of memory. */
const struct agent_mark *agent_marks_add(struct agent_marks *marks, const struct agent_mark *mark);
/** The oldest of ours without a number was sent under this one; 0: it could not be sent, and is gone. */
void agent_marks_sent(struct agent_marks *marks, uint32_t id);
/** The customer drew, or changed what they drew. */
void agent_marks_theirs(struct agent_marks *marks, const handhold_Mark *mark);
/** The customer cleared theirs: this one, or all (0). */
void agent_marks_their_clear(struct agent_marks *marks, uint32_t id);

bool agent_marks_can_undo(const struct agent_marks *marks);
bool agent_marks_can_redo(const struct agent_marks *marks);
/** Takes our last mark away; its number is what to clear at the customer's end. 0: there is none. */
uint32_t agent_marks_undo(struct agent_marks *marks);
/** Brings the last one that was undone back: send it. NULL: there is none. */
const struct agent_mark *agent_marks_redo(struct agent_marks *marks);
/** All of both ends are gone, and so is the history. */
void agent_marks_wipe(struct agent_marks *marks);
/** 1 for the first numbered point that is shown, and so on. */
uint32_t agent_marks_next_number(const struct agent_marks *marks);

/**
 * Fewer points of a freehand stroke: those within `tolerance` (0..1 of the picture) of the line between their
 * neighbours leave (Ramer, Douglas and Peucker), more until at most `max` are left. In place; returns the pairs left.
 */
size_t agent_mark_simplify(float *points, size_t pairs, float tolerance, size_t max);

#endif
