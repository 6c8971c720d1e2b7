#include "coordinator/api/api_found.h"

#include "common/mail/enhanced_code.h"
#include "common/policy/reply_class.h"
#include "coordinator/api/api_state.h"

void api_found_add_labels(struct api_call *call, const struct wire_store_ref *ref,
                          Hikyaku__V1__FoundRecipient *found)
{
    Hikyaku__V1__StoredRef *own = NULL;
    if (wire_store_read_ref(ref->packed, call->arena, &own) != 0) {
        return;
    }
    found->labels = arena_zero(call->arena, own->n_labels, sizeof(void *));
    for (size_t i = 0; i < own->n_labels; i++) {
        Hikyaku__V1__FoundRecipient__LabelsEntry *entry = arena_alloc(call->arena, sizeof *entry);
        hikyaku__v1__found_recipient__labels_entry__init(entry);
        entry->key = own->labels[i]->key;
        entry->value = own->labels[i]->value;
        found->labels[found->n_labels++] = entry;
    }
}

/* I7: a message whose time has not come waits under a gate, though its row names none. */
static Hikyaku__V1__Gate gate_of(const struct api_call *call, const struct row *row)
{
    int64_t now_s = store_now_unix_ms(call->api->settings.store) / 1000;
    bool is_scheduled = row->state == OUTCOME_PENDING && row->gate == GATE_NONE && row->due > now_s;
    return is_scheduled ? HIKYAKU__V1__GATE__GATE_SCHEDULED_FOR : (Hikyaku__V1__Gate)row->gate;
}

void api_found_fill_row(struct api_call *call, const struct row *row,
                        Hikyaku__V1__FoundRecipient *found)
{
    char code[ENHANCED_CODE_TEXT_SIZE];
    (void)enhanced_code_print(row->enhanced, code);
    found->outcome = (Hikyaku__V1__Outcome)row->state;
    found->gate = gate_of(call, row);
    found->attempts = row->attempts;
    found->smtp_code = row->smtp;
    found->enhanced_code = api_call_string(call, text_of(code));
    found->reply_class = api_call_string(call, text_of(reply_class_name(row->reply_class)));
    found->next_attempt_unix_ms = row->state == OUTCOME_DEFERRED ? (int64_t)row->due * 1000 : 0;
    found->possible_duplicate = (row->flags & ROW_POSSIBLE_DUPLICATE) != 0;
    found->late = (row->flags & ROW_LATE) != 0;
    found->doubled = (row->flags & ROW_DOUBLED) != 0;
    found->resolved = (row->flags & ROW_RESOLVED) != 0;
}
