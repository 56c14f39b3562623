/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent asks of the customer's camera, and how near the agent looks at its picture. */
#include "agent/viewer/session_inside.h"
#include "agent/viewer/words.h"

/* What is not granted yet is asked for with the click, and `then` is done when the customer agrees. */
static gboolean is_granted(ViewerSession *self, enum proto_capability capability, const char *then)
{
    const struct agent_view *view = viewer_end_lock(self->end);
    enum proto_consent_state state = view->consents[capability].state;
    gboolean may = agent_view_may_ask(view, capability) == AGENT_VIEW_ASK_MAY;
    gboolean blocked = agent_view_is_blocked(view, capability);

    viewer_end_unlock(self->end);
    if (state == PROTO_CONSENT_GRANTED || !may)
        return state == PROTO_CONSENT_GRANTED;
    if (state == PROTO_CONSENT_REFUSED || state == PROTO_CONSENT_WITHDRAWN || blocked) { /* not once more by accident */
        viewer_consents_open_for(self->consents, capability);
        return FALSE;
    }
    viewer_session_ask(self, capability, _(agent_desk_purpose(capability)), 0);
    self->wishes[capability] = (struct viewer_wish){.action = then};
    viewer_session_toast(self, _("The customer is asked first"));
    return FALSE;
}

static void on_ask_still(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    if (is_granted(data, PROTO_CAPABILITY_STILL, "still")) {
        viewer_session_order(data, AGENT_DO_STILL, true);
        viewer_session_toast(data, _("The customer takes the photo, looks at it, and sends it or not"));
    }
}

static void on_torch(GSimpleAction *action, GVariant *parameter, void *data)
{
    gboolean on = !g_variant_get_boolean(g_action_get_state(G_ACTION(action)));

    (void)parameter;
    if (is_granted(data, PROTO_CAPABILITY_TORCH, "torch"))
        viewer_session_order(data, AGENT_DO_TORCH, on);
}

static void zoom_camera(ViewerSession *self, double by)
{
    struct agent_command command = {.what = AGENT_DO_ZOOM};
    const struct agent_view *view;

    if (!is_granted(self, PROTO_CAPABILITY_ZOOM, by > 1 ? "camera-closer" : "camera-wider"))
        return;
    view = viewer_end_lock(self->end);
    command.factor = CLAMP((double)view->camera.zoom * by, 1, MAX(1, (double)view->camera.zoom_max));
    viewer_end_unlock(self->end);
    viewer_end_do(self->end, &command);
}

static void on_camera_closer(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    zoom_camera(data, 1.5);
}

static void on_camera_wider(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    zoom_camera(data, 1 / 1.5);
}

static void on_lens(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;
    struct agent_command command = {.what = AGENT_DO_LENS};
    const struct agent_view *view = viewer_end_lock(self->end);
    const handhold_CameraState *camera = &view->camera;

    (void)action, (void)parameter;
    for (pb_size_t i = 0; i < camera->lenses_count; i++)
        if (!strcmp(camera->lenses[i].id, camera->lens))
            g_strlcpy(command.text, camera->lenses[(i + 1) % camera->lenses_count].id, sizeof command.text);
    viewer_end_unlock(self->end);
    if (*command.text)
        viewer_end_do(self->end, &command);
}

static void on_zoom_in(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    viewer_picture_zoom(((ViewerSession *)data)->picture, 1);
}

static void on_zoom_out(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    viewer_picture_zoom(((ViewerSession *)data)->picture, -1);
}

static void on_zoom_fit(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    viewer_picture_zoom(((ViewerSession *)data)->picture, 0);
}

static const GActionEntry entries[] = {
    {.name = "still", .activate = on_ask_still},
    {.name = "torch", .activate = on_torch, .state = "false"},
    {.name = "camera-closer", .activate = on_camera_closer},
    {.name = "camera-wider", .activate = on_camera_wider},
    {.name = "lens", .activate = on_lens},
    {.name = "zoom-in", .activate = on_zoom_in},
    {.name = "zoom-out", .activate = on_zoom_out},
    {.name = "zoom-fit", .activate = on_zoom_fit},
};

void viewer_session_add_camera_actions(ViewerSession *self)
{
    g_action_map_add_action_entries(G_ACTION_MAP(self->actions), entries, G_N_ELEMENTS(entries), self);
}

static gboolean usable(const struct agent_view *view, enum proto_capability capability)
{
    enum agent_view_ask ask = agent_view_may_ask(view, capability);

    return ask == AGENT_VIEW_ASK_MAY || ask == AGENT_VIEW_ASK_GRANTED;
}

/* Whoever waited for a yes has it done once; a no ends the wish. */
static void grant_wishes(ViewerSession *self, const struct agent_view *view)
{
    for (int i = 0; i < PROTO_CAPABILITY_COUNT; i++) {
        struct viewer_wish *wish = &self->wishes[i];
        const char *action = wish->action;

        if (!action)
            continue;
        if (view->consents[i].state == PROTO_CONSENT_REQUESTED) {
            wish->asked = TRUE;
            continue;
        }
        if (view->consents[i].state == PROTO_CONSENT_GRANTED || wish->asked)
            wish->action = NULL;
        if (view->consents[i].state == PROTO_CONSENT_GRANTED)
            g_action_group_activate_action(G_ACTION_GROUP(self->actions), action, NULL);
    }
}

void viewer_session_update_camera(ViewerSession *self, const struct agent_view *view, gboolean picture)
{
    const handhold_CameraState *camera = &view->camera;
    gboolean known = picture && view->has_camera && !view->held, zooms = known && camera->zoom_max > 1;

    viewer_session_enable(self, "still", !view->held && !view->awaits_photo && usable(view, PROTO_CAPABILITY_STILL));
    viewer_session_enable(self, "torch", known && camera->can_torch && usable(view, PROTO_CAPABILITY_TORCH));
    viewer_session_enable(self, "camera-closer",
                          zooms && camera->zoom < camera->zoom_max && usable(view, PROTO_CAPABILITY_ZOOM));
    viewer_session_enable(self, "camera-wider", zooms && camera->zoom > 1 && usable(view, PROTO_CAPABILITY_ZOOM));
    viewer_session_enable(self, "lens", known && camera->lenses_count > 1);
    viewer_session_set_state(self, "torch", known && camera->torch);
    grant_wishes(self, view);
}
