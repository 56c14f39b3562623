// SPDX-License-Identifier: Apache-2.0
/*
 * The page's line, and the agent's, is cut at each instant of a visit, as tests/cut does with the companion's: a row brings a visit to an
 * instant, lets somebody do something while the line carries nothing, and cuts it. Then both people read what the row
 * says (the customer: what the page says by itself), the visit goes on, and at its end the log holds what the row says:
 * what was allowed once stands there once, what nobody allowed does not. Nobody is asked twice.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { openPage } from './browser.mjs';
import { Line } from './line.mjs';
import { morePictures, Scene, taken, untilJoined } from './scene.mjs';
import { heard, liveTracks, watch } from './watch.mjs';

let scene, line, theirs; /* theirs: the agent's */
before(async () => {
  scene = await Scene.open();
  line = await Line.open(scene.house.ports[0]);
  theirs = await Line.open(scene.house.ports[1]);
  writeFileSync(join(scene.house.org, 'relay.ini'), `host = localhost:${line.port}\n`); // links lead over the line
  await scene.house.relay.end();
  await scene.house.startRelay();
});
after(async () => {
  line.close();
  theirs.close();
  await scene.close();
});
afterEach(async () => { for (const context of scene.browser.contexts()) await context.close(); });

const READS_MS = 60_000;
const CAMERA = 'Ana Lindqvist asks to see your camera. Reason given: To see it';
const GONE = 'Ana Lindqvist lost the connection. Nothing is captured until they are back.';
const LOST = 'Connection lost. Trying again. Nothing is captured meanwhile.', AGAIN = 'Connected again.', ON = 'Camera is on.';

const consent = (state) => ({ event: 'consent', capability: 'camera', state });
const AWAY_AND_BACK = [{ event: 'connection', state: 'reconnecting' }, { event: 'connection', state: 'resumed' }];
const PICTURES = { event: 'video', final: false };

const barSays = (page, words, yes) => page.waitForFunction(([text, wanted]) => document.querySelector('.bar').textContent.includes(text) === wanted, [words, yes]);

/* What somebody does, and by what it is known that it has come through. */
const deeds = {
  open: { act: ({ page, agent }) => page.goto(agent.invite.link), through: ({ page }) => page.waitForSelector('#join') },
  join: { act: ({ page }) => page.click('#join'), through: async ({ page, agent }) => {
    await untilJoined(scene.house, agent, page);
    await page.waitForSelector('.top .good');
  } },
  ask: { act: ({ agent }) => agent.do({ do: 'request', capability: 'camera', purpose: 'To see it' }), through: ({ page }) => taken(page, '#allow') },
  allow: { act: ({ page }) => page.click('#allow'), through: ({ agent, from }) => agent.await('consent', consent('granted'), from) },
  'not now': { act: ({ page }) => page.click('#not-now'), through: ({ agent, from }) => agent.await('consent', consent('refused'), from) },
  look: { act: () => undefined, through: ({ agent }) => morePictures(agent, 3) },
  say: { act: ({ page }) => page.fill('#chat', 'Is it this one?').then(() => page.click('#send')), through: ({ agent, from }) => agent.await('chat', { text: 'Is it this one?' }, from) },
  answer: { act: ({ agent }) => agent.do({ do: 'chat', text: 'It is' }), through: ({ page }) => page.waitForSelector('.lines .theirs') },
  pause: { act: ({ page }) => page.click('#pause'), through: ({ agent, from }) => agent.await('paused', { paused: true, by: 'customer' }, from) },
  continue: { act: ({ page }) => page.click('#continue'), through: ({ agent, from }) => agent.await('paused', { paused: false, by: 'customer' }, from) },
  hold: { act: ({ agent }) => agent.do({ do: 'hold', on: true }), through: ({ page }) => barSays(page, 'On hold', true) },
  back: { act: ({ agent }) => agent.do({ do: 'hold', on: false }), through: ({ page }) => barSays(page, 'On hold', false) },
  'take back': { act: ({ page }) => page.click('#off-camera'), through: ({ agent, from }) => agent.await('consent', consent('withdrawn'), from) },
  goodbye: { act: ({ agent }) => agent.do({ do: 'end' }), through: ({ page }) => taken(page, '#skip') },
  rate: { act: ({ page }) => page.click('#skip'), through: over },
  leave: { act: async ({ page }) => {
    await page.click('#end');
    await taken(page, '#leave-now');
    await page.click('#leave-now');
  }, through: over },
};
async function over({ page, agent, from }) {
  await agent.await('ended', {}, from);
  await page.waitForSelector('.receipt');
}

