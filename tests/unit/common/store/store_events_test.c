/* Events, single messages, registry, notices, verdicts: typed calls against a real Redis. */
#include "common/store/store_decisions.h"
#include "common/store/store_events.h"
#include "common/store/store_fleet.h"
#include "common/store/store_messages.h"
#include "common/store/store_unsubscribe.h"
#include "store_world.h"

#include <string.h>

struct heard {
    struct world *world;
    struct store_event_entry entries[16];
    size_t count;
    struct store_row_change change;
    struct store_events_range ranges[STORE_EVENT_STREAMS];
    struct store_message found[2];
    uint32_t chunk;
    char value[64];
    size_t sessions;
    unsigned int notices;
    enum store_notice_kind notice;
    unsigned char campaign[16];
    size_t ids;
    struct store_chunk_marker marker;
    struct store_due due[4];
    int64_t next_unix_s;
    struct store_claimed claimed;
};

static void on_entries(void *context, int error, const struct store_event_entry *entries,
                       size_t count)
{
    struct heard *heard = context;
    heard->count = count;
    for (size_t i = 0; i < count && i < 16; i++) {
        heard->entries[i] = entries[i];
        if (entries[i].count > 0) {
            heard->change = entries[i].changes[entries[i].count - 1];
        }
    }
    world_answered(heard->world, error);
}

static void on_ranges(void *context, int error,
                      const struct store_events_range ranges[STORE_EVENT_STREAMS])
{
    struct heard *heard = context;
    memcpy(heard->ranges, ranges, sizeof(heard->ranges));
    world_answered(heard->world, error);
}

static void test_events(void **state)
{
    struct world *world = *state;
    struct heard heard = {.world = world};
    struct store_event_place after[STORE_EVENT_STREAMS] = {{0, 0}};
    world_create(world, 1, false);
    world_add_chunk(world, 0, 5);
    world_submit(world, 1);
    world_claim(world, 0);
    world_flush(world, 0, 1, 5, OUTCOME_DELIVERED, true);
    store_events_read(world->store, TEXT("default"), after, 10, on_entries, &heard);
    world_wait(world);
    assert_int_equal(world->error, 0);
    assert_int_equal(heard.count, 3); /* RUNNING, rows, COMPLETED */
    assert_int_equal(heard.entries[0].kind, STORE_EVENT_STATE);
    assert_int_equal(heard.entries[0].partition, 5);
    assert_int_equal(heard.entries[1].kind, STORE_EVENT_ROWS);
    assert_int_equal(heard.entries[1].count, 5);
    assert_true(heard.entries[1].epoch == world->claim.epoch);
    assert_int_equal(heard.change.position, 4);
    assert_int_equal(heard.change.row.state, OUTCOME_DELIVERED);
    assert_int_equal(heard.entries[2].state, 7);
    assert_memory_equal(heard.entries[2].name.campaign, world->campaign.id, 16);

    after[5] = heard.entries[1].place;
    store_events_read(world->store, TEXT("default"), after, 10, on_entries, &heard);
    world_wait(world);
    assert_int_equal(heard.count, 1);
    after[5] = heard.entries[0].place;
    store_events_read(world->store, TEXT("default"), after, 10, on_entries, &heard);
    world_wait(world);
    assert_int_equal(world->error, 0);
    assert_int_equal(heard.count, 0);

    store_events_ranges(world->store, TEXT("default"), on_ranges, &heard);
    world_wait(world);
    assert_int_equal(world->error, 0);
    assert_int_equal(heard.ranges[5].length, 3);
    assert_int_equal(heard.ranges[5].removed, 0);
    assert_true(heard.ranges[5].last.sequence == after[5].sequence);
    assert_true(heard.ranges[5].oldest_unix_ms > 0);
    assert_int_equal(heard.ranges[4].length, 0);
}

static void on_decided(void *context, int error)
{
    struct heard *heard = context;
    world_answered(heard->world, error);
}

