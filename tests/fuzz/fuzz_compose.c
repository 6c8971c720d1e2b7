/* Messages: whatever fields, names and headers a recipient brings, the message is refused, or is 7
 * bits, CRLF only, in lines of at most 998 bytes (S14), with only the header fields that were asked
 * for (S15); the same again gives the same bytes.
 * Input: six texts separated by 0xff bytes: fields as JSON, display name, header name, header
 * value, unsubscribe URL, language. */
#include "common/mail/compose.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct compose_prepared *prepared;
static struct compose_scratch *scratch;
static struct composed message;

static void prepare(void)
{
    static const struct compose_texts variants[] = {
        {{"ja", 2}, {"{{a}}\xe6\xa7\x98", 8}, {"{{b}}\n", 6}, {NULL, 0}},
    };
    static const struct compose_mailbox reply_to = {{"{{r}}", 5}, {"{{a}}", 5}};
    static const struct compose_header headers[] = {{{"X-Own", 5}, {"{{a}}", 5}},
                                                    {{"References", 10}, {"{{i}}", 5}}};
    static const struct compose_attachment attachment = {
        {"a.png", 5}, {"image/png", 9}, {"logo", 4}, {"PNG", 3}};
    struct compose_content content = {
        .from = {TEXT("news@shop.example"), TEXT("{{a}}")},
        .reply_to = &reply_to,
        .reply_to_count = 1,
        .texts = {TEXT(""), TEXT("{{a}} {{b}}"), TEXT(""), TEXT("<p>{{a}}</p>{{{b}}}")},
        .variants = variants,
        .variant_count = 1,
        .missing = TEMPLATE_MISSING_EMPTY,
        .attachments = &attachment,
        .attachment_count = 1,
        .headers = headers,
        .header_count = 2,
        .list_id = TEXT("list.shop.example"),
    };
    int error = compose_prepare(&content, &prepared, NULL);
    assert(error == 0);
    scratch = compose_scratch_create();
}

static bool is_expected_field(struct text line, struct text own_name)
{
    static const char *const names[] = {"Date",
                                        "Message-ID",
                                        "To",
                                        "From",
                                        "Reply-To",
                                        "Subject",
                                        "List-Unsubscribe",
                                        "List-Unsubscribe-Post",
                                        "X-Own",
                                        "References",
                                        "List-Id",
                                        "MIME-Version",
                                        "Content-Type",
                                        "Content-Transfer-Encoding"};
    struct text name = {line.data, text_find(line, ':')};
    bool is_known = text_equal_nocase(name, own_name);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        is_known = is_known || text_equal(name, text_of(names[i]));
    }
    return is_known;
}

static void check_line(struct text line)
{
    assert(line.size > 0 && line.data[line.size - 1] == '\r' && line.size <= 999);
    for (size_t i = 0; i + 1 < line.size; i++) {
        unsigned char byte = (unsigned char)line.data[i];
        assert((byte >= ' ' || byte == '\t') && byte < 0x7f);
    }
}

static void check_message(struct text flat, struct text own_name)
{
    bool in_head = true;
    struct text rest = flat;
    struct text line;
    assert(flat.size > 2 && flat.data[flat.size - 1] == '\n');
    rest.size--; /* the last line's end, not a line behind it */
    while (text_next_part(&rest, '\n', &line)) {
        check_line(line);
        in_head = in_head && line.size > 1;
        if (in_head && line.data[0] != ' ') {
            assert(is_expected_field(line, own_name));
        }
    }
}

static struct text next_input(struct text *rest)
{
    struct text part = TEXT("");
    (void)text_next_part(rest, '\xff', &part);
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(buffer_finish) struct buffer first = {0};
    OWNED(buffer_finish) struct buffer second = {0};
    struct text rest = {(const char *)data, size};
    const struct fields_value *fields = NULL;
    struct address address;
    if (prepared == NULL) {
        prepare();
    }
    if (fields_parse(next_input(&rest), &fields_limits_recipient, arena, &fields, NULL) != 0) {
        fields = NULL;
    }
    int error = address_parse(TEXT("a@b.example"), NULL, arena, &address, NULL);
    assert(error == 0);
    struct compose_recipient recipient = {.address = &address, .fields = fields};
    recipient.display_name = next_input(&rest);
    struct compose_header header = {.name = next_input(&rest)};
    header.value = next_input(&rest);
    recipient.headers = &header;
    recipient.header_count = header.name.size > 0 ? 1 : 0;
    recipient.unsubscribe_url = next_input(&rest);
    recipient.lang = next_input(&rest);
    recipient.message_id = TEXT("1@shop.example");
    struct problem problem = {0};
    int checked = compose_check(prepared, &recipient, scratch, NULL);
    error = compose_message(prepared, &recipient, scratch, &message, &problem);
    assert(error == checked);
    if (error != 0) {
        assert(problem.rule[0] != '\0' && message.count == 0);
        return 0;
    }
    compose_flatten(&message, &first);
    assert(first.size == message.size);
    check_message(buffer_text(&first), header.name);
    error = compose_message(prepared, &recipient, scratch, &message, NULL);
    assert(error == 0);
    compose_flatten(&message, &second);
    assert(text_equal(buffer_text(&first), buffer_text(&second)));
    return 0;
}
