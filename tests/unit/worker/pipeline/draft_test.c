#include "worker/pipeline/draft.h"

#include "common/wire/wire_store.h"
#include "common/wire/wire_unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static struct seal *sealer;
static Hikyaku__V1__StoredCampaign stored;
static Hikyaku__V1__CreateCampaignRequest settings;
static Hikyaku__V1__Content content;
static Hikyaku__V1__Mailbox from;
static Hikyaku__V1__ReturnPath return_path;
static Hikyaku__V1__Unsubscribe unsubscribe;
static char campaign_id[16] = "0123456789abcdef";

static int set_up(void **state)
{
    static char texts[][64] = {"news@shop.test",
                               "Hello {{name}}",
                               "Dear {{name}}\n",
                               "bounce.shop.test",
                               "https://shop.test/u?x=1#top",
                               "leave@shop.test",
                               "default"};
    (void)state;
    sealer = seal_create(1);
    hikyaku__v1__stored_campaign__init(&stored);
    hikyaku__v1__create_campaign_request__init(&settings);
    hikyaku__v1__content__init(&content);
    hikyaku__v1__mailbox__init(&from);
    hikyaku__v1__return_path__init(&return_path);
    hikyaku__v1__unsubscribe__init(&unsubscribe);
    stored.settings = &settings;
    settings.content = &content;
    settings.lane = HIKYAKU__V1__LANE__LANE_BULK;
    settings.mode = HIKYAKU__V1__MODE__MODE_LIVE;
    content.from = &from;
    content.return_path = &return_path;
    content.unsubscribe = &unsubscribe;
    from.address = texts[0];
    content.subject = texts[1];
    content.text = texts[2];
    return_path.domain = texts[3];
    return_path.mode = HIKYAKU__V1__RETURN_PATH_MODE__RETURN_PATH_MODE_VERP;
    unsubscribe.mode = HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_OWN_URL;
    unsubscribe.url = texts[4];
    unsubscribe.mailto = texts[5];
    stored.tenant = texts[6];
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    seal_destroy(&sealer);
    return 0;
}

/* The way a coordinator sends it. @return content_create()'s */
static int make_campaign(struct campaign **ret_campaign, struct problem *problem)
{
    static unsigned char data_key[SEAL_KEY_BYTES] = {1, 2, 3};
    static unsigned char hash_key[ADDRESS_HASH_KEY_BYTES] = {7};
    static unsigned char packed_key[TOKEN_CAMPAIGN_KEY_PACKED_BYTES];
    static const unsigned char token_key[TOKEN_KEY_BYTES] = {9};
    struct token_campaign_key key;
    struct buffer plain = {0};
    struct buffer sealed = {0};
    struct seal_name name = {.kind = SEAL_CONTENT};
    memcpy(name.campaign, campaign_id, sizeof name.campaign);
    token_campaign_key_derive(token_key, 1, name.campaign, &key);
    token_campaign_key_pack(&key, packed_key);
    wire_unpack_append(&stored.base, &plain);
    struct text part = buffer_text(&plain);
    assert_int_equal(seal_encrypt(sealer, data_key, &name, &part, 1, &sealed), 0);
    Hikyaku__V1__CampaignContent message = HIKYAKU__V1__CAMPAIGN_CONTENT__INIT;
    message.campaign_id = (ProtobufCBinaryData){16, (uint8_t *)campaign_id};
    message.sealed_content = (ProtobufCBinaryData){sealed.size, (uint8_t *)sealed.data};
    message.data_key = (ProtobufCBinaryData){sizeof data_key, data_key};
    message.token_key = (ProtobufCBinaryData){sizeof packed_key, packed_key};
    message.hash_key = (ProtobufCBinaryData){sizeof hash_key, hash_key};
    message.tenant = stored.tenant;
    int error = campaign_create(&message, sealer, ret_campaign, problem);
    buffer_finish(&plain);
    buffer_finish(&sealed);
    return error;
}

static struct claim *make_claim(struct campaign *campaign,
                                const struct wire_store_recipient *recipient)
{
    struct store_batch_name name = {.number = 1};
    unsigned char row[ROWS_SIZE];
    memcpy(name.campaign, campaign_id, sizeof name.campaign);
    struct claim *claim = claim_create(campaign, &name);
    wire_store_append_recipient(recipient, &claim->recipients);
    rows_encode(&(struct row){.state = OUTCOME_PENDING}, row);
    assert_int_equal(claim_fill(claim, (struct text){(const char *)row, sizeof row}, 0), 0);
    return claim;
}

/* Writes one recipient's message; the caller reads draft and text. */
static void write_one(struct campaign *campaign, const struct wire_store_recipient *recipient,
                      struct draft *draft, struct buffer *text)
{
    struct draft_scratch *scratch = draft_scratch_create();
    struct claim *claim = make_claim(campaign, recipient);
    draft->letter = &claim->letters[0];
    draft->now_unix_s = 1764000000;
    draft_write_all(scratch, &draft, 1);
    if (draft->error == 0) {
        for (size_t i = 0; i < draft->wire.part_count; i++) {
            buffer_append_text(text, draft->wire.parts[i]);
        }
        buffer_append_byte(text, '\0');
        assert_true(text_equal(draft->wire.recipient, claim->letters[0].wire));
    }
    draft_scratch_destroy(&scratch);
    claim_destroy(&claim);
}

static const struct wire_store_recipient anna = {
    .index = 5, .address = {"anna@example.net", 16}, .fields = {"{\"name\":\"Anna\"}", 15}};