const UP_TO_JOINED = ['open', 'join'], UP_TO_ASKED = [...UP_TO_JOINED, 'ask'], UP_TO_LIVE = [...UP_TO_ASKED, 'allow', 'look'];
const ONCE = 'grant camera, withdraw camera, ended completed';

/* theirs: the agent's line. at: done while the line is held, or (oneWay) while the relay hears the page and is not heard, until the log has it. page: what it says, with the
 * first of it from the cut on. still: nothing of the camera leaves from the instant until what is done after. long: with HANDHOLD_LONG alone. */
const rows = [
  { instant: 'the page is open, and nobody has joined', before: ['open'], after: ['join', 'ask', 'allow', 'look'], log: ONCE, asked: 1 },
  { instant: 'joined, nothing asked', long: true, before: UP_TO_JOINED, after: ['ask', 'allow', 'look'], page: [LOST, AGAIN], agent: AWAY_AND_BACK, log: ONCE, asked: 1 },
  { instant: 'the question is on its way', long: true, before: UP_TO_JOINED, at: 'ask', after: ['allow', 'look'], page: [LOST, AGAIN, CAMERA], agent: AWAY_AND_BACK, log: ONCE, asked: 1 },
  /* Who cannot be asked cannot answer: the sheet goes with the line, and comes back with it, unanswered as it was. */
  { instant: 'the question is on the screen', before: UP_TO_ASKED, after: ['allow', 'look'], page: [LOST, AGAIN, CAMERA], agent: AWAY_AND_BACK, log: ONCE, asked: 2 },
  { instant: 'Allow is tapped, nothing of it has left', before: UP_TO_ASKED, at: 'allow', after: ['look'], page: [LOST, AGAIN, ON], agent: [AWAY_AND_BACK[1], consent('granted')], log: ONCE, asked: 1 },
  { instant: 'Allow is in the log, its receipt not yet back', before: UP_TO_ASKED, at: 'allow', oneWay: true, after: ['look'], page: [LOST, AGAIN, ON], agent: [AWAY_AND_BACK[1], consent('granted')], log: ONCE, asked: 1 },
  { instant: 'Not now is tapped, nothing of it has left', long: true, before: UP_TO_ASKED, at: 'not now', after: ['ask', 'allow', 'look'], page: [LOST, AGAIN], agent: [AWAY_AND_BACK[1], consent('refused')], log: `refuse camera, ${ONCE}`, asked: 2 },
  { instant: 'a picture is there', before: UP_TO_LIVE, after: ['look'], page: [LOST, AGAIN], agent: [...AWAY_AND_BACK, PICTURES], log: ONCE, asked: 1 },
  { instant: 'the customer has written what has not left', long: true, before: UP_TO_LIVE, at: 'say', after: ['answer', 'look'], page: [LOST, AGAIN], agent: [...AWAY_AND_BACK, { event: 'chat', text: 'Is it this one?' }], log: ONCE, asked: 1 },
  { instant: 'Pause is tapped', before: UP_TO_LIVE, at: 'pause', still: true, after: ['continue', 'look'], page: [LOST, AGAIN], agent: [AWAY_AND_BACK[1], { event: 'paused', paused: true, by: 'customer' }], log: ONCE, asked: 1 },
  { instant: 'paused', before: [...UP_TO_LIVE, 'pause'], still: true, after: ['continue', 'look'], page: [LOST, AGAIN], agent: AWAY_AND_BACK, log: ONCE, asked: 1 },
  { instant: 'on hold', before: [...UP_TO_LIVE, 'hold'], still: true, after: ['back', 'look'], page: [LOST, AGAIN], agent: AWAY_AND_BACK, log: ONCE, asked: 1 },
  { instant: 'the camera is turned off', long: true, before: UP_TO_LIVE, at: 'take back', still: true, after: ['ask', 'allow', 'look'], page: [LOST, AGAIN], agent: [AWAY_AND_BACK[1], consent('withdrawn')], log: `grant camera, withdraw camera, ${ONCE}`, asked: 2 },
  { instant: 'End is tapped by the agent', before: UP_TO_LIVE, at: 'goodbye', after: ['rate'], page: [LOST, AGAIN], agent: AWAY_AND_BACK, log: ONCE, asked: 1 },
  { instant: 'End is tapped by the customer', before: UP_TO_LIVE, at: 'leave', still: true, ended: true, agent: [{ event: 'ended', reason: 'customer-left' }], log: ONCE.replace('completed', 'customer-left'), asked: 1 },
  { instant: 'wrap-up: the customer has not rated yet', before: [...UP_TO_LIVE, 'goodbye'], after: ['rate'], page: [LOST, AGAIN], agent: AWAY_AND_BACK, log: ONCE, asked: 1 },
  { instant: 'the question has not left the agent', theirs: true, before: UP_TO_JOINED, at: 'ask', after: ['allow', 'look'], page: [GONE, AGAIN, CAMERA], agent: AWAY_AND_BACK, log: ONCE, asked: 1 },
  { instant: 'the question is on the screen, and the agent goes', theirs: true, long: true, before: UP_TO_ASKED, after: ['allow', 'look'], page: [GONE, AGAIN, CAMERA], agent: AWAY_AND_BACK, log: ONCE, asked: 2 },
  { instant: 'Allow is tapped, and the agent does not hear of it', theirs: true, before: UP_TO_ASKED, at: 'allow', after: ['look'], page: [GONE, AGAIN], agent: [AWAY_AND_BACK[1], consent('granted')], log: ONCE, asked: 1 },
  { instant: 'a picture is there, and the agent goes', theirs: true, before: UP_TO_LIVE, after: ['look'], page: [GONE, AGAIN], agent: [...AWAY_AND_BACK, PICTURES], log: ONCE, asked: 1 },
  { instant: 'the agent has written what has not left', theirs: true, long: true, before: UP_TO_LIVE, at: 'answer', after: ['say', 'look'], page: [GONE, AGAIN], agent: AWAY_AND_BACK, log: ONCE, asked: 1 },
  { instant: 'paused, and the agent goes', theirs: true, long: true, before: [...UP_TO_LIVE, 'pause'], still: true, after: ['continue', 'look'], page: [GONE, AGAIN], agent: AWAY_AND_BACK, log: ONCE, asked: 1 },
  { instant: 'Hold has not left the agent', theirs: true, before: UP_TO_LIVE, at: 'hold', still: true, after: ['back', 'look'], page: [GONE, AGAIN], agent: AWAY_AND_BACK, log: ONCE, asked: 1 },
  { instant: 'the good-bye has not left the agent', theirs: true, long: true, before: UP_TO_LIVE, at: 'goodbye', after: ['rate'], page: [GONE, AGAIN], agent: AWAY_AND_BACK, log: ONCE, asked: 1 },
];