/* What paths decide stands in a stream of its own, read with the others. */
static void test_decisions(void **state)
{
    struct world *world = *state;
    struct heard heard = {.world = world};
    struct store_event_place after[STORE_EVENT_STREAMS] = {{0, 0}};
    const struct text packed[] = {TEXT("first"), TEXT("second")};
    for (size_t i = 0; i < STORE_EVENT_FLEET; i++) {
        after[i].generation = UINT64_MAX; /* none of others */
    }
    const struct store_decisions decisions = {
        .session = WORLD_SESSION, .first = 1, .packed = packed, .count = 2};
    for (unsigned int i = 0; i < 2; i++) { /* the second time nothing is added */
        store_decisions_add(world->store, &decisions, on_decided, &heard);
        world_wait(world);
        assert_int_equal(world->error, 0);
    }
    store_events_read(world->store, TEXT("default"), after, 10, on_entries, &heard);
    world_wait(world);
    assert_int_equal(world->error, 0);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.entries[1].kind, STORE_EVENT_DECISION);
    assert_int_equal(heard.entries[1].partition, STORE_EVENT_FLEET);
    assert_true(heard.entries[1].place.sequence == heard.entries[0].place.sequence + 1);
    after[STORE_EVENT_FLEET] = heard.entries[0].place;
    store_events_read(world->store, TEXT("default"), after, 10, on_entries, &heard);
    world_wait(world);
    assert_int_equal(heard.count, 1);
    store_decisions_read(world->store, 1, on_entries, &heard);
    world_wait(world);
    assert_int_equal(world->error, 0);
    assert_int_equal(heard.count, 1); /* the newest */
    assert_true(heard.entries[0].place.sequence == 2);
    store_events_ranges(world->store, TEXT("default"), on_ranges, &heard);
    world_wait(world);
    assert_int_equal(heard.ranges[STORE_EVENT_FLEET].length, 2);
}

static void on_reserved(void *context, int error, uint32_t chunk)
{
    struct heard *heard = context;
    heard->chunk = chunk;
    world_answered(heard->world, error);
}

static void on_found(void *context, int error, const struct store_message *found, size_t count)
{
    struct heard *heard = context;
    memcpy(heard->found, found, count * sizeof(*found));
    world_answered(heard->world, error);
}

static void test_messages(void **state)
{
    struct world *world = *state;
    struct heard heard = {.world = world};
    world_create(world, 9, true);
    store_messages_reserve(world->store, world->campaign.id, on_reserved, &heard);
    world_wait(world);
    assert_int_equal(world->error, 0);
    assert_int_equal(heard.chunk, 0);

    struct store_message messages[2] = {{.index = 0, .token = "first"},
                                        {.index = 1, .token = "second"}};
    memset(messages[0].key_hash, 1, sizeof(messages[0].key_hash));
    memset(messages[1].key_hash, 2, sizeof(messages[1].key_hash));
    memset(messages[0].container, 3, sizeof(messages[0].container));
    struct store_chunk_row rows[2] = {{.hash = 1}, {.hash = 2}};
    struct store_chunk_batch batch = {.row_count = 2,
                                      .provider = TEXT("other"),
                                      .sealed_recipients = TEXT("sealed"),
                                      .sealed_refs = TEXT("refs")};
    struct store_chunk chunk = {.batches = &batch,
                                .batch_count = 1,
                                .rows = rows,
                                .row_count = 2,
                                .map = TEXT("map"),
                                .digest = TEXT("0123456789abcdef0123456789abcdef")};
    memcpy(chunk.campaign, world->campaign.id, 16);
    store_messages_add(world->store, &chunk, messages, 2, world_on_chunk, world);
    world_wait(world);
    assert_int_equal(world->error, 0);
    assert_int_equal(world->chunk.accepted, 2);
    chunk.number = 1;
    batch.number = 1 << 16;
    store_messages_add(world->store, &chunk, messages + 1, 1, world_on_chunk, world);
    world_wait(world);
    assert_int_equal(world->error, -EEXIST);

    unsigned char hashes[2][16];
    memset(hashes[0], 2, 16);
    memset(hashes[1], 7, 16);
    store_messages_find(world->store, 5, (const unsigned char(*)[16])hashes, 2, on_found, &heard);
    world_wait(world);
    assert_int_equal(world->error, 0);
    assert_string_equal(heard.found[0].token, "second");
    assert_int_equal(heard.found[0].index, 1);
    assert_string_equal(heard.found[1].token, "");

    store_campaign_close(world->store, world->campaign.id, world_on_campaign, world);
    world_wait(world);
    store_messages_reserve(world->store, world->campaign.id, on_reserved, &heard);
    world_wait(world);
    assert_int_equal(world->error, -EBUSY);
}

