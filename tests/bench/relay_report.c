/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/relay_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the table ---- */

static double to_bound(const struct report_row *row)
{
    return row->to_bound > 0 ? row->to_bound : row->bound > 0 ? row->ours / row->bound : 0;
}

static double to_peer(const struct report_row *row)
{
    return row->to_peer > 0 ? row->to_peer : row->peer > 0 ? row->ours / row->peer : 0;
}

static double held_value(const struct report_row *row)
{
    switch (row->held) {
    case HELD_TO_BOUND:
        return to_bound(row);
    case HELD_TO_PEER:
        return to_peer(row);
    default:
        return row->ours;
    }
}

static bool reaches(const struct report_row *row, double goal)
{
    double value = held_value(row);

    return row->more_is_better ? value >= goal : value <= goal;
}

static const char *result_of(const struct report_row *row)
{
    if (row->held == HELD_TO_NOTHING)
        return "";
    if ((row->held == HELD_TO_BOUND && !(row->bound > 0)) || (row->held == HELD_TO_PEER && !(row->peer > 0)))
        return "no peer";
    return reaches(row, row->aim) ? "aim" : reaches(row, row->must) ? "must" : "MISSED";
}

static void number(char out[static 24], double value)
{
    if (value > 0)
        snprintf(out, 24, value < 10 ? "%.2f" : "%.0f", value);
    else
        strcpy(out, "-");
}

static void print_row(FILE *out, const struct report_row *row)
{
    char bound[24], peer[24], by_bound[24], by_peer[24], must[24], aim[24], ours[24];
    bool held = row->held != HELD_TO_NOTHING;

    number(ours, row->ours);
    number(bound, row->bound);
    number(peer, row->peer);
    number(by_bound, to_bound(row));
    number(by_peer, to_peer(row));
    number(must, held ? row->must : 0);
    number(aim, held ? row->aim : 0);
    fprintf(out, "%-52s %9s %9s %9s %7s %6s %7s %6s  %s\n", row->name, row->ours > 0 ? ours : "0", bound, peer,
            by_bound, by_peer, held && !(row->must > 0) ? "0" : must, held && !(row->aim > 0) ? "0" : aim,
            result_of(row));
    fflush(out);
}

static void print_head(FILE *out)
{
    fprintf(out, "%-52s %9s %9s %9s %7s %6s %7s %6s  %s\n", "relay", "ours", "bound", "ws", "÷bound", "÷ws", "must",
            "aim", "result");
}

void report_head(void)
{
    print_head(stdout);
}

void report_add(struct report *report, const struct report_row *row)
{
    if (report->count == REPORT_ROWS)
        return;
    report->rows[report->count++] = *row;
    print_row(stdout, row);
}

void report_throughput(struct report *report, const struct report_row *figures)
{
    struct report_row row = *figures;

    row.held = HELD_TO_BOUND;
    row.must = 0.75;
    row.aim = 0.9;
    row.more_is_better = true;
    report_add(report, &row);
    if (!(row.peer > 0) || report->count == REPORT_ROWS)
        return;
    row.held = HELD_TO_PEER;
    row.must = 1.25;
    row.aim = 1.6;
    report->rows[report->count++] = row; /* the same line on the screen would say nothing new, unless it is missed */
    if (!reaches(&row, row.must))
        print_row(stdout, &row);
}

unsigned report_missed(const struct report *report)
{
    unsigned missed = 0;

    for (size_t i = 0; i < report->count; i++)
        missed += !strcmp(result_of(&report->rows[i]), "MISSED");
    return missed;
}

/* ---- drawings ---- */

enum { WIDTH = 860, LEFT = 300, BAR = 14, GAP = 10, TOP = 60 };

static void svg_head(FILE *out, int height, const char *title)
{
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
            "font-size=\"13\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
            "<text x=\"16\" y=\"26\" font-size=\"17\">%s</text>\n",
            WIDTH, height, title);
}