async function arrive() {
  const agent = await scene.house.agentOver(theirs.port), page = await openPage(scene.browser);
  return { agent, page, seen: await watch(page), from: 0 };
}

async function all(visit, names) {
  for (const name of names) {
    visit.from = visit.agent.mark();
    await deeds[name].act(visit);
    await deeds[name].through(visit);
  }
}

/** What was decided, in order, and how it ended. */
function logOf({ agent }) {
  const notes = scene.house.audit('export', '--format', 'jsonl').trim().split('\n').map((text) => JSON.parse(text));
  const first = notes.findIndex((note) => note.event === 'session' && note.session === agent.invite.session), rest = notes.slice(first + 1);
  const next = rest.findIndex((note) => note.event === 'session');
  return first < 0 ? [] : rest.slice(0, next < 0 ? rest.length : next);
}
const said = (notes) => notes.flatMap(({ action, capability, reason }) =>
  ['grant', 'refuse', 'withdraw'].includes(action) ? [`${action} ${capability}`] : action === 'ended' ? [`ended ${reason}`] : []).join(', ');

/** From the cut on, in this order, among other things. */
async function reads(visit, { page = [], agent = [] }, from) {
  await visit.page.waitForFunction(([lines, at]) => {
    for (const text of window.heard.slice(at)) if (text === lines[0]) lines.shift();
    return lines.length === 0;
  }, [page, from.page], { timeout: READS_MS }).catch(async () => assert.deepEqual((await heard(visit.page)).slice(from.page), page, 'what the customer read'));
  let at = from.agent;
  for (const { event, ...values } of agent) at = visit.agent.events.indexOf(await visit.agent.await(event, values, at)) + 1;
}

