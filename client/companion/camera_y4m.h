/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/camera_y4m.h - a Y4M file as a camera: paced at its own frame rate, and again from the start at its
 * end.
 *
 * The whole file is checked when it is opened (every frame header, and the length of the last frame), so that nothing
 * is found broken in the middle of a session. Frames are read with pread() into one buffer: a memory map would be a
 * little cheaper, and end the program with SIGBUS when somebody shortens the file.
 */
#ifndef CLIENT_COMPANION_CAMERA_Y4M_H
#define CLIENT_COMPANION_CAMERA_Y4M_H

#include "client/companion/camera.h"

#define CLIENT_Y4M_HEADER_MAX 1024    /* bytes of the first line */
#define CLIENT_Y4M_FRAMES_MAX 1000000 /* nine hours at 30 a second; 8 bytes of index each */
#define CLIENT_Y4M_FPS_MAX 120

struct client_y4m_header {
    int width, height;
    int fps_num, fps_den;
    int mono;         /* Y alone */
    size_t len;       /* bytes of the header line with its line feed */
    size_t frame_len; /* bytes of one frame without its FRAME line */
};

/** Parses the first line of a file of which `bytes` holds the beginning. On error `why` says which rule (without file
 * name). */
PROTO_MUST_USE enum proto_err client_y4m_parse(const char *bytes, size_t len, struct client_y4m_header *header,
                                               char why[static CLIENT_WHY_BYTES]);
PROTO_MUST_USE enum proto_err client_camera_open_y4m(const char *path, struct client_camera **out,
                                                     char why[static CLIENT_WHY_BYTES]);

#endif
