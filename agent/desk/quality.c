/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/quality.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/desk/view.h"

/* Bounds as people notice them: below 20 a second movement is jerky, below 10 it is a row of stills; a delay of over
 * 300 ms is felt when pointing, over 800 ms makes two people talk past each other. */
enum { FPS_GOOD = 20, FPS_FAIR = 10, DELAY_GOOD_MS = 300, DELAY_FAIR_MS = 800, SIDE_FAIR_PX = 480, KBPS_TIGHT = 250 };

enum agent_quality agent_quality_grade(const struct agent_desk_picture_stats *s)
{
    if (s->frames == 0)
        return AGENT_QUALITY_NONE;
    if (s->fps < FPS_FAIR || s->latency_p50_ms > DELAY_FAIR_MS)
        return AGENT_QUALITY_POOR;
    if (s->fps < FPS_GOOD || s->latency_p50_ms > DELAY_GOOD_MS || (s->width < SIDE_FAIR_PX && s->height < SIDE_FAIR_PX))
        return AGENT_QUALITY_FAIR;
    return AGENT_QUALITY_GOOD;
}

void agent_quality_add(struct agent_quality_past *past, const struct agent_desk_picture_stats *stats)
{
    unsigned at = (unsigned)(past->count++ % AGENT_QUALITY_SECONDS);

    past->second[at].grade = agent_quality_grade(stats);
    past->second[at].fps = stats->frames ? stats->fps : 0;
}

bool agent_quality_ago(const struct agent_quality_past *past, unsigned ago, enum agent_quality *grade, double *fps)
{
    if (ago >= AGENT_QUALITY_SECONDS || ago >= past->count)
        return false;
    *grade = past->second[(past->count - 1 - ago) % AGENT_QUALITY_SECONDS].grade;
    *fps = past->second[(past->count - 1 - ago) % AGENT_QUALITY_SECONDS].fps;
    return true;
}

unsigned agent_quality_seconds(const struct agent_quality_past *past, enum agent_quality grade)
{
    enum agent_quality is;
    unsigned seconds = 0;
    double fps;

    for (unsigned ago = 0; agent_quality_ago(past, ago, &is, &fps); ago++)
        seconds += is == grade;
    return seconds;
}

const char *agent_quality_words(enum agent_quality quality)
{
    static const char *const words[] = {"", N_("Good picture"), N_("Fair picture"), N_("Poor picture")};

    return words[quality];
}

const char *agent_quality_reason(const struct agent_desk_picture_stats *s)
{
    if (agent_quality_grade(s) <= AGENT_QUALITY_GOOD)
        return "";
    if (s->latency_p50_ms > DELAY_GOOD_MS)
        return N_("The line is slow: the picture comes late");
    if (s->broken + s->skipped > 0)
        return N_("Parts were lost on the way");
    if (s->kbps < KBPS_TIGHT)
        return N_("The line carries little: the picture is made smaller");
    return N_("Few pictures a second come from the customer");
}

void agent_quality_figures(const struct agent_desk_picture_stats *s, char out[static AGENT_QUALITY_BYTES])
{
    int used = snprintf(out, AGENT_QUALITY_BYTES, "%d×%d · %.0f fps · ", s->width, s->height, s->fps);

    if (used < 0 || used >= AGENT_QUALITY_BYTES)
        return;
    if (s->kbps >= 1000)
        used += snprintf(out + used, (size_t)(AGENT_QUALITY_BYTES - used), "%.1f Mbit/s", s->kbps / 1000);
    else
        used += snprintf(out + used, (size_t)(AGENT_QUALITY_BYTES - used), "%.0f kbit/s", s->kbps);
    if (s->latency_p50_ms >= 0 && used < AGENT_QUALITY_BYTES)
        snprintf(out + used, (size_t)(AGENT_QUALITY_BYTES - used), " · %.0f ms", s->latency_p50_ms);
}

void agent_quality_span(int64_t ms, char out[static 32])
{
    int64_t s = ms / 1000;

    if (s < 60)
        snprintf(out, 32, "%" PRId64 " s", s);
    else if (s < 3600)
        snprintf(out, 32, "%" PRId64 ":%02" PRId64 " min", s / 60, s % 60);
    else
        snprintf(out, 32, "%" PRId64 ":%02" PRId64 " h", s / 3600, s / 60 % 60);
}
