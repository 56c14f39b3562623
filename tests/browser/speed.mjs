// SPDX-License-Identifier: Apache-2.0
/*
 * Figures, not a test: node speed.mjs. How long until Join can be tapped and until the agent has the first picture, on a
 * slow phone line (1.6 Mbit/s, 150 ms, a CPU four times slower) and without; and the pictures of ten seconds beside those
 * of a bare WebCodecs loop in the same browser and run.
 */
import { openPage } from './browser.mjs';
import { Scene } from './scene.mjs';

const scene = await Scene.open();

async function joinTimes(slow) {
  const agent = await scene.house.agent(), page = await openPage(scene.browser);
  const cdp = await page.context().newCDPSession(page);
  if (slow) {
    await cdp.send('Network.enable');
    await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 200_000 });
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  }
  const opened = Date.now();
  await page.goto(agent.invite.link, { waitUntil: 'commit' });
  await page.waitForSelector('#join');
  const ready = Date.now() - opened;
  await page.waitForSelector('.who.good');
  const known = Date.now() - opened;
  await page.click('#join');
  await agent.await('joined');
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights' });
  await page.waitForSelector('#allow');
  const tapped = Date.now();
  await page.click('#allow');
  await agent.await('first-picture');
  const picture = Date.now() - tapped;
  await page.context().close();
  return { ready_ms: ready, organisation_known_ms: known, allow_to_first_picture_ms: picture };
}

function bareLoop(page, ms) {
  return page.evaluate(async (length) => {
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
    return { encoded_per_s: (encoded / length) * 1000, read_per_s: (read / length) * 1000 };
  }, ms);
}

async function pictures(seconds) {
  const { agent, page } = await scene.showing();
  await page.evaluate(() => {
    window.long = [];
    new PerformanceObserver((list) => window.long.push(...list.getEntries().map((e) => Math.round(e.duration)))).observe({ type: 'longtask' });
  });
  const from = agent.mark();
  await page.waitForTimeout(seconds * 1000);
  const video = agent.events.slice(from).filter((e) => e.event === 'video');
  const long = await page.evaluate(() => window.long);
  await page.context().close();
  return { frames_per_s: video.map((v) => v.frames), latency_p50_ms: video.map((v) => v.latency_ms.p50), long_tasks_ms: long };
}

try {
  console.log(JSON.stringify({ fast: await joinTimes(false) }));
  console.log(JSON.stringify({ slow: await joinTimes(true) }));
  const page = await openPage(scene.browser);
  await page.goto(scene.house.url);
  console.log(JSON.stringify({ bare: await bareLoop(page, 5000) }));
  await page.context().close();
  console.log(JSON.stringify({ page: await pictures(10) }));
} finally {
  await scene.close();
}