async function untilLogged(visit, before_) {
  while (logOf(visit).length === before_) await new Promise((resolve) => { setTimeout(resolve, 50); });
}

const lenses = ({ page }) => page.evaluate(() => window.tracks.length);

async function cut(visit, row) {
  const logged = row.oneWay && logOf(visit).length, from = { page: row.before.includes('join') ? (await heard(visit.page)).length : 0, agent: visit.agent.mark() };
  const cutLine = row.theirs ? theirs : line;
  if (row.oneWay) cutLine.holdBack();
  else cutLine.hold();
  visit.from = from.agent;
  if (row.at) await deeds[row.at].act(visit);
  if (row.oneWay) await untilLogged(visit, logged);
  const opened = await lenses(visit);
  let sent = visit.seen.media;
  cutLine.cut();
  if (row.theirs) { // the customer's own line is whole: what they show leaves until they are told
    await reads(visit, { page: row.page.slice(0, 1) }, from);
    sent = visit.seen.media;
  }
  await reads(visit, row, from);
  if (!row.still) return;
  if (!row.ended) await all(visit, ['say', 'answer', 'say']); // what the new line sets off has happened by then
  assert.deepEqual([visit.seen.media, await lenses(visit), await liveTracks(visit.page)], [sent, opened, 0], 'nothing of the camera has left, no lens was opened, and none is open');
}

async function judge(visit, { log, asked }) {
  assert.equal(said(logOf(visit)), log);
  assert.equal((await heard(visit.page)).filter((text) => text === CAMERA).length, asked, 'so often the customer was asked');
  assert.deepEqual(visit.agent.events.filter(({ event }) => event === 'alarm' || event === 'error'), []);
}

for (const row of rows.filter((one) => !one.long || process.env.HANDHOLD_LONG))
  test(`cut: ${row.instant}`, async () => {
    const visit = await arrive();
    await all(visit, row.before);
    await cut(visit, row);
    if (row.ended) await over(visit);
    else await all(visit, row.after.includes('rate') ? row.after : [...row.after, ...(row.before.includes('goodbye') ? ['rate'] : ['goodbye', 'rate'])]);
    await judge(visit, row);
  });

/* TLS, the answer to the upgrade, the relay's welcome, the handshake of the pair. */
for (const pieces of process.env.HANDHOLD_LONG ? Array.from({ length: 14 }, (_, i) => i + 1) : [2, 8])
  test(`cut behind piece ${pieces} of coming together`, async () => {
    const visit = await arrive();
    await all(visit, ['open']);
    line.cutBehind(pieces);
    await all(visit, ['join', 'ask', 'allow', 'look', 'goodbye', 'rate']);
    line.cutBehind(Infinity);
    await judge(visit, { log: ONCE, asked: 1 });
  });
