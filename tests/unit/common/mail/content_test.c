#include "common/mail/content.h"

#include "common/mail/fields.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct content_options options = {.sender_id = "hikyaku1"};

/* protobuf-c wants char *. */
static struct arena *strings;
#define STRING(literal) arena_printf(strings, "%s", literal)

static int setup(void **state)
{
    (void)state;
    strings = arena_create(0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(&strings);
    return 0;
}

struct world {
    Hikyaku__V1__Mailbox from;
    Hikyaku__V1__Mailbox reply_to;
    Hikyaku__V1__Mailbox *reply_to_list[1];
    Hikyaku__V1__Variant variant;
    Hikyaku__V1__Content__VariantsEntry variant_entry;
    Hikyaku__V1__Content__VariantsEntry *variants[1];
    Hikyaku__V1__Attachment attachment;
    Hikyaku__V1__Attachment *attachments[1];
    Hikyaku__V1__Header header;
    Hikyaku__V1__Header *headers[1];
    char *feedback[2];
    Hikyaku__V1__Content content;
};

static void make_world(struct world *world)
{
    memset(world, 0, sizeof *world);
    hikyaku__v1__mailbox__init(&world->from);
    world->from.address = STRING("shop@example.com");
    world->from.display_name = STRING("Shop");
    hikyaku__v1__mailbox__init(&world->reply_to);
    world->reply_to.address = STRING("help@example.com");
    world->reply_to_list[0] = &world->reply_to;
    hikyaku__v1__variant__init(&world->variant);
    world->variant.subject = STRING("Bonjour");
    world->variant.text = STRING("salut");
    hikyaku__v1__content__variants_entry__init(&world->variant_entry);
    world->variant_entry.key = STRING("fr");
    world->variant_entry.value = &world->variant;
    world->variants[0] = &world->variant_entry;
    hikyaku__v1__attachment__init(&world->attachment);
    world->attachment.file_name = STRING("a.txt");
    world->attachment.media_type = STRING("text/plain");
    world->attachment.source_case = HIKYAKU__V1__ATTACHMENT__SOURCE_DATA;
    world->attachment.data = (ProtobufCBinaryData){3, (uint8_t *)STRING("abc")};
    world->attachments[0] = &world->attachment;
    hikyaku__v1__header__init(&world->header);
    world->header.name = STRING("X-Shop");
    world->header.value = STRING("one");
    world->headers[0] = &world->header;
    world->feedback[0] = STRING("spring");
    world->feedback[1] = STRING("news");
    hikyaku__v1__content__init(&world->content);
    world->content.from = &world->from;
    world->content.reply_to = world->reply_to_list;
    world->content.n_reply_to = 1;
    world->content.subject = STRING("Hello");
    world->content.text = STRING("Dear {{name}}");
    world->content.default_fields = STRING("{\"name\":\"customer\"}");
    world->content.variants = world->variants;
    world->content.n_variants = 1;
    world->content.attachments = world->attachments;
    world->content.n_attachments = 1;
    world->content.headers = world->headers;
    world->content.n_headers = 1;
    world->content.feedback_id = world->feedback;
    world->content.n_feedback_id = 2;
    world->content.list_id = STRING("news.example.com");
}

/* The message for a recipient with this language, as one NUL-terminated text. */
static char *compose(const struct compose_prepared *prepared, const char *lang)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(compose_scratch_destroy) struct compose_scratch *scratch = compose_scratch_create();
    struct address address;
    struct problem problem;
    assert_int_equal(address_parse(TEXT("bob@example.net"), NULL, arena, &address, &problem), 0);
    struct compose_recipient recipient = {
        .address = &address,
        .fields = &fields_none,
        .lang = text_of(lang),
        .message_id = TEXT("id@example.com"),
    };
    struct composed message = {0};
    assert_int_equal(compose_message(prepared, &recipient, scratch, &message, &problem), 0);
    struct buffer flat = {0};
    compose_flatten(&message, &flat);
    compose_finish(&message);
    return buffer_take(&flat);
}

static void assert_has(const char *message, const char *part)
{
    if (strstr(message, part) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", part, message);
    }
}

static void assert_lacks(const char *message, const char *part)
{
    if (strstr(message, part) != NULL) {
        fail_msg("\"%s\" is in:\n%s", part, message);
    }
}

