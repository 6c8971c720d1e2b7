/* replay: what other reply rules or profiles would have made of recorded events. */
#include "cli/commands/commands.h"
#include "cli/commands/event_line.h"
#include "cli/file_read.h"
#include "cli/json_text.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "common/policy/path_replay.h"

#include <errno.h>
#include <string.h>

enum { FILE_MAX = 1 << 30, FILES_MAX = 2 };

/* ------------------------------------------------------------------ the file of rules */

struct sources {
    struct classify *classify;
    struct config_list profiles; /* in the arena */
};

static int read_profiles(const char *path, struct arena *arena, struct config_errors *errors,
                         struct config_list *ret_profiles)
{
    struct text content = {NULL, 0};
    struct problem problem = {.message = ""};
    int error = file_read(path, CONFIG_FILE_BYTES_MAX, arena, &content, &problem);
    if (error != 0) {
        tell("%s", problem.message);
        return error;
    }
    return provider_profiles_parse(content, arena, errors, ret_profiles);
}

/* Rules or profiles: its first key says which. */
static enum exit_code read_source(const char *path, struct arena *arena, struct sources *sources)
{
    struct config_errors errors = {.file = path};
    struct config_node *root = NULL;
    int error = config_node_read(path, arena, &errors, &root);
    if (error == 0 && config_node_find(root, TEXT("profiles")) != NULL) {
        error = read_profiles(path, arena, &errors, &sources->profiles);
    } else if (error == 0) {
        classify_destroy(&sources->classify);
        error = classify_create(root, &errors, &sources->classify);
    }
    return error != 0 ? tell_file(&errors) : EXIT_CODE_OK;
}

/* What no file tells is as built in. */
static enum exit_code read_sources(const struct options *options, struct arena *arena,
                                   struct sources *sources)
{
    enum exit_code code = EXIT_CODE_OK;
    for (size_t i = 1; code == EXIT_CODE_OK && i <= FILES_MAX; i++) {
        const char *path = options_positional(options, i);
        code = path != NULL ? read_source(path, arena, sources) : EXIT_CODE_OK;
    }
    if (code == EXIT_CODE_OK && sources->classify == NULL) {
        sources->classify = classify_create_builtin();
    }
    return code;
}

/* ------------------------------------------------------------------ events */

static enum exit_code read_events(const char *path, struct arena *arena, struct path_replay *replay,
                                  uint64_t *ret_passed_over)
{
    struct text content = {NULL, 0};
    struct problem problem = {.message = ""};
    if (file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, FILE_MAX, arena, &content,
                  &problem) != 0) {
        tell("%s", problem.message);
        return EXIT_CODE_BAD_FILE;
    }
    struct text line;
    size_t number = 0;
    while (text_next_part(&content, '\n', &line)) {
        struct event_line event;
        number++;
        int error = line.size == 0 ? -ENOENT : event_line_read(line, &event, &problem);
        if (error == -EINVAL) {
            tell("%s:%zu: %s", path, number, problem.message);
            return EXIT_CODE_BAD_FILE;
        }
        if (error == 0) {
            path_replay_add(replay, &event.reply);
            event_line_finish(&event);
        } else {
            *ret_passed_over += line.size > 0;
        }
    }
    return EXIT_CODE_OK;
}

/* ------------------------------------------------------------------ the answer */

static void append_changes(const struct path_replay *replay, struct buffer *out)
{
    struct table_print *table = table_print_create("RECORDED,BY THESE RULES,>REPLIES");
    size_t count;
    const struct path_replay_change *changes = path_replay_changes(replay, &count);
    for (size_t i = 0; i < count; i++) {
        table_print_format(table, "%s, blames %s", reply_class_name(changes[i].old_class),
                           reply_class_blame_name(changes[i].old_blame));
        table_print_format(table, "%s, blames %s", reply_class_name(changes[i].new_class),
                           reply_class_blame_name(changes[i].new_blame));
        table_print_format(table, "%llu", (unsigned long long)changes[i].count);
    }
    if (count > 0) {
        table_print_append(table, out);
        buffer_append_byte(out, '\n');
    }
    table_print_destroy(&table);
}

static void append_paths(const struct path_replay *replay, struct buffer *out)
{
    struct table_print *table =
        table_print_create("SITE,SENDING IP,PROFILE,>REPLIES,>REFUSED,>PAUSES,>PAUSED S,>IN PAUSES,"
                           ">SLOWER,>RATE AT END /S");
    size_t count;
    const struct path_replay_path *const *paths = path_replay_paths(replay, &count);
    for (size_t i = 0; i < count; i++) {
        table_print_cell(table, text_of(paths[i]->site));
        table_print_cell(table, text_of(paths[i]->sending_ip));
        table_print_cell(table, text_of(paths[i]->control.profile->name));
        const uint64_t numbers[] = {paths[i]->replies,  paths[i]->refused,   paths[i]->pauses,
                                    paths[i]->paused_s, paths[i]->in_pauses, paths[i]->slower};
        for (size_t j = 0; j < sizeof numbers / sizeof *numbers; j++) {
            table_print_format(table, "%llu", (unsigned long long)numbers[j]);
        }
        table_print_format(table, "%.2f", paths[i]->control.rate.rate);
    }
    table_print_append(table, out);
    table_print_destroy(&table);
}