static void test_a_letter_is_written(void **state)
{
    (void)state;
    struct campaign *campaign = NULL;
    struct problem problem = {0};
    struct draft draft = {0};
    struct buffer text = {0};
    assert_int_equal(make_campaign(&campaign, &problem), 0);
    assert_true(text_equal(campaign->from_domain, TEXT("shop.test")));
    write_one(campaign, &anna, &draft, &text);
    assert_int_equal(draft.error, 0);
    assert_non_null(strstr(text.data, "Subject: Hello Anna\r\n"));
    assert_non_null(strstr(text.data, "Message-ID: <m."));
    assert_non_null(strstr(text.data, "@shop.test>"));
    /* U3: the token as query parameter, before the fragment; mailto beside it. */
    const char *url = strstr(text.data, "https://shop.test/u?x=1&t=u.");
    assert_non_null(url);
    assert_memory_equal(url + strlen("https://shop.test/u?x=1&t=") + TOKEN_LENGTH, "#top", 4);
    assert_non_null(strstr(text.data, "leave@shop.test"));
    /* B1: VERP. */
    assert_true(text_starts_with(draft.wire.sender, TEXT("b.")));
    assert_true(text_ends_with_nocase(draft.wire.sender, TEXT("@bounce.shop.test")));
    assert_int_equal(text_find(draft.wire.sender, '@'), TOKEN_LENGTH);
    buffer_finish(&text);
    draft_finish(&draft);
    campaign_destroy(&campaign);
}

/* Retries repeat themselves: the same letter gives the same bytes. */
static void test_the_same_letter_twice(void **state)
{
    (void)state;
    struct campaign *campaign = NULL;
    struct problem problem = {0};
    struct draft draft = {0};
    struct buffer first = {0};
    struct buffer second = {0};
    return_path.mode = HIKYAKU__V1__RETURN_PATH_MODE__RETURN_PATH_MODE_FIXED;
    assert_int_equal(make_campaign(&campaign, &problem), 0);
    write_one(campaign, &anna, &draft, &first);
    assert_true(text_equal(draft.wire.sender, TEXT("bounces@bounce.shop.test")));
    draft_clear(&draft);
    write_one(campaign, &anna, &draft, &second);
    assert_string_equal(first.data, second.data);
    buffer_finish(&first);
    buffer_finish(&second);
    draft_finish(&draft);
    campaign_destroy(&campaign);
}

static void test_what_cannot_be_written_says_why(void **state)
{
    (void)state;
    struct campaign *campaign = NULL;
    struct problem problem = {0};
    struct draft draft = {0};
    struct buffer text = {0};
    struct wire_store_recipient nobody = anna;
    nobody.fields = TEXT("{}");
    assert_int_equal(make_campaign(&campaign, &problem), 0);
    write_one(campaign, &nobody, &draft, &text);
    assert_int_equal(draft.error, -ENOENT);
    assert_string_equal(draft.problem.rule, "missing_field");
    draft_finish(&draft);
    campaign_destroy(&campaign);
}

/* SendMessages: the message brings the texts that its container does not have. */
static void test_a_message_overrides_its_container(void **state)
{
    (void)state;
    static char texts[][32] = {"key-1", "Code", "1234\n", ""};
    struct campaign *campaign = NULL;
    struct problem problem = {0};
    struct draft draft = {0};
    struct buffer text = {0};
    struct buffer packed = {0};
    struct wire_store_recipient recipient = anna;
    Hikyaku__V1__MessageItem item = HIKYAKU__V1__MESSAGE_ITEM__INIT;
    item.message_key = texts[0];
    item.subject = texts[1];
    item.text = texts[2];
    wire_unpack_append(&item.base, &packed);
    recipient.override = buffer_text(&packed);
    content.subject = texts[3];
    content.text = texts[3];
    assert_int_equal(make_campaign(&campaign, &problem), 0);
    assert_null(campaign->prepared);
    write_one(campaign, &recipient, &draft, &text);
    assert_int_equal(draft.error, 0);
    assert_non_null(strstr(text.data, "Subject: Code\r\n"));
    assert_non_null(strstr(text.data, "1234"));
    buffer_finish(&text);
    buffer_finish(&packed);
    draft_finish(&draft);
    campaign_destroy(&campaign);
}

static void test_content_without_sender_is_refused(void **state)
{
    (void)state;
    struct campaign *campaign = NULL;
    struct problem problem = {0};
    from.address = content.subject; /* no address at all */
    assert_int_equal(make_campaign(&campaign, &problem), -EINVAL);
    assert_null(campaign);
    settings.content = NULL;
    assert_int_equal(make_campaign(&campaign, &problem), -EINVAL);
    assert_string_equal(problem.rule, "content_incomplete");
}

/* G11: no link of ours without its key: the campaign is not worked on rather than sent without. */
static void test_our_links_need_their_key(void **state)
{
    (void)state;
    static char url[] = "https://u.shop.test";
    struct campaign *campaign = NULL;
    struct problem problem = {0};
    unsubscribe.mode = HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_HIKYAKU;
    stored.unsubscribe_url = url;
    assert_int_equal(make_campaign(&campaign, &problem), -EINVAL);
    assert_string_equal(problem.rule, "content_incomplete");
    assert_null(campaign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_letter_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_same_letter_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_written_says_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_message_overrides_its_container, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_our_links_need_their_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_content_without_sender_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