static void on_done(void *context, int error)
{
    world_answered(((struct heard *)context)->world, error);
}

static void on_value(void *context, int error, struct text value)
{
    struct heard *heard = context;
    memset(heard->value, 0, sizeof(heard->value));
    if (value.size > 0) {
        memcpy(heard->value, value.data, value.size);
    }
    world_answered(heard->world, error);
}

static void on_sessions(void *context, int error, const struct store_session *sessions,
                        size_t count)
{
    struct heard *heard = context;
    heard->sessions = count;
    if (count > 0) {
        assert_string_equal(sessions[0].session, WORLD_SESSION);
        assert_true(text_equal(sessions[0].packed, TEXT("packed")));
    }
    world_answered(heard->world, error);
}

static void test_registry_and_verdicts(void **state)
{
    struct world *world = *state;
    struct heard heard = {.world = world};
    store_fleet_register(world->store, TEXT("packed"), on_done, &heard);
    world_wait(world);
    store_fleet_sessions(world->store, on_sessions, &heard);
    world_wait(world);
    assert_int_equal(heard.sessions, 1);
    store_fleet_remove(world->store, WORLD_SESSION, on_done, &heard);
    world_wait(world);
    store_fleet_sessions(world->store, on_sessions, &heard);
    world_wait(world);
    assert_int_equal(heard.sessions, 0);
    store_fleet_dkim_verdict(world->store, TEXT("t"), TEXT("d"), TEXT("s"), on_value, &heard);
    world_wait(world);
    assert_int_equal(world->error, -ENOENT);
    store_fleet_put_dkim_verdict(world->store, TEXT("t"), TEXT("d"), TEXT("s"), TEXT("good"),
                                 on_done, &heard);
    world_wait(world);
    store_fleet_dkim_verdict(world->store, TEXT("t"), TEXT("d"), TEXT("s"), on_value, &heard);
    world_wait(world);
    assert_string_equal(heard.value, "good");
}

static void on_notice(void *context, enum store_notice_kind kind, const unsigned char campaign[16])
{
    struct heard *heard = context;
    heard->notices++;
    heard->notice = kind;
    memcpy(heard->campaign, campaign, 16);
    loop_stop(heard->world->loop);
}

static void again(void *context)
{
    struct heard *heard = context;
    store_fleet_notify(heard->world->store, STORE_NOTICE_CONTROL, heard->world->campaign.id);
}

static void test_notices(void **state)
{
    struct world *world = *state;
    struct heard heard = {.world = world};
    world->campaign.id[0] = 42;
    store_fleet_listen(world->store, on_notice, &heard);
    /* A notice before the listener is connected is not heard: they are hints. */
    struct loop_timer *timer = loop_timer_create(world->loop, again, &heard);
    loop_timer_start(timer, 20, 20);
    world_wait_for(world, &heard.notices, 3);
    loop_timer_destroy(&timer);
    assert_int_equal(heard.notice, STORE_NOTICE_CONTROL);
    assert_int_equal(heard.campaign[0], 42);
}

static void on_ids(void *context, int error, const unsigned char (*ids)[16], size_t count)
{
    struct heard *heard = context;
    heard->ids = count;
    if (count > 0) {
        memcpy(heard->campaign, ids[0], 16);
    }
    world_answered(heard->world, error);
}

static void on_markers(void *context, int error, const struct store_chunk_marker *markers,
                       size_t count)
{
    struct heard *heard = context;
    heard->count = count;
    if (count > 0) {
        heard->marker = markers[count - 1];
    }
    world_answered(heard->world, error);
}

static void on_due(void *context, int error, const struct store_due *batches, size_t count,
                   int64_t next_unix_s)
{
    struct heard *heard = context;
    heard->count = count;
    memcpy(heard->due, batches, count * sizeof(*batches));
    heard->next_unix_s = next_unix_s;
    world_answered(heard->world, error);
}

static void on_claims(void *context, int error, const struct store_claimed *claims, size_t count)
{
    struct heard *heard = context;
    heard->count = count;
    heard->claimed = count > 0 ? claims[count - 1] : (struct store_claimed){0};
    world_answered(heard->world, error);
}