static void append_json_changes(const struct path_replay *replay, struct buffer *out)
{
    size_t count;
    const struct path_replay_change *changes = path_replay_changes(replay, &count);
    for (size_t i = 0; i < count; i++) {
        buffer_printf(
            out,
            "%s{\"old_class\":\"%s\",\"old_blame\":\"%s\",\"new_class\":\"%s\","
            "\"new_blame\":\"%s\",\"count\":%llu}",
            i > 0 ? "," : "", reply_class_name(changes[i].old_class),
            reply_class_blame_name(changes[i].old_blame), reply_class_name(changes[i].new_class),
            reply_class_blame_name(changes[i].new_blame), (unsigned long long)changes[i].count);
    }
}

static void append_json_paths(const struct path_replay *replay, struct buffer *out)
{
    size_t count;
    const struct path_replay_path *const *paths = path_replay_paths(replay, &count);
    for (size_t i = 0; i < count; i++) {
        const struct path_replay_path *path = paths[i];
        buffer_append_string(out, i > 0 ? ",{\"site\":" : "{\"site\":");
        json_text_append(out, text_of(path->site));
        buffer_append_string(out, ",\"sending_ip\":");
        json_text_append(out, text_of(path->sending_ip));
        buffer_append_string(out, ",\"profile\":");
        json_text_append(out, text_of(path->control.profile->name));
        buffer_printf(out,
                      ",\"replies\":%llu,\"refused\":%llu,\"pauses\":%llu,\"paused_s\":%llu,"
                      "\"in_pauses\":%llu,\"slower\":%llu,\"rate\":%.3f}",
                      (unsigned long long)path->replies, (unsigned long long)path->refused,
                      (unsigned long long)path->pauses, (unsigned long long)path->paused_s,
                      (unsigned long long)path->in_pauses, (unsigned long long)path->slower,
                      path->control.rate.rate);
    }
}

static void print(const struct path_replay *replay, uint64_t passed_over, bool is_json)
{
    OWNED(buffer_finish) struct buffer out = {0};
    uint64_t replies = path_replay_count(replay);
    uint64_t changed = path_replay_changed(replay);
    if (is_json) {
        buffer_printf(&out, "{\"replies\":%llu,\"changed\":%llu,\"passed_over\":%llu,\"changes\":[",
                      (unsigned long long)replies, (unsigned long long)changed,
                      (unsigned long long)passed_over);
        append_json_changes(replay, &out);
        buffer_append_string(&out, "],\"paths\":[");
        append_json_paths(replay, &out);
        buffer_append_string(&out, "]}\n");
    } else {
        buffer_printf(&out, "%llu replies, %llu judged otherwise; %llu other events\n\n",
                      (unsigned long long)replies, (unsigned long long)changed,
                      (unsigned long long)passed_over);
        append_changes(replay, &out);
        append_paths(replay, &out);
    }
    tell_out(&out);
}

static enum exit_code run(const struct options *options)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct sources sources = {.classify = NULL};
    enum exit_code code = read_sources(options, arena, &sources);
    if (code == EXIT_CODE_OK) {
        uint64_t passed_over = 0;
        struct path_replay *replay = path_replay_create(sources.classify, &sources.profiles);
        code = read_events(options_positional(options, 0), arena, replay, &passed_over);
        if (code == EXIT_CODE_OK) {
            print(replay, passed_over, options_flag(options, "json"));
        }
        path_replay_destroy(&replay);
    }
    classify_destroy(&sources.classify);
    return code;
}

const struct command replay_command = {
    .name = "replay",
    .words = "EVENTS.jsonl FILE...",
    .summary = "what other reply rules or profiles would have made of recorded events",
    .help =
        "EVENTS.jsonl (- is standard input) is what \"hikyaku events --json\" prints; each FILE "
        "has\n"
        "rules (as deploy/rules/replies.yaml) or profiles (as deploy/profiles/providers.yaml); "
        "what\n"
        "no file tells is as built in. Every recorded reply is judged anew and fed to a\n"
        "path controller at its own time: which classes change, how often and for how long each\n"
        "path would have paused, how many recorded replies fall into these pauses.\n"
        "\n"
        "  hikyaku events --json > events.jsonl\n"
        "  hikyaku replay events.jsonl new-rules.yaml",
    .minimum_words = 2,
    .maximum_words = 3,
    .is_offline = true,
    .run = run,
};
