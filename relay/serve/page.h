/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/page.h - the one page of the public end: how to join. It loads nothing, runs nothing, and never sees what
 * stands behind the # of a link.
 */
#ifndef RELAY_SERVE_PAGE_H
#define RELAY_SERVE_PAGE_H

const char *serve_page_join(void);   /* HTML, UTF-8; static */
const char *serve_page_policy(void); /* its Content-Security-Policy; static */

#endif
