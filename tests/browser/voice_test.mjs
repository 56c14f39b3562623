// SPDX-License-Identifier: Apache-2.0
/* A voice: nothing before the grant, both ways under it, nothing after it; what arrives is what was said. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { openPage } from './browser.mjs';
import { EARS, LISTEN } from './ears.mjs';
import { leave, Scene, taken, untilJoined } from './scene.mjs';
import { levelDb, longestGapMs, middle, partOf, readWav, soundingPart, tone, TONES, tune } from './sound.mjs';
import { heard, liveTracks, look, watch } from './watch.mjs';

const SOUNDING = 0.6; /* of the time: a machine with other work leaves holes that are not ours; how many, is told */
const AGENT_HZ = 1000, PACKETS = 200 /* four seconds */;
/* At 24 kbit/s; and where a machine with other work is taken for a line that is full: two together of 16 and of 10, and one of them alone. */
const OF_A_RATE = [60, 79, 49, 40, 25].map((bytes) => 16 + bytes + 16);
let scene, folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'handhold-voice-'));
  scene = await Scene.open({ flags: [`--use-file-for-fake-audio-capture=${tune(join(folder, 'tune.wav'))}`] });
});
after(async () => {
  await scene?.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

const untilPlayed = (page) => page.waitForFunction((hz) => Math.abs(window.played() - hz) < 20, AGENT_HZ, { polling: 100 });

async function asked(options = {}, ...agentOptions) {
  const people = await scene.invited(options, ...agentOptions), { agent, page } = people;
  await page.evaluate(LISTEN);
  await page.click('#join');
  await untilJoined(scene.house, agent, page);
  await page.waitForSelector('.top .good');
  agent.do({ do: 'request', capability: 'microphone', purpose: 'To talk it through while you look' });
  await page.waitForSelector('#allow');
  return people;
}

async function talking(options, ...agentOptions) {
  const people = await asked(options, ...agentOptions);
  await people.page.click('#allow');
  await people.agent.await('audio', { total_packets: (n) => n > 20 });
  return people;
}

const total = (agent) => agent.most('audio', 'total_packets');

test('what is said arrives whole, from Allow to off and no longer', async (t) => {
  const file = scene.house.path('heard.wav'), people = await asked({}, '--audio', file), { agent, page, seen } = people;
  assert.equal(seen.media, 0);
  assert.equal(await page.evaluate(() => window.tracks.length), 0, 'no microphone opens before the answer');
  assert.equal(await page.isChecked('#hear'), false);
  const before = seen.messages;
  await page.click('#allow');
  await agent.await('audio', { total_packets: (n) => n >= PACKETS });
  assert.ok(seen.messages > before);
  assert.equal(await liveTracks(page), 1);
  assert.deepEqual(await page.evaluate(() => window.tracks.map((t) => [t.kind, t.getSettings().echoCancellation, t.getSettings().noiseSuppression, t.getSettings().autoGainControl])), [['audio', true, true, true]]);
  assert.ok(!seen.requests.some((url) => /opus/.test(url)), 'this browser needs no other codec');
  await page.click('#off-microphone');
  await agent.await('consent', { capability: 'microphone', state: 'withdrawn' });
  assert.equal(await liveTracks(page), 0);
  const sent = seen.media;
  agent.do({ do: 'chat', text: 'Thank you' });
  await page.waitForSelector('.lines .theirs');
  assert.equal(seen.media, sent, 'nothing after it');
  await leave(people);
  await agent.end();
  assert.deepEqual(page.problems, []);

  const sound = middle(readWav(file)), seconds = sound.samples.length / sound.rate;
  assert.ok(seconds > 2, `${seconds} s`);
  assert.ok(levelDb(sound.samples) > -30, `level ${levelDb(sound.samples)} dB`);
  assert.ok(partOf(sound, TONES) > 0.7, `${partOf(sound, TONES)} of it is the tune`);
  assert.ok(soundingPart(sound) > SOUNDING, `${soundingPart(sound)} of the time has sound`);
  t.diagnostic(`${seconds.toFixed(1)} s at ${levelDb(sound.samples).toFixed(1)} dB, ${(100 * partOf(sound, TONES)).toFixed(1)} % of it the tune, longest gap ${longestGapMs(sound)} ms, ${JSON.stringify(agent.events.findLast((e) => e.event === 'audio'))}`);
});

test('each packet has one length, whatever is said', async () => {
  const lengths = new Set(), people = await scene.invited(), { agent, page } = people;
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => { if (payload[0] === 0x20) lengths.add(payload.length); }));
  await page.click('#join');
  await agent.await('joined');
  agent.do({ do: 'request', capability: 'microphone', purpose: 'To talk' });
  await page.click('#allow');
  await agent.await('audio', { total_packets: (n) => n > 20 });
  await page.click('#mute');
  await agent.await('audio', { level_db: (db) => db < -60 }, agent.mark());
  const from = total(agent);
  await agent.await('audio', { total_packets: (n) => n > from + 40 });
  await page.click('#mute');
  await agent.await('audio', { level_db: (db) => db > -40 }, agent.mark());
  assert.ok([...lengths].every((length) => OF_A_RATE.some((bytes) => length > bytes && length <= bytes + 8)), [...lengths].join(' ')); // the counter grows
  const said = await heard(page);
  assert.ok(said.some((line) => /You are muted/.test(line)) && said.some((line) => /can hear you again/.test(line)), said.join(' | '));
  await leave(people);
});