static void svg_bar(FILE *out, double y, double value, double scale, const char *colour)
{
    fprintf(out,
            "<rect x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>"
            "<text x=\"%.1f\" y=\"%.0f\" fill=\"#333\">%.2f</text>\n",
            LEFT, y, value * scale, BAR, colour, LEFT + value * scale + 6, y + BAR - 2, value);
}

/* Each row that is held to the bound: ours and ws as parts of it. */
static void draw_throughput(const struct report *report, FILE *out)
{
    const double scale = 320;
    double y = TOP;
    int rows = 0;

    for (size_t i = 0; i < report->count; i++)
        rows += report->rows[i].held == HELD_TO_BOUND && report->rows[i].more_is_better;
    svg_head(out, TOP + rows * (2 * BAR + GAP) + 40, "Work for a second of processor, as a part of the bare bound");
    fprintf(out, "<text x=\"16\" y=\"48\" fill=\"#0b6e4f\">handhold-relay</text>"
                 "<text x=\"130\" y=\"48\" fill=\"#b5651d\">npm ws</text>\n");
    for (size_t i = 0; i < report->count; i++) {
        const struct report_row *row = &report->rows[i];

        if (row->held != HELD_TO_BOUND || !row->more_is_better || !(row->bound > 0))
            continue;
        fprintf(out, "<text x=\"%d\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n", LEFT - 10, y + BAR, row->name);
        svg_bar(out, y, to_bound(row), scale, "#0b6e4f");
        if (row->peer > 0)
            svg_bar(out, y + BAR, row->peer / row->bound, scale, "#b5651d");
        y += 2 * BAR + GAP;
    }
    fprintf(out,
            "<line x1=\"%.0f\" y1=\"%d\" x2=\"%.0f\" y2=\"%.0f\" stroke=\"#999\" stroke-dasharray=\"4 3\"/>\n</svg>\n",
            LEFT + scale, TOP - 6, LEFT + scale, y);
}

static void draw_flat(const struct report *report, FILE *out)
{
    enum { HEIGHT = 360, BASE = 310, RIGHT = 820, BEGIN = 80 };
    double most = 1;

    for (size_t i = 0; i < report->flat_count; i++)
        most = fmax(most, report->flat[i].us);
    svg_head(out, HEIGHT, "Processor time of one forwarded message, microseconds, by number of sessions");
    fprintf(out,
            "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#333\"/>\n<polyline fill=\"none\" "
            "stroke=\"#0b6e4f\" stroke-width=\"2\" points=\"",
            BEGIN, BASE, RIGHT, BASE);
    for (size_t i = 0; i < report->flat_count; i++)
        fprintf(out, "%.0f,%.0f ", BEGIN + (log10(report->flat[i].sessions) - 1) * (RIGHT - BEGIN) / 3.2,
                BASE - report->flat[i].us / most * 230);
    fprintf(out, "\"/>\n");
    for (size_t i = 0; i < report->flat_count; i++) {
        double x = BEGIN + (log10(report->flat[i].sessions) - 1) * (RIGHT - BEGIN) / 3.2;

        fprintf(out,
                "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\">%.1f</text>"
                "<text x=\"%.0f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
                x, BASE - report->flat[i].us / most * 230 - 8, report->flat[i].us, x, BASE + 20,
                report->flat[i].sessions);
    }
    fprintf(out, "</svg>\n");
}

static void write_table(const struct report *report, FILE *out)
{
    print_head(out);
    for (size_t i = 0; i < report->count; i++)
        print_row(out, &report->rows[i]);
}

static bool write_file(const struct report *report, const char *folder, const char *name,
                       void (*write)(const struct report *report, FILE *out))
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    if (!out)
        return false;
    write(report, out);
    return !fclose(out);
}

bool report_write(const struct report *report, const char *folder)
{
    (void)mkdir(folder, 0777);
    return write_file(report, folder, "relay.txt", write_table) &&
           write_file(report, folder, "relay-throughput.svg", draw_throughput) &&
           write_file(report, folder, "relay-flat.svg", draw_flat);
}
