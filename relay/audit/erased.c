/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For commands that read sessions and do not verify the log: is evidence that is not there gone by an erasure that the
 * log knows of, or did somebody take it away?
 */
#include <stdlib.h>

#include "relay/audit/own.h"

void audit_own_know(struct audit_organisation *o)
{
    struct audit_report *scratch = calloc(1, sizeof *scratch); /* verify says what is wrong with the notes */
    struct audit_own *own = o->own ? NULL : calloc(1, sizeof *own);

    bool read = own && scratch && !audit_own_read(own, o, scratch) && !audit_own_read_later(own, o, scratch);
    free(scratch);
    if (read) {
        o->own = own;
    } else if (own) {
        audit_own_clear(own);
        free(own);
    }
}

bool audit_own_knows(struct audit_organisation *o, uint64_t index)
{
    struct audit_report *scratch;

    if (audit_own_names(o->own, index))
        return true;
    scratch = calloc(1, sizeof *scratch); /* it was erased since they were read, perhaps */
    bool read = scratch && !audit_own_read(o->own, o, scratch);
    free(scratch);
    return !read || audit_own_names(o->own, index);
}

void audit_own_forget(struct audit_organisation *o)
{
    if (o->own)
        audit_own_clear(o->own);
    free(o->own);
    o->own = NULL;
}
