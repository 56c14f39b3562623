/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/words.h - gettext in the viewer: _() translates now, N_() marks for later. */
#ifndef AGENT_VIEWER_WORDS_H
#define AGENT_VIEWER_WORDS_H

#include <libintl.h>

#define VIEWER_DOMAIN "handhold"
#define _(text) dgettext(VIEWER_DOMAIN, text)
#ifndef N_
#define N_(text) text
#endif

/**
 * What comes from rooms that know no translation: "value: rule; way out", each part as agent/po/words.c has it, and a
 * value as it is. Transfers.
 */
char *viewer_dup_words(const char *text);

#endif