test('the agent is heard by who chose to hear, and by nobody else', async (t) => {
  const people = await talking({}, '--microphone', tone(join(folder, 'agent.wav'), AGENT_HZ)), { agent, page } = people;
  await agent.await('audio', { total_packets: (n) => n > 50, sent: 0 });
  assert.equal(await page.evaluate(EARS), 0, 'nothing is connected to the loudspeaker');
  await page.click('#hear-agent');
  await agent.await('hearing', { on: true });
  await untilPlayed(page);
  assert.equal(await page.getAttribute('#hear-agent', 'aria-pressed'), 'true');
  await page.click('#hear-agent');
  await agent.await('hearing', { on: false });
  assert.equal(await page.evaluate(EARS), 0);
  await page.click('#off-microphone');
  await agent.await('consent', { capability: 'microphone', state: 'withdrawn' });
  agent.do({ do: 'request', capability: 'microphone', purpose: 'Once more' });
  await page.check('#hear');
  await page.click('#allow');
  await untilPlayed(page);
  const levels = await page.evaluate('window.levels(2000)');
  const sounding = levels.filter((level) => level > 0.05).length / levels.length;
  assert.ok(sounding > SOUNDING, levels.join(' '));
  t.diagnostic(`${(100 * sounding).toFixed(0)} % of the time has sound: ${levels.join(' ')}`);
  const from = agent.mark();
  await page.click('#off-microphone');
  await agent.await('consent', { capability: 'microphone', state: 'withdrawn' }, from);
  assert.equal(await page.evaluate(EARS), 0);
  await leave(people);
  assert.deepEqual(page.problems, []);
});

test('pause and hold stop the microphone, and Continue opens it afresh', async () => {
  const people = await talking(), { agent, page, seen } = people;
  await page.click('#pause');
  await agent.await('paused', { by: 'customer', reason: 'asked' });
  assert.equal(await liveTracks(page), 0);
  const sent = seen.media, before = total(agent);
  agent.do({ do: 'chat', text: 'I wait' });
  await page.waitForSelector('.lines .theirs');
  assert.equal(seen.media, sent);
  await page.click('#continue');
  await agent.await('audio', { total_packets: (n) => n > before + 20 });
  assert.equal(await liveTracks(page), 1);

  agent.do({ do: 'hold', on: true });
  await page.waitForFunction(() => /on hold/i.test(document.querySelector('.paused')?.textContent ?? ''));
  assert.equal(await liveTracks(page), 0);
  const held = total(agent);
  agent.do({ do: 'hold', on: false });
  await agent.await('audio', { total_packets: (n) => n > held + 20 });
  assert.equal(await liveTracks(page), 1);
  await leave(people);
});

test('what is allowed during a pause, or just before it, begins with Continue and not earlier', async () => {
  const people = await scene.showing(), { agent, page } = people;
  await page.click('#pause');
  await page.waitForFunction(() => window.tracks.every((t) => t.readyState === 'ended'));
  agent.do({ do: 'request', capability: 'microphone', purpose: 'To talk it through' });
  await page.click('#allow');
  await agent.await('consent', { capability: 'microphone', state: 'granted' });
  await page.waitForSelector('#off-microphone');
  assert.equal(await liveTracks(page), 0, 'nothing is captured, as the page says');
  await page.click('#continue');
  await agent.await('audio', { total_packets: (n) => n > 5 });
  await page.click('#off-microphone');
  await agent.await('consent', { capability: 'microphone', state: 'withdrawn' });
  agent.do({ do: 'request', capability: 'microphone', purpose: 'Once more' });
  await taken(page, '#allow');
  const from = agent.mark();
  await page.evaluate(() => {
    document.querySelector('#allow').click();
    document.querySelector('#pause').click();
  });
  await agent.await('consent', { capability: 'microphone', state: 'granted' }, from);
  agent.do({ do: 'chat', text: 'I wait' }); // what the grant set off has happened before it
  await page.waitForSelector('.lines .theirs');
  await page.waitForFunction(() => window.tracks.every((t) => t.readyState === 'ended'));
  await leave(people);
});

