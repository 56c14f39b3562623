// SPDX-License-Identifier: Apache-2.0
/*
 * page_speed.mjs [slow] [loop] - figures of the phone page in Chromium, with HANDHOLD_BIN naming the folder of the programs.
 *
 * slow: how long until Join can be tapped and until the agent has the first picture, on an emulated slow phone line (1.6 Mbit/s,
 * 150 ms, a CPU four times slower; what the emulation leaves alone is the WebSocket) and without. loop: pictures of ten seconds
 * at the agent beside those that a bare WebCodecs loop encodes in the same browser and run, and what of the page's own scripts
 * held its thread for 50 ms or more. Left out: both. A goal that is missed is named, and the exit code says so.
 */
import { openPage } from '../browser/browser.mjs';
import { Scene } from '../browser/scene.mjs';

const SLOW = { bytesPerSecond: 200_000, latencyMs: 150, cpu: 4 };
const GOAL = { readyMs: 2000, pictureMs: 3000, longMs: 50, behind: 0.05 };
const SECONDS = 10;
const wanted = process.argv.slice(2);
const missed = [];

const goal = (name, reached) => { if (!reached) missed.push(name); };
const say = (what, figures) => console.log(JSON.stringify({ [what]: figures }));
const scene = await Scene.open();

async function slowDown(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: SLOW.latencyMs, downloadThroughput: SLOW.bytesPerSecond, uploadThroughput: SLOW.bytesPerSecond });
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOW.cpu });
}

/** From opening the link to Join, and from the tap on Allow to a picture at the agent. */
async function join(slow) {
  const agent = await scene.house.agent(), page = await openPage(scene.browser);
  if (slow) await slowDown(page);
  const opened = Date.now();
  await page.goto(agent.invite.link, { waitUntil: 'commit' });
  await page.waitForSelector('#join');
  const ready_ms = Date.now() - opened;
  await page.click('#join');
  await agent.await('joined');
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
  await page.waitForSelector('#allow');
  const tapped = Date.now();
  await page.click('#allow');
  await agent.await('first-picture');
  const allow_to_picture_ms = Date.now() - tapped;
  await page.context().close();
  return { ready_ms, allow_to_picture_ms };
}

/** What the browser can do at all: read the camera, encode each picture. */
async function bareLoop() {
  const page = await openPage(scene.browser);
  await page.goto(scene.house.url);
  const found = await page.evaluate(async (length) => {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } } });
    const [track] = stream.getVideoTracks();
    let encoded = 0, read = 0;
    const encoder = new VideoEncoder({ output: () => { encoded++; }, error: () => undefined });
    encoder.configure({ codec: 'vp8', width: 640, height: 480, bitrate: 900_000, framerate: 30, latencyMode: 'realtime', scalabilityMode: 'L1T3' });
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    for (const end = performance.now() + length; performance.now() < end; read++) {
      const { value } = await reader.read();
      if (encoder.encodeQueueSize <= 2) encoder.encode(value);
      value.close();
    }
    await encoder.flush();
    track.stop();
    return { read_per_s: (read * 1000) / length, encoded_per_s: (encoded * 1000) / length };
  }, SECONDS * 1000);
  await page.context().close();
  return found;
}

/** Scripts of the page that held its thread, by the browser's own account of long frames. */
const watchLong = (page) => page.evaluate(() => {
  window.long = [];
  new PerformanceObserver((list) => {
    for (const frame of list.getEntries()) for (const script of frame.scripts) window.long.push({ ms: Math.round(script.duration), where: script.sourceFunctionName || script.invoker });
  }).observe({ type: 'long-animation-frame' });
});

async function pageLoop() {
  const { agent, page } = await scene.showing();
  await watchLong(page);
  const from = agent.mark();
  await page.waitForTimeout(SECONDS * 1000);
  const video = agent.events.slice(from).filter((e) => e.event === 'video'), long = (await page.evaluate(() => window.long)).filter(({ ms }) => ms >= GOAL.longMs);
  await page.context().close();
  const frames = video.reduce((sum, v) => sum + v.frames, 0);
  return { shown_per_s: frames / video.length, by_second: video.map((v) => v.frames), latency_p50_ms: video.map((v) => v.latency_ms?.p50 ?? null), width: video.at(-1)?.width, long_tasks: long };
}

try {
  if (!wanted.length || wanted.includes('slow')) {
    say('fast', await join(false));
    const slow = await join(true);
    say('slow', slow);
    goal(`ready to tap in ${GOAL.readyMs} ms on the slow line`, slow.ready_ms <= GOAL.readyMs);
    goal(`first picture in ${GOAL.pictureMs} ms on the slow line`, slow.allow_to_picture_ms <= GOAL.pictureMs);
  }
  if (!wanted.length || wanted.includes('loop')) {
    const bare = await bareLoop(), page = await pageLoop();
    say('bare', bare);
    say('page', page);
    goal('as many pictures as the bare loop', page.shown_per_s >= bare.encoded_per_s * (1 - GOAL.behind));
    goal(`no task of ours of ${GOAL.longMs} ms`, page.long_tasks.length === 0);
  }
  say('missed', missed);
} finally {
  await scene.close();
}
process.exitCode = missed.length ? 1 : 0;
