/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/property_words.h - what devices and their properties are called for people, and how figures are read.
 *
 * A property has its name of client/state/names.h on the wire, in conditions of guides and in JSON; people are shown
 * these words, in English here, as the window translates them. A name that a product made up is shown as it is.
 */
#ifndef AGENT_DESK_PROPERTY_WORDS_H
#define AGENT_DESK_PROPERTY_WORDS_H

#include "proto/util/number.h"

#define AGENT_DESK_FIGURE_BYTES 80u
#define AGENT_DESK_DURATION_MAX_S 3155760000.0 /* a century: what is more is no duration */

struct agent_desk_property_words {
    const char *title;    /* NULL: nobody gave it another name */
    const char *yes, *no; /* of a property that is true or false */
};

struct agent_desk_property_words agent_desk_property_words(const char *name);
/** What a device of this kind is; NULL for a kind that a product made up. */
const char *agent_desk_kind_words(const char *kind);
/** The words for an id that stands where a device has neither name nor model; NULL: the id is all there is. */
const char *agent_desk_id_words(const char *id);
/** A number and its unit as people read them: 3 d 4 h for 273600 s, 7.8 GiB for 8000 MiB. `unit` may be NULL. */
void agent_desk_property_figure(double number, const char *unit, char out[static AGENT_DESK_FIGURE_BYTES]);

#endif
