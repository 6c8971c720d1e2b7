/* Any bytes as AddRecipients or SendMessages, taken in as the coordinator does: every recipient is
 * in a batch or rejected, and what is stored can be read. The first byte chooses the options. */
#include "common/mail/rows.h"
#include "common/wire/wire_rules.h"
#include "common/wire/wire_store.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/intake/intake_map.h"
#include "coordinator/intake/intake_messages.h"
#include "tests/unit/common/wire/requests.h"

#include <assert.h>
#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct intake *intake;

static void load(struct intake_settings *settings, uint8_t options, struct arena *arena)
{
    static const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES] = {1};
    Hikyaku__V1__CreateCampaignRequest *create = requests_create(arena);
    Hikyaku__V1__StoredCampaign *stored =
        requests_new(arena, &hikyaku__v1__stored_campaign__descriptor);
    create->content->subject = requests_string(arena, "For {{name}}");
    create->content->text = requests_string(arena, "{{#items}}{{title}}{{/items}}");
    create->content->missing_field = HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_EMPTY;
    create->content->extra_field = (Hikyaku__V1__ExtraField)(1 + (options & 1));
    create->duplicates = (Hikyaku__V1__Duplicates)(1 + (options >> 1) % 3);
    create->duplicate_key = (Hikyaku__V1__DuplicateKey)(1 + (options >> 3) % 2);
    stored->settings = create;
    int error = intake_settings_init(settings, campaign, stored, &wire_limits_default, NULL);
    assert(error == 0);
}

static uint32_t read_batch(const struct intake_batch *batch)
{
    struct text recipients = buffer_text(&batch->recipients);
    struct text refs = buffer_text(&batch->refs);
    for (uint32_t i = 0; i < batch->row_count; i++) {
        struct wire_store_recipient recipient;
        struct wire_store_ref ref;
        int error = wire_store_next_recipient(&recipients, &recipient);
        assert(error == 0);
        error = wire_store_next_ref(&refs, &ref);
        assert(error == 0 && ref.index == recipient.index);
        assert(recipient.index % ROWS_PER_CHUNK == batch->rows[i].position);
        assert((recipient.address.size == 0) == batch->rows[i].is_duplicate);
    }
    assert(recipients.size == 0 && refs.size == 0);
    assert(batch->row_count > 0 && batch->row_count <= INTAKE_BATCH_ROWS_MAX);
    return batch->row_count;
}

static void check(struct intake_settings *settings, struct intake_result *result, size_t positions)
{
    size_t rows = 0;
    for (size_t i = 0; i < result->batch_count; i++) {
        rows += read_batch(&result->batches[i]);
    }
    assert(rows == result->row_count && rows == result->accepted + result->duplicates);
    assert(rows + result->rejected_total == positions);
    for (size_t i = 0; i < result->rejected_count; i++) {
        assert(result->rejected[i].rule.size > 0);
    }
    for (size_t i = 0; i < rows; i++) {
        uint16_t ordinal = 0;
        uint32_t row = 0;
        int error = intake_map_find(result->map, result->rows[i].position, &ordinal, &row);
        assert(error == 0 &&
               result->batches[ordinal].rows[row].position == result->rows[i].position);
    }
    int error = intake_seal(intake, settings, result);
    assert(error == 0);
}

static void take_chunk(struct intake_settings *settings,
                       const Hikyaku__V1__AddRecipientsRequest *request)
{
    struct intake_result *result = NULL;
    int error = intake_chunk(intake, settings, request, &result);
    assert(error == 0 || error == -EINVAL || error == -EEXIST);
    assert(error == 0 || (result->rejected_total > 0 && result->batch_count == 0));
    if (error == 0) {
        check(settings, result, request->n_recipients);
    }
    intake_result_destroy(&result);
}

static void take_messages(struct intake_settings *settings,
                          const Hikyaku__V1__SendMessagesRequest *request)
{
    static const unsigned char id_key[IDENTITY_KEY_BYTES] = {1};
    static struct intake_identity identities[1000];
    static uint32_t places[1000];
    for (uint32_t i = 0; i < request->n_messages; i++) {
        places[i] = i;
    }
    intake_messages_identify(intake, id_key, TEXT("shop"), request, identities);
    struct intake_messages messages = {request, identities, places, request->n_messages, 1};
    struct intake_result *result = NULL;
    intake_messages(intake, settings, &messages, &result);
    check(settings, result, request->n_messages);
    intake_result_destroy(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct problem_list problems;
    if (size == 0) {
        return 0;
    }
    if (intake == NULL) {
        intake = intake_create();
    }
    bool is_chunk = (data[0] & 0x80) == 0;
    struct arena *arena = arena_create(0);
    struct intake_settings settings;
    struct problem problem;
    ProtobufCMessage *message = NULL;
    load(&settings, data[0], arena);
    problems.count = problems.total = 0;
    if (wire_unpack(is_chunk ? &hikyaku__v1__add_recipients_request__descriptor
                             : &hikyaku__v1__send_messages_request__descriptor,
                    &wire_unpack_call_bounds, (struct text){(const char *)data + 1, size - 1},
                    arena, &message, &problem) == 0 &&
        wire_rules_check(message, &wire_limits_default, &problems) == 0) {
        if (is_chunk) {
            take_chunk(&settings, (const void *)message);
        } else {
            take_messages(&settings, (const void *)message);
        }
    }
    intake_settings_finish(&settings);
    arena_destroy(&arena);
    return 0;
}
