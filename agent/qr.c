/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/qr.h"

#include <qrencode.h>

#define QUIET 2 /* modules around it; scanners want four, and are content with two on a light ground */

/* Outside is light. */
static bool is_dark(const QRcode *code, int x, int y)
{
    if (x < 0 || y < 0 || x >= code->width || y >= code->width)
        return false;
    return code->data[y * code->width + x] & 1;
}

enum proto_err agent_qr(const char *text, bool colour, struct proto_buf *out)
{
    /*                                    both light, upper dark, lower dark, both dark; light is what is drawn */
    static const char *const light_drawn[] = {"█", "▄", "▀", " "}, *const dark_drawn[] = {" ", "▀", "▄", "█"};
    const char *const *drawn = colour ? dark_drawn : light_drawn;
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

    if (!code)
        return PROTO_ERR_RANGE;
    for (int y = -QUIET; y < code->width + QUIET; y += 2) {
        proto_buf_put_text(out, colour ? "  \033[38;5;16;48;5;231m" : "  ");
        for (int x = -QUIET; x < code->width + QUIET; x++)
            proto_buf_put_text(out, drawn[(int)is_dark(code, x, y) + 2 * (int)is_dark(code, x, y + 1)]);
        proto_buf_put_text(out, colour ? "\033[0m\n" : "\n");
    }
    QRcode_free(code);
    return PROTO_OK;
}
