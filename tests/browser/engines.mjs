// SPDX-License-Identifier: Apache-2.0
/* The three engines: where their programs are, and which Debian package brings each. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const found = (name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)).find((path) => existsSync(path));
const MINI = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/libexec']
  .flatMap((folder) => ['webkit2gtk-4.1', 'webkit2gtk-4.0', 'webkitgtk-6.0'].map((name) => join(folder, name, 'MiniBrowser')));

export const programs = {
  chromium: () => process.env.HANDHOLD_CHROMIUM ?? found('chromium'),
  firefox: () => found('firefox-esr') ?? found('firefox'),
  webkitDriver: () => found('WebKitWebDriver'),
  miniBrowser: () => MINI.find((path) => existsSync(path)),
  xvfb: () => found('Xvfb'),
  pulse: () => found('pulseaudio'),
};

const NEEDS = {
  chromium: [['chromium', 'chromium']],
  firefox: [['firefox', 'firefox-esr']],
  webkit: [['webkitDriver', 'webkit2gtk-driver'], ['miniBrowser', 'webkit2gtk-driver'], ['xvfb', 'xvfb']],
};
export const engines = Object.keys(NEEDS);

/** A sentence with the packages; undefined when all is there. */
export function whatIsMissing(engine) {
  const packages = [...new Set(NEEDS[engine].filter(([program]) => !programs[program]()).map(([, name]) => name))];
  return packages.length ? `there is no ${engine} here (Debian package${packages.length > 1 ? 's' : ''} ${packages.join(' ')})` : undefined;
}
