/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/broken.h - what an end proved against this log, kept over a restart.
 *
 * An end that shows a checkpoint which the log's own key signed, and which the stored log does not lead to, proves that
 * there are two histories under one key. The relay grants nothing from then on, and keeps that checkpoint in
 * D/relay/broken: a start on the same log is refused until the newest data folder is back, or an officer has ended the
 * log (handhold-audit recover, which takes the file for its evidence). The file proves itself: one that this log's key
 * did not sign, or that the stored log does lead to, says nothing.
 */
#ifndef RELAY_SERVE_BROKEN_H
#define RELAY_SERVE_BROKEN_H

#include "relay/serve/report.h"
#include "relay/serve/serve.h"

/** Keeps the first proof; what comes after it says no more. A failure is said once, and tried again. */
void serve_broken_keep(struct serve *serve, const char *note);
/** Each second: what could not be written down is written when the disk has room again. */
void serve_broken_tick(struct serve *serve);
/** At a start, with the log open: false when the file proves that this log must not go on; the report says so. */
bool serve_broken_check(struct serve *serve, struct serve_report *report);

#endif
