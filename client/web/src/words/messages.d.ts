// SPDX-License-Identifier: Apache-2.0
/* What scripts/build.mjs makes of messages/*.json: every key of words/keys.ts, or there is no build. */
declare module 'messages:*' {
  const catalogue: unknown;
  export default catalogue;
}
