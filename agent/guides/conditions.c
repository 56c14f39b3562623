/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: all, any and not around leaves of property, check or device. */
#include <stdio.h>
#include <string.h>

#include "agent/guides/yaml.h"

/* ---- which device ---- */

#define PICK(field)                                                                                                    \
    static bool pick_##field(struct guide_reader *r, const yaml_node_t *value, void *into)                             \
    {                                                                                                                  \
        struct proto_guide_pick *pick = into;                                                                          \
                                                                                                                       \
        return guide_copy(r, value, pick->field, sizeof pick->field);                                                  \
    }
PICK(id)
PICK(kind)
PICK(maker)
PICK(model)
PICK(firmware)

bool guide_pick(struct guide_reader *r, const yaml_node_t *node, struct proto_guide_pick *out)
{
    static const struct guide_key keys[] = {{"id", false, pick_id},
                                            {"kind", false, pick_kind},
                                            {"maker", false, pick_maker},
                                            {"model", false, pick_model},
                                            {"firmware", false, pick_firmware}};

    if (node->type == YAML_SCALAR_NODE) {
        const char *text = guide_scalar(r, node, 16);

        out->subject = text && !strcmp(text, "subject");
        return out->subject ||
               guide_wrong(r, node, "%s is \"subject\" (the device of the guide), or id, kind, maker, model, firmware",
                           r->path);
    }
    return guide_mapping(r, node, keys, sizeof keys / sizeof *keys, out);
}

/* ---- nodes ---- */

struct building {
    struct proto_guide_node node;
    uint16_t last; /* child; 0: none yet */
    size_t forms;  /* of all, any, not, property, check, device: exactly one */
    bool tested;
};

static uint16_t add_node(struct guide_reader *r, const yaml_node_t *node)
{
    struct proto_guide *guide = r->guide;

    if (!guide->node_count)
        guide->node_count = 1; /* node 0 is nobody */
    if (guide->node_count == PROTO_GUIDE_NODES_MAX) {
        guide_wrong(r, node, "a guide may have %d conditions in all; leave some out", PROTO_GUIDE_NODES_MAX - 1);
        return 0;
    }
    return (uint16_t)guide->node_count++;
}

static bool take_child(struct guide_reader *r, const yaml_node_t *item, void *into)
{
    struct building *b = into;
    uint16_t at;

    if (!guide_condition(r, item, &at))
        return false;
    if (b->last)
        r->guide->nodes[b->last].next = at;
    else
        b->node.child = at;
    b->last = at;
    return true;
}

static bool take_children(struct guide_reader *r, const yaml_node_t *value, struct building *b, enum proto_guide_op op)
{
    b->node.op = op;
    b->forms++;
    return guide_sequence(r, value, 32, take_child, b) &&
           (b->last || guide_wrong(r, value, "%s: the list is empty; add a condition", r->path));
}

static bool take_all(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return take_children(r, value, into, PROTO_GUIDE_ALL);
}

static bool take_any(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return take_children(r, value, into, PROTO_GUIDE_ANY);
}

static bool take_not(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    struct building *b = into;

    b->node.op = PROTO_GUIDE_NOT;
    b->forms++;
    return take_child(r, value, b);
}

static bool take_name(struct guide_reader *r, const yaml_node_t *value, struct building *b, enum proto_guide_op op,
                      const char *letters)
{
    b->node.op = op;
    b->forms++;
    if (!guide_copy(r, value, b->node.name, sizeof b->node.name))
        return false;
    return (b->node.name[0] && strspn(b->node.name, letters) == strlen(b->node.name)) ||
           guide_wrong(r, value, "%s: \"%s\" is no name; use small letters, digits and %s", r->path, b->node.name,
                       op == PROTO_GUIDE_CHECK ? "-" : "_");
}

