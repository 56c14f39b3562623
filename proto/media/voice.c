/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/media/voice.h"

/* From a narrower step to this one at `enough_bps` of the picture, away from it below `least_bps`. */
static const struct step {
    int64_t least_bps, enough_bps;
    int bps, frames;
} steps[] = {
    {500000, 600000, PROTO_VOICE_BPS_MAX, 1},
    {150000, 200000, 16000, PROTO_VOICE_FRAMES_MAX},
    {0, 0, PROTO_VOICE_BPS_MIN, PROTO_VOICE_FRAMES_MAX},
};

enum { LAST = sizeof steps / sizeof *steps - 1 };
enum { MUCH_MS = 250, LITTLE_MS = 100, BUSY_S = 3, CALM_S = 30, CALM_MAX_S = 480 };

static void stand_on(struct proto_voice *voice, int step)
{
    voice->bps = steps[step].bps;
    voice->frames = steps[step].frames;
    voice->step = step;
    voice->busy_s = voice->calm_s = 0;
}

void proto_voice_init(struct proto_voice *voice)
{
    *voice = (struct proto_voice){.patience_s = CALM_S};
    stand_on(voice, 0);
}

void proto_voice_line(struct proto_voice *voice, int64_t line_bps)
{
    int step = voice->step;

    if (line_bps <= 0)
        return;
    while (line_bps < steps[step].least_bps)
        step++;
    if (step == voice->step)
        while (step > 0 && line_bps >= steps[step - 1].enough_bps)
            step--;
    stand_on(voice, step);
}

void proto_voice_waits(struct proto_voice *voice, int64_t waits_ms)
{
    if (waits_ms < 0)
        return;
    voice->busy_s = waits_ms > MUCH_MS ? voice->busy_s + 1 : 0;
    voice->calm_s = waits_ms < LITTLE_MS ? voice->calm_s + 1 : 0;
    if (voice->busy_s >= BUSY_S && voice->step < LAST) {
        stand_on(voice, voice->step + 1);
        voice->patience_s = voice->patience_s * 2 < CALM_MAX_S ? voice->patience_s * 2 : CALM_MAX_S;
    } else if (voice->calm_s >= voice->patience_s && voice->step > 0) {
        stand_on(voice, voice->step - 1);
    }
}