static void on_sealed(void *context, int error, struct text provider, struct text sealed)
{
    struct heard *heard = context;
    assert_true(error != 0 || text_equal(provider, TEXT("gmail")));
    on_value(heard, error, sealed);
}

static void test_reads(void **state)
{
    struct world *world = *state;
    struct heard heard = {.world = world};
    world_create(world, 20, false);
    world_add_chunk(world, 1, 3);
    world_add_chunk(world, 0, 4);
    const unsigned char *id = world->campaign.id;
    store_campaign_markers(world->store, id, on_markers, &heard);
    world_wait(world);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.marker.number, 1);
    assert_int_equal(heard.marker.batches, 1);
    store_campaign_map(world->store, id, 1, on_value, &heard);
    world_wait(world);
    assert_string_equal(heard.value, "map");
    store_campaign_map(world->store, id, 2, on_value, &heard);
    world_wait(world);
    assert_int_equal(world->error, -ENOENT);
    store_campaign_content(world->store, id, on_value, &heard);
    world_wait(world);
    assert_string_equal(heard.value, "content");
    store_campaign_list(world->store, 5, 1020, 1020, 10, on_ids, &heard);
    world_wait(world);
    assert_int_equal(heard.ids, 1);
    assert_memory_equal(heard.campaign, id, 16);
    world_submit(world, 2);
    store_batch_due(world->store, id, 10, 1, on_due, &heard);
    world_wait(world);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.due[0].number, 0);
    assert_int_equal(heard.due[0].row_count, 4);
    store_batch_due(world->store, id, 10, 4, on_due, &heard);
    world_wait(world);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.next_unix_s, 0);
    world_claim(world, 65536);
    store_reclaim_claims(world->store, 5, on_claims, &heard);
    world_wait(world);
    assert_int_equal(heard.claimed.name.number, 65536);
    assert_string_equal(heard.claimed.session, WORLD_SESSION);
    struct store_batch_name name = world_batch(world, 65536);
    store_batch_recipients(world->store, &name, on_sealed, &heard);
    world_wait(world);
    assert_string_equal(heard.value, "sealed recipients");
    store_batch_refs(world->store, &name, on_sealed, &heard);
    world_wait(world);
    assert_string_equal(heard.value, "sealed refs");
    world_flush(world, 65536, 1, 3, OUTCOME_DELIVERED, true);
    store_batch_recipients(world->store, &name, on_sealed, &heard);
    world_wait(world);
    assert_int_equal(world->error, -ENOENT);
    store_campaign_active(world->store, 5, on_ids, &heard);
    world_wait(world);
    assert_true(heard.ids >= 1);
}

static void on_told(void *context, int error, bool is_new)
{
    struct heard *heard = context;
    heard->count += is_new ? 1 : 0;
    world_answered(heard->world, error);
}

/* U6: told once for each way, though its campaign was never here. */
static void test_unsubscribed_once(void **state)
{
    struct world *world = *state;
    struct heard heard = {.world = world};
    struct store_event_place after[STORE_EVENT_STREAMS] = {{0, 0}};
    struct store_unsubscribe told = {.tenant = TEXT("leaving"),
                                     .name = {.campaign = "unknown campaign", .number = 3},
                                     .position = 9,
                                     .index = 4099,
                                     .why = TEXT("one-click")};
    told.name.campaign[15] = 5; /* the partition */
    for (size_t i = 0; i < 4; i++) {
        told.is_of_all = i == 2;
        told.index = i == 3 ? 4100 : 4099;
        store_unsubscribe_tell(world->store, &told, on_told, &heard);
        world_wait(world);
        assert_int_equal(world->error, 0);
        assert_int_equal(heard.count, i < 2 ? 1 : i);
    }
    store_events_read(world->store, TEXT("leaving"), after, 10, on_entries, &heard);
    world_wait(world);
    assert_true(heard.count >= 3); /* then the fleet's */
    assert_int_equal(heard.entries[0].kind, STORE_EVENT_UNSUBSCRIBED);
    assert_int_equal(heard.entries[0].index, 4099);
    assert_int_equal(heard.entries[0].position, 9);
    assert_int_equal(heard.entries[2].index, 4100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_registry_and_verdicts),
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_unsubscribed_once),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