static void all_of_a_content_comes_through(void **state)
{
    (void)state;
    struct world world;
    struct problem problem;
    make_world(&world);
    struct compose_prepared *prepared = NULL;
    assert_true(content_is_whole(&world.content));
    assert_int_equal(content_prepare(&world.content, &options, &prepared, &problem), 0);
    char *message = compose(prepared, "");
    assert_has(message, "From: Shop <shop@example.com>");
    assert_has(message, "Reply-To: help@example.com");
    assert_has(message, "Subject: Hello");
    assert_has(message, "Dear customer");
    assert_has(message, "X-Shop: one");
    assert_has(message, "List-Id: <news.example.com>");
    assert_has(message, "Feedback-ID: spring:news:hikyaku1"); /* G18 */
    assert_has(message, "a.txt");
    free(message);
    message = compose(prepared, "fr");
    assert_has(message, "Subject: Bonjour");
    assert_has(message, "salut");
    free(message);
    compose_destroy(&prepared);
}

static void without_a_sender_id_there_is_no_feedback_id(void **state)
{
    (void)state;
    struct world world;
    struct problem problem;
    make_world(&world);
    struct compose_prepared *prepared = NULL;
    assert_int_equal(content_prepare(&world.content, &(struct content_options){.sender_id = ""},
                                     &prepared, &problem),
                     0);
    char *message = compose(prepared, "");
    assert_lacks(message, "Feedback-ID");
    free(message);
    compose_destroy(&prepared);
}

static void missing_fields_follow_the_content(void **state)
{
    (void)state;
    struct world world;
    struct problem problem;
    make_world(&world);
    world.content.default_fields = STRING("{}");
    OWNED(compose_scratch_destroy) struct compose_scratch *scratch = compose_scratch_create();
    static const struct {
        Hikyaku__V1__MissingField missing;
        int error;
    } cases[] = {
        {HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_ERROR, -ENOENT},
        {HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_EMPTY, 0},
    };
    for (size_t i = 0; i < 2; i++) {
        struct compose_prepared *prepared = NULL;
        world.content.missing_field = cases[i].missing;
        assert_int_equal(content_prepare(&world.content, &options, &prepared, &problem), 0);
        assert_int_equal(compose_check(prepared,
                                       &(struct compose_recipient){.fields = &fields_none}, scratch,
                                       &problem),
                         cases[i].error);
        compose_destroy(&prepared);
    }
}

static void a_message_takes_the_place_of_what_it_brings(void **state)
{
    (void)state;
    struct world world;
    struct problem problem;
    make_world(&world);
    struct compose_prepared *container = NULL;
    assert_int_equal(content_prepare(&world.content, &options, &container, &problem), 0);
    Hikyaku__V1__MessageItem item;
    hikyaku__v1__message_item__init(&item);
    assert_false(content_is_overridden(&item));
    item.subject = STRING("Your order");
    assert_true(content_is_overridden(&item));
    struct compose_prepared *prepared = NULL;
    assert_int_equal(
        content_prepare_message(&world.content, &item, &options, container, &prepared, &problem),
        0);
    char *message = compose(prepared, "fr");
    assert_has(message, "Subject: Your order"); /* in every language */
    assert_has(message, "salut");
    assert_has(message, "a.txt"); /* the container's attachment */
    free(message);
    compose_destroy(&prepared);

    item.html = STRING("<p>sent</p>");
    item.reply_to = world.reply_to_list;
    item.n_reply_to = 1;
    Hikyaku__V1__Mailbox from;
    hikyaku__v1__mailbox__init(&from);
    from.address = STRING("orders@example.com");
    item.from = &from;
    assert_int_equal(
        content_prepare_message(&world.content, &item, &options, container, &prepared, &problem),
        0);
    message = compose(prepared, "fr");
    assert_has(message, "From: orders@example.com");
    assert_has(message, "<p>sent</p>");
    assert_lacks(message, "salut");
    assert_lacks(message, "Dear");
    free(message);
    compose_destroy(&prepared);
    compose_destroy(&container);
}

static void a_container_may_leave_its_body_to_its_messages(void **state)
{
    (void)state;
    struct world world;
    struct problem problem;
    make_world(&world);
    world.content.text = STRING("");
    world.content.n_variants = 0;
    assert_false(content_is_whole(&world.content));
    Hikyaku__V1__MessageItem item;
    hikyaku__v1__message_item__init(&item);
    struct compose_prepared *prepared = NULL;
    assert_int_equal(
        content_prepare_message(&world.content, &item, &options, NULL, &prepared, &problem),
        -EINVAL);
    assert_string_equal(problem.field, "text");
    item.text = STRING("code 123");
    assert_int_equal(
        content_prepare_message(&world.content, &item, &options, NULL, &prepared, &problem), 0);
    char *message = compose(prepared, "");
    assert_has(message, "code 123");
    assert_has(message, "a.txt");
    free(message);
    compose_destroy(&prepared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_content_comes_through),
        cmocka_unit_test(without_a_sender_id_there_is_no_feedback_id),
        cmocka_unit_test(missing_fields_follow_the_content),
        cmocka_unit_test(a_message_takes_the_place_of_what_it_brings),
        cmocka_unit_test(a_container_may_leave_its_body_to_its_messages),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