static bool take_property(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return take_name(r, value, into, PROTO_GUIDE_PROPERTY, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

static bool take_check(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    struct building *b = into;

    return take_name(r, value, b, PROTO_GUIDE_CHECK, "abcdefghijklmnopqrstuvwxyz0123456789-") &&
           (proto_guide_check_known(b->node.name) ||
            guide_wrong(r, value, "there is no check \"%s\"; there are " PROTO_GUIDE_CHECKS, b->node.name));
}

static bool take_device(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    struct building *b = into;

    b->node.op = PROTO_GUIDE_DEVICE;
    b->forms++;
    return guide_pick(r, value, &b->node.of);
}

static bool take_of(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return guide_pick(r, value, &((struct building *)into)->node.of);
}

static bool tested(struct guide_reader *r, const yaml_node_t *value, struct building *b, enum proto_guide_test test)
{
    if (b->tested)
        return guide_wrong(r, value, "one of is, above, below and known is enough; remove one");
    b->tested = true;
    b->node.test = test;
    return true;
}

/* true and false are truths, what reads as a number is one, all else (and what stands in quotes) is text. */
static bool take_is(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    struct building *b = into;
    char *end;

    if (!tested(r, value, b, PROTO_GUIDE_IS) || !guide_copy(r, value, b->node.text, sizeof b->node.text))
        return false;
    b->node.type = PROTO_GUIDE_TEXT;
    if (guide_is_plain_truth(value, &b->node.truth))
        b->node.type = PROTO_GUIDE_TRUTH;
    else if (value->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strtod(b->node.text, &end) <= 1e15 &&
             end != b->node.text && !*end) {
        b->node.type = PROTO_GUIDE_NUMBER;
        return guide_number(r, value, &b->node.number);
    }
    return true;
}

static bool take_above(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    struct building *b = into;

    return tested(r, value, b, PROTO_GUIDE_ABOVE) && guide_number(r, value, &b->node.number);
}

static bool take_below(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    struct building *b = into;

    return tested(r, value, b, PROTO_GUIDE_BELOW) && guide_number(r, value, &b->node.number);
}

static bool take_known(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    struct building *b = into;

    return tested(r, value, b, PROTO_GUIDE_KNOWN) &&
           (guide_is_plain_truth(value, &b->node.truth) || guide_wrong(r, value, "known is true or false"));
}

static bool take_for(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return guide_span(r, value, &((struct building *)into)->node.for_ms);
}

static bool whole(struct guide_reader *r, const yaml_node_t *node, struct building *b)
{
    static const char *const statuses[] = {"pass", "warn", "fail", "not-checked"};
    bool leaf = b->node.op == PROTO_GUIDE_PROPERTY || b->node.op == PROTO_GUIDE_CHECK, known = false;

    if (b->forms != 1)
        return guide_wrong(r, node, "a condition has exactly one of all, any, not, property, check, device");
    if (leaf != b->tested)
        return guide_wrong(r, node,
                           leaf ? "a property or check needs is, above, below or known; add one"
                                : "is, above, below and known belong to a property or a check");
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        known |= !strcmp(b->node.text, statuses[i]);
    if (b->node.op == PROTO_GUIDE_CHECK && b->node.test == PROTO_GUIDE_IS && !known)
        return guide_wrong(r, node, "a check is pass, warn, fail or not-checked, not \"%s\"", b->node.text);
    if (b->node.op == PROTO_GUIDE_DEVICE) { /* some device like this is there */
        b->node.test = PROTO_GUIDE_KNOWN;
        b->node.truth = true;
    }
    return true;
}

bool guide_condition(struct guide_reader *r, const yaml_node_t *node, uint16_t *at)
{
    static const struct guide_key keys[] = {{"all", false, take_all},           {"any", false, take_any},
                                            {"not", false, take_not},           {"of", false, take_of},
                                            {"property", false, take_property}, {"check", false, take_check},
                                            {"device", false, take_device},     {"is", false, take_is},
                                            {"above", false, take_above},       {"below", false, take_below},
                                            {"known", false, take_known},       {"for", false, take_for}};
    struct building b = {.last = 0};

    *at = add_node(r, node);
    if (!*at || !guide_mapping(r, node, keys, sizeof keys / sizeof *keys, &b) || !whole(r, node, &b))
        return false;
    if (r->depth > 2 * PROTO_GUIDE_DEPTH_MAX)
        return guide_wrong(r, node, "conditions more than %d levels deep; make them flatter", PROTO_GUIDE_DEPTH_MAX);
    b.node.next = r->guide->nodes[*at].next;
    r->guide->nodes[*at] = b.node;
    return true;
}
