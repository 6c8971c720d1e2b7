/* Build step: put each script together from its shared parts, and all of them into one C table.
 *
 *     compose_scripts SCRIPTS_FOLDER OUTPUT_FOLDER TABLE.c NAME...
 *
 * A script keeps its first line (#!lua), then come the constants of rows and states, then the parts
 * that its "-- include:" line names, then itself. */
#include "common/mail/rows.h"
#include "hikyaku/v1/api.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INCLUDE "-- include:"

static void fail(const char *what, const char *path)
{
    (void)fprintf(stderr, "compose_scripts: %s %s\n", what, path);
    exit(EXIT_FAILURE); /* NOLINT(concurrency-mt-unsafe): there is one thread */
}

static void read_file(const char *folder, const char *name, struct buffer *out)
{
    OWNED(buffer_finish) struct buffer path = {0};
    buffer_printf(&path, "%s/%s.lua", folder, name);
    buffer_append_byte(&path, '\0');
    FILE *file = fopen(path.data, "rb");
    if (file == NULL) {
        fail("cannot read", path.data);
    }
    size_t got = 0;
    do {
        got = fread(buffer_reserve(out, 4096), 1, 4096, file);
        out->size += got;
    } while (got > 0);
    (void)fclose(file);
}

static void append_states(struct buffer *out)
{
    static const struct {
        const char *name;
        int number;
    } constants[] = {
        {"STATE_DRAFT", HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_DRAFT},
        {"STATE_SCHEDULED", HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_SCHEDULED},
        {"STATE_RUNNING", HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING},
        {"STATE_PAUSED", HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_PAUSED},
        {"STATE_CANCELLING", HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_CANCELLING},
        {"STATE_CANCELLED", HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_CANCELLED},
        {"STATE_COMPLETED", HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_COMPLETED},
        {"STATE_AWAITING_APPROVAL", HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_AWAITING_APPROVAL},
        {"CHUNKS_MAX", ROWS_CHUNKS_MAX},
    };
    for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
        buffer_printf(out, "local %s = %d\n", constants[i].name, constants[i].number);
    }
    /* enum store_word, as text: they are compared and answered, never counted with. */
    buffer_append_string(out, "local WORD_RUN, WORD_PAUSE, WORD_CANCEL = '1', '2', '3'\n");
    /* enum store_canary, likewise */
    buffer_append_string(out, "local CANARY_NONE, CANARY_SENDING, CANARY_WAITING = '0', '1', '2'\n"
                              "local CANARY_PASSED, CANARY_FAILED, CANARY_OVERRULED = "
                              "'3', '4', '5'\n");
}

/** Append a shared part without its #!lua line. */
static void append_part(const char *folder, struct text name, struct buffer *out)
{
    OWNED(buffer_finish) struct buffer path = {0};
    OWNED(buffer_finish) struct buffer part = {0};
    buffer_printf(&path, "shared/%.*s", TEXT_PRINT(name));
    buffer_append_byte(&path, '\0');
    read_file(folder, path.data, &part);
    struct text rest = buffer_text(&part);
    buffer_append_text(out, text_skip(rest, text_find(rest, '\n') + 1));
}

static void compose(const char *folder, const char *name, struct buffer *out)
{
    OWNED(buffer_finish) struct buffer source = {0};
    read_file(folder, name, &source);
    struct text rest = buffer_text(&source);
    struct text line = TEXT("");
    if (!text_starts_with(rest, TEXT("#!lua")) || !text_next_part(&rest, '\n', &line)) {
        fail("no #!lua line in", name);
    }
    buffer_append_text(out, line);
    buffer_append_byte(out, '\n');
    rows_append_lua(out);
    append_states(out);
    if (text_starts_with(rest, TEXT(INCLUDE)) && text_next_part(&rest, '\n', &line)) {
        struct text names = text_trim(text_skip(line, sizeof(INCLUDE) - 1));
        struct text part;
        while (text_next_part(&names, ' ', &part)) {
            append_part(folder, part, out);
        }
    }
    buffer_append_text(out, rest);
}

static void write_file(const char *path, const struct buffer *content)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(content->data, 1, content->size, file) != content->size ||
        fclose(file) != 0) {
        fail("cannot write", path);
    }
}

static void append_c(const char *name, const struct buffer *script, size_t nth, struct buffer *out)
{
    buffer_printf(out, "/* %s */\nstatic const char script_%zu[] = {", name, nth);
    for (size_t i = 0; i < script->size; i++) {
        buffer_printf(out, "%s%d,", i % 24 == 0 ? "\n" : "", script->data[i]);
    }
    buffer_append_string(out, "0};\n");
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fail("usage: compose_scripts SCRIPTS_FOLDER OUTPUT_FOLDER TABLE.c", "NAME...");
    }
    OWNED(buffer_finish) struct buffer table = {0};
    OWNED(buffer_finish) struct buffer entries = {0};
    buffer_append_string(&table, "/* Made by compose_scripts. */\n"
                                 "#include \"common/store/store_scripts.h\"\n\n");
    for (int i = 4; i < argc; i++) {
        OWNED(buffer_finish) struct buffer script = {0};
        OWNED(buffer_finish) struct buffer path = {0};
        compose(argv[1], argv[i], &script);
        buffer_printf(&path, "%s/%s.lua", argv[2], argv[i]);
        buffer_append_byte(&path, '\0');
        write_file(path.data, &script);
        append_c(argv[i], &script, (size_t)i, &table);
        buffer_printf(&entries, "    {\"%s\", {script_%d, sizeof(script_%d) - 1}},\n", argv[i], i,
                      i);
    }
    buffer_append_string(&table, "\nconst struct store_script store_scripts_table[] = {\n");
    buffer_append_text(&table, buffer_text(&entries));
    buffer_append_string(&table, "};\n");
    write_file(argv[3], &table);
    return EXIT_SUCCESS;
}
