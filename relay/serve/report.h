/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/report.h - what the start-up checks find: said as errors when starting, as a table by --check.
 *
 * Each finding names a value, what is so about it, and the way out. A start ends at the first error; --check goes on as
 * far as it can and prints every row, good ones too.
 */
#ifndef RELAY_SERVE_REPORT_H
#define RELAY_SERVE_REPORT_H

#include <stdbool.h>

enum serve_level { SERVE_FINE, SERVE_WARNING, SERVE_ERROR };

struct serve_report {
    bool table, json; /* --check, --json */
    unsigned warnings, errors;
    bool ends_soon; /* a certificate: --check fails, so that whoever runs it each day hears of it in time */
};

/** One finding. `way_out` may be NULL. Not to be given a secret. */
void serve_report_add(struct serve_report *report, enum serve_level level, const char *value, const char *finding,
                      const char *way_out);
/** The same with words in the manner of printf. */
void serve_report_fine(struct serve_report *report, const char *value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * A sentence of the store or the log, which names its own place (a path below `dir`) and its own way out: "D/data is in
 * use; stop the other". Each goes where a report has it, and nothing is said twice. `place` and `way_out` for a
 * sentence that lacks them.
 */
void serve_report_stored(struct serve_report *report, const char *dir, const char *place, const char *sentence,
                         const char *way_out);

#endif
