/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/say.h"

static const char *const level_names[] = {"fine", "warning", "error"};

static void add_row(const struct serve_report *report, enum serve_level level, const char *value, const char *finding,
                    const char *way_out)
{
    if (report->json)
        host_json_event("check", "{s:s,s:s,s:s,s:s}", "level", level_names[level], "what", value, "finding", finding,
                        "way_out", way_out);
    else
        printf("%-8s %-34s %s%s%s\n", level_names[level], value, finding, *way_out ? "; " : "", way_out);
}

void serve_report_add(struct serve_report *report, enum serve_level level, const char *value, const char *finding,
                      const char *way_out)
{
    report->errors += level == SERVE_ERROR;
    report->warnings += level == SERVE_WARNING;
    if (report->table)
        add_row(report, level, value, finding, way_out ? way_out : "");
    else if (level == SERVE_ERROR)
        host_say_error(value, finding, way_out);
    else if (level == SERVE_WARNING)
        host_say(HOST_WARN, "%s: %s%s%s", value, finding, way_out ? "; " : "", way_out ? way_out : "");
}

void serve_report_stored(struct serve_report *report, const char *dir, const char *place, const char *sentence,
                         const char *way_out)
{
    char text[1024], value[1024];
    size_t len = strlen(dir);

    snprintf(text, sizeof text, "%s", sentence);
    char *finding = text, *semicolon = strrchr(text, ';');
    if (semicolon && semicolon[1] == ' ') {
        *semicolon = 0;
        way_out = semicolon + 2;
    }
    if (!strncmp(text, dir, len) && text[len] == '/') {
        len += strcspn(text + len, ": ");
        snprintf(value, sizeof value, "%.*s", (int)len, text);
        place = value;
        finding = text + len + strspn(text + len, ": ");
    }
    serve_report_add(report, SERVE_ERROR, place, finding, way_out);
}

void serve_report_fine(struct serve_report *report, const char *value, const char *format, ...)
{
    char finding[512];
    va_list args;

    va_start(args, format);
    vsnprintf(finding, sizeof finding, format, args);
    va_end(args);
    serve_report_add(report, SERVE_FINE, value, finding, NULL);
}
