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

static void stand_on(struct proto_voice *voice, int step)
{
    *voice = (struct proto_voice){.bps = steps[step].bps, .frames = steps[step].frames, .step = step};
}

void proto_voice_init(struct proto_voice *voice)
{
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
