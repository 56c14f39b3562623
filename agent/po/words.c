/* SPDX-License-Identifier: Apache-2.0 */
/* For xgettext alone: texts of rooms that know no translation, as the window shows them. */
static const char *const words[] = {
    N_("Camera"), N_("Voice"), N_("Device information"), N_("Photo"), N_("Recording"), N_("Light"), N_("Zoom"),
    N_("Location"), N_("Remember this visit"), N_("Another person"),
    N_("To see what you see"), N_("To talk with you"), N_("To read what your device reports about itself"),
    N_("To look at a detail in a sharp photo"), N_("To keep what you showed me for the report"),
    N_("To give your camera more light"), N_("To look closer"), N_("To know where you are"),
    N_("To know what was tried before"), N_("To ask a colleague for help"), N_("To help you"),
    N_("this relay is about to end; the session goes on when you come back to it"),
};
