#include "common/mail/compose_task.h"

#include "common/mail/compose_lang.h"

/* {{unsubscribe_url}}: what the header says, for the text (G11). @return NULL: there is none */
static const struct fields_value *own_names(const struct compose_recipient *recipient,
                                            struct fields_value own[2])
{
    if (recipient->unsubscribe_url.size == 0) {
        return NULL;
    }
    own[1] = (struct fields_value){.kind = FIELDS_STRING,
                                   .name = TEXT(COMPOSE_UNSUBSCRIBE_NAME),
                                   .text = recipient->unsubscribe_url};
    own[0] = (struct fields_value){.kind = FIELDS_OBJECT, .first = &own[1], .count = 1};
    return &own[0];
}

struct compose_task compose_task_begin(const struct compose_prepared *prepared,
                                       const struct compose_recipient *recipient,
                                       struct compose_scratch *scratch, struct buffer *out,
                                       struct problem *problem)
{
    arena_reset(scratch->arena);
    if (problem != NULL) {
        problem->field[0] = '\0'; /* the templates' own problems are told by it */
    }
    return (struct compose_task){
        .prepared = prepared,
        .variant = compose_lang_choose(prepared, recipient->lang),
        .recipient = recipient,
        .scratch = scratch,
        .input = {.own = own_names(recipient, scratch->own),
                  .fields = recipient->fields,
                  .defaults = prepared->defaults,
                  .missing = prepared->missing,
                  .limit_bytes = prepared->limit_bytes},
        .out = out,
        .problem = problem,
    };
}
