/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare_player FILE.webm WIDTH HEIGHT - the least that shows a picture: libvpx, libyuv, a GdkMemoryTexture, a
 * GtkPicture.
 *
 * The yardstick for the viewer: it plays a recording of the very pictures that the viewer showed, at their own times,
 * and prints how many it showed and what that cost.
 */
#include <gtk/gtk.h>
#include <libavformat/avformat.h>
#include <libyuv.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

static struct {
    AVFormatContext *in;
    AVPacket *packet; /* the next one of the picture */
    vpx_codec_ctx_t codec;
    GtkWidget *picture;
    GMainLoop *loop;
    gint64 start_us, first_ms;
    unsigned shown, painted;
    gboolean fresh; /* shown, and not painted yet */
    struct rusage before;
} p;

static double cpu_s(const struct rusage *u)
{
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
           (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static gint64 next_ms(void)
{
    AVStream *stream;

    do {
        av_packet_unref(p.packet);
        if (av_read_frame(p.in, p.packet) < 0)
            return -1;
        stream = p.in->streams[p.packet->stream_index];
    } while (stream->codecpar->codec_id != AV_CODEC_ID_VP8);
    return av_rescale_q(p.packet->pts, stream->time_base, (AVRational){1, 1000});
}

static void show(const vpx_image_t *image)
{
    int width = (int)image->d_w, height = (int)image->d_h;
    uint8_t *pixels = g_malloc((gsize)width * (gsize)height * 4);
    GBytes *bytes = g_bytes_new_take(pixels, (gsize)width * (gsize)height * 4);
    GdkTexture *texture;

    I420ToARGB(image->planes[0], image->stride[0], image->planes[1], image->stride[1], image->planes[2],
               image->stride[2], pixels, width * 4, width, height);
    texture = gdk_memory_texture_new(width, height, GDK_MEMORY_B8G8R8A8_PREMULTIPLIED, bytes, (gsize)width * 4);
    gtk_picture_set_paintable(GTK_PICTURE(p.picture), GDK_PAINTABLE(texture));
    g_object_unref(texture);
    g_bytes_unref(bytes);
    p.shown++;
    p.fresh = TRUE;
}

static void after_paint(GdkFrameClock *clock, gpointer data)
{
    (void)clock, (void)data;
    p.painted += p.fresh != FALSE;
    p.fresh = FALSE;
}

static gboolean step(gpointer data)
{
    vpx_codec_iter_t iter = NULL;
    vpx_image_t *image;
    gint64 at_ms, wait_ms;

    (void)data;
    if (vpx_codec_decode(&p.codec, p.packet->data, (unsigned)p.packet->size, NULL, 0) == VPX_CODEC_OK &&
        (image = vpx_codec_get_frame(&p.codec, &iter)) != NULL)
        show(image);
    at_ms = next_ms();
    if (at_ms < 0) {
        g_main_loop_quit(p.loop);
        return G_SOURCE_REMOVE;
    }
    wait_ms = at_ms - p.first_ms - (g_get_monotonic_time() - p.start_us) / 1000;
    g_timeout_add(wait_ms > 0 ? (guint)wait_ms : 0, step, NULL);
    return G_SOURCE_REMOVE;
}

int main(int argc, char **argv)
{
    struct rusage after;
    GtkWidget *window;

    if (argc != 4 || !gtk_init_check() || avformat_open_input(&p.in, argv[1], NULL, NULL) < 0 ||
        vpx_codec_dec_init(&p.codec, vpx_codec_vp8_dx(), NULL, 0) != VPX_CODEC_OK) {
        fprintf(stderr, "bare_player: give a WebM with VP8, and a display\n");
        return 2;
    }
    p.packet = av_packet_alloc();
    p.first_ms = next_ms();
    window = gtk_window_new();
    p.picture = gtk_picture_new();
    gtk_window_set_default_size(GTK_WINDOW(window), atoi(argv[2]), atoi(argv[3]));
    gtk_window_set_child(GTK_WINDOW(window), p.picture);
    gtk_window_present(GTK_WINDOW(window));
    g_signal_connect(gtk_widget_get_frame_clock(window), "after-paint", G_CALLBACK(after_paint), NULL);
    p.loop = g_main_loop_new(NULL, FALSE);
    p.start_us = g_get_monotonic_time();
    getrusage(RUSAGE_SELF, &p.before);
    g_timeout_add(0, step, NULL);
    g_main_loop_run(p.loop);
    getrusage(RUSAGE_SELF, &after);
    printf("{\"shown\":%u,\"painted\":%u,\"cpu_s\":%.3f,\"wall_s\":%.3f}\n", p.shown, p.painted,
           cpu_s(&after) - cpu_s(&p.before), (double)(g_get_monotonic_time() - p.start_us) / 1e6);
    avformat_close_input(&p.in);
    vpx_codec_destroy(&p.codec);
    av_packet_free(&p.packet);
    return 0;
}
