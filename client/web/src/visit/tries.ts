// SPDX-License-Identifier: Apache-2.0
/*
 * visit/tries.ts - how soon a connection that is lost is made again, and how long one may take: as proto/host/uplink.h. A line
 * that is back must not wait for us while the session waits for whoever was lost; the jitter keeps everybody from meeting a
 * relay that comes back in the same instant.
 */
const FIRST_MS = 200, EAGER_TRIES = 15, EAGER_MOST_MS = 1000, MOST_MS = 5000;
const IMPATIENT_MS = 2500, PATIENT_MS = 8000; /* a try from before the line was back hangs; a slow line needs its time now and then */

/** Before try number `tries`, from 0, which is at once. `dice`: 0 to 1. */
export function pauseMs(tries: number, dice: number): number {
  if (tries === 0) return 0;
  const most = tries <= EAGER_TRIES ? EAGER_MOST_MS : MOST_MS, pause = Math.min(FIRST_MS * 2 ** (tries - 1), most);
  return pause * (0.5 + dice / 2);
}

export function patienceMs(tries: number): number {
  return tries % 3 === 2 ? PATIENT_MS : IMPATIENT_MS;
}
