// SPDX-License-Identifier: Apache-2.0
/* join/device.ts - what kind of browser this is, as far as it changes what the page offers. */

import { canTalk } from '../voice/codec.js';

/** What an app calls the way out of its own browser; 'system': as most do on this system. */
export type WayOut = 'external' | 'default' | 'browser' | 'system';

/*
 * Browsers inside other apps: several of them give no camera, and none keeps a page alive when the app is left. Words are
 * those of the menus in English and German, as instructions of other sites for these apps have them (2024 to 2026); before
 * 2023 most said "Open in Safari" or "Open in Chrome", which is told beside. WeChat's differ by system. WhatsApp, Gmail and
 * most mail open a link in the real browser, or in a part of it that has its camera: those are not in here by default.
 */
const INSIDE: readonly (readonly [name: string, agent: RegExp, ios: WayOut, android?: WayOut])[] = [
  ['Messenger', /MessengerForiOS|MessengerLite|Orca-Android/, 'external'], ['Facebook', /FBAN|FBAV|FB_IAB/, 'external'],
  ['Instagram', /Instagram/, 'external'], ['Threads', /\bBarcelona\b/, 'external'], ['WhatsApp', /WhatsApp/, 'system'],
  ['LINE', /\bLine\//, 'default'], ['WeChat', /MicroMessenger/, 'default', 'browser'], ['TikTok', /musical_ly|BytedanceWebview|TikTok|trill_/, 'browser'],
  ['LinkedIn', /LinkedInApp/, 'browser'], ['Snapchat', /Snapchat/, 'browser'], ['X', /Twitter for|TwitterAndroid/, 'browser'],
  ['Telegram', /Telegram/, 'system'], ['KakaoTalk', /KAKAOTALK/, 'system'], ['Pinterest', /Pinterest\//, 'browser'], ['Google', /GSA\//, 'system'],
];

/** Where a browser keeps what a person has answered it: decides the words of the way to change that. */
export type BrowserKind = 'chrome' | 'firefox' | 'safari' | 'chrome-phone' | 'firefox-phone' | 'safari-phone' | 'other-ios';

export interface Device {
  /** The app whose built-in browser this is, by name; '' when it is one that is not known by name. */
  insideApp?: string;
  wayOut: WayOut;
  phone: boolean;
  ios: boolean;
  /** A camera can be asked for, and there is an encoder for its picture. */
  camera: boolean;
  /** A microphone can be asked for, and there is an encoder for a voice. */
  voice: boolean;
  browser: string;
  kind: BrowserKind;
}

function browserName(agent: string): string {
  for (const [name, pattern] of [
    ['Firefox', /(?:Firefox|FxiOS)\/([\d.]+)/], ['Edge', /Edg(?:e|A|iOS)?\/([\d.]+)/], ['Samsung Internet', /SamsungBrowser\/([\d.]+)/],
    ['Chrome', /(?:Chrome|CriOS)\/([\d.]+)/], ['Safari', /Version\/([\d.]+).*Safari/],
  ] as const) {
    const version = pattern.exec(agent)?.[1];
    if (version) return `${name} ${version.split('.')[0]}`;
  }
  return 'browser';
}

function browserKind(agent: string, phone: boolean): BrowserKind {
  if (/iPhone|iPad|iPod/.test(agent)) return /CriOS|FxiOS|EdgiOS|OPT\//.test(agent) ? 'other-ios' : 'safari-phone';
  if (/Firefox\//.test(agent)) return phone ? 'firefox-phone' : 'firefox';
  if (/Safari\//.test(agent) && !/Chrom(?:e|ium)\//.test(agent)) return phone ? 'safari-phone' : 'safari';
  return phone ? 'chrome-phone' : 'chrome';
}

function systemName(agent: string): string {
  const known = [['Android', /Android/], ['iOS', /iPhone|iPad|iPod/], ['Windows', /Windows/], ['macOS', /Mac OS X/], ['Linux', /Linux/]] as const;
  return known.find(([, pattern]) => pattern.test(agent))?.[0] ?? 'unknown system';
}

export function readDevice(agent: string = navigator.userAgent): Device {
  const inside = INSIDE.find(([, pattern]) => pattern.test(agent));
  const webView = /; wv\)/.test(agent) || (/iPhone|iPad/.test(agent) && !/Safari\//.test(agent));
  const phone = /Android|iPhone|iPad|iPod|Mobile/.test(agent) || (/Mac OS X/.test(agent) && navigator.maxTouchPoints > 1), ios = /iPhone|iPad|iPod/.test(agent);
  const device: Device = {
    phone, ios,
    kind: browserKind(agent, phone),
    wayOut: (ios ? undefined : inside?.[3]) ?? inside?.[2] ?? 'system',
    camera: 'mediaDevices' in navigator && 'VideoEncoder' in globalThis,
    voice: canTalk(),
    browser: `${browserName(agent)} on ${systemName(agent)}`,
  };
  if (inside) device.insideApp = inside[0];
  else if (webView) device.insideApp = '';
  return device;
}