test('a microphone that is taken away pauses, and the agent reads why', async () => {
  const people = await talking(), { agent, page } = people;
  await page.evaluate(() => { // what a browser does when a device goes
    const track = window.tracks.at(-1);
    track.stop();
    track.dispatchEvent(new Event('ended'));
  });
  await agent.await('paused', { by: 'device', reason: 'microphone-lost' });
  const before = total(agent);
  await page.click('#continue');
  await agent.await('audio', { total_packets: (n) => n > before + 20 });
  assert.equal(await liveTracks(page), 1);
  await leave(people);
});

test('where the browser refuses, the agent reads it, and the help goes on', async () => {
  const people = await asked(), { agent, page, seen } = people;
  await page.evaluate(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')); });
  await page.click('#allow');
  await agent.await('consent', { capability: 'microphone', state: 'blocked' });
  await page.waitForSelector('#understood');
  assert.match(await page.textContent('dialog'), /microphone is not on[\s\S]*did not allow the microphone/);
  await look(page, 'voice-refused');
  await page.click('#understood');
  assert.equal(seen.media, 0);
  agent.do({ do: 'chat', text: 'Then we write' });
  await page.waitForSelector('.lines .theirs');
  await leave(people);
});

test('a browser without an Opus of its own fetches one, and is heard all the same', async () => {
  const file = scene.house.path('wasm.wav'), agent = await scene.house.agent('--audio', file, '--microphone', tone(join(folder, 'agent.wav'), AGENT_HZ));
  const page = await openPage(scene.browser), seen = await watch(page);
  await page.addInitScript('delete window.AudioEncoder; delete window.AudioDecoder;');
  await page.goto(agent.invite.link);
  await page.evaluate(LISTEN);
  await page.click('#join');
  await agent.await('joined');
  assert.ok(!seen.requests.some((url) => /opus/.test(url)), 'not before it is needed');
  agent.do({ do: 'request', capability: 'microphone', purpose: 'To talk' });
  await page.check('#hear');
  await page.click('#allow');
  await agent.await('audio', { total_packets: (n) => n >= PACKETS });
  await untilPlayed(page);
  const codec = seen.requests.find((url) => /opus/.test(url)), policyOf = async (url) => (await page.request.get(url)).headers()['content-security-policy'];
  assert.match(await policyOf(codec), /script-src 'self' 'wasm-unsafe-eval'/);
  assert.doesNotMatch(await policyOf(scene.house.url), /unsafe/, 'the page itself compiles nothing');
  assert.equal(await page.evaluate(() => WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)).then(() => 'compiled', (e) => e.name)), 'CompileError');
  assert.match((await page.request.get(scene.house.url)).headers()['permissions-policy'], /camera=\(self\), microphone=\(self\), geolocation=\(\)/);
  page.problems = page.problems.filter((problem) => !/WebAssembly/.test(problem)); // the one that was provoked
  await page.click('#off-microphone');
  await agent.await('consent', { capability: 'microphone', state: 'withdrawn' });
  assert.equal(await liveTracks(page), 0);
  await leave({ agent, page });
  await agent.end();
  assert.deepEqual(page.problems, []);
  const sound = middle(readWav(file));
  assert.ok(partOf(sound, TONES) > 0.7, `${partOf(sound, TONES)} of it is the tune`);
  assert.ok(soundingPart(sound) > SOUNDING);
});

test('voice and camera together, by keys alone', async () => {
  const people = await asked(), { agent, page } = people;
  await look(page, 'voice-asked');
  await page.focus('#hear');
  await page.keyboard.press('Space');
  assert.equal(await page.isChecked('#hear'), true);
  await page.focus('#allow');
  await taken(page, '#allow');
  await page.keyboard.press('Enter');
  await agent.await('audio', { total_packets: (n) => n > 5 });
  agent.do({ do: 'request', capability: 'camera', purpose: 'To see the lights of your router' });
  await page.click('#allow');
  await agent.await('first-picture');
  await page.focus('#mute');
  await taken(page, '#mute');
  await page.keyboard.press('Enter');
  assert.equal(await page.getAttribute('#mute', 'aria-pressed'), 'true');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'mute', 'the focus stays');
  await look(page, 'voice-talking');
  await leave(people);
});
