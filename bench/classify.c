/* Replies classified per second of one core's time: the rows of a file of replies, over and over.
 * usage: bench_classify REPLIES.tsv [SECONDS]     prints one JSON object */
#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/policy/classify_line.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    REPLIES_MAX = 100000,
    BYTES_MAX = 64 << 20,
    COLUMN_TEXT = 1,
    COLUMN_STAGE = 5,
    COLUMN_PROVIDER = 6
};

static size_t read_replies(struct text table, struct classify_reply *replies)
{
    size_t count = 0;
    struct text line = {NULL, 0};
    (void)text_next_part(&table, '\n', &line); /* the columns' names */
    while (count < REPLIES_MAX && text_next_part(&table, '\n', &line)) {
        struct text columns[COLUMN_PROVIDER + 1] = {{NULL, 0}};
        for (size_t i = 0; i <= COLUMN_PROVIDER; i++) {
            (void)text_next_part(&line, '\t', &columns[i]);
        }
        replies[count].provider = columns[COLUMN_PROVIDER];
        replies[count].stage = classify_line_stage(columns[COLUMN_STAGE]);
        classify_line_read(columns[COLUMN_TEXT], &replies[count]);
        count += replies[count].smtp >= 400;
    }
    return count;
}

static int load(const char *path, struct buffer *content)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return -1;
    }
    size_t got = 1;
    while (got > 0 && content->size < BYTES_MAX) {
        got = fread(buffer_reserve(content, 65536), 1, 65536, file);
        content->size += got;
    }
    (void)fclose(file);
    return 0;
}

int main(int count, char **words)
{
    OWNED(buffer_finish) struct buffer content = {.data = NULL};
    if (count < 2 || load(words[1], &content) != 0) {
        (void)fprintf(stderr, "usage: bench_classify REPLIES.tsv [SECONDS]\n");
        return 2;
    }
    double seconds = count > 2 ? strtod(words[2], NULL) : 3;
    struct classify_reply *replies = xalloc_zero(REPLIES_MAX, sizeof *replies);
    size_t reply_count = read_replies(buffer_text(&content), replies);
    uint64_t before_us = clock_thread_cpu_us();
    struct classify *classify = classify_create_builtin();
    uint64_t start_us = clock_thread_cpu_us();
    uint64_t done = 0;
    uint64_t sum = 0;
    while (reply_count > 0 && (double)(clock_thread_cpu_us() - start_us) < seconds * 1e6) {
        for (size_t i = 0; i < reply_count; i++) {
            sum += classify_reply(classify, &replies[i]).reply_class;
        }
        done += reply_count;
    }
    uint64_t took_us = clock_thread_cpu_us() - start_us;
    (void)printf("{\"per_s\": %.0f, \"replies\": %zu, \"rules\": %zu, \"load_us\": %llu, "
                 "\"checksum\": %llu}\n",
                 (double)done * 1e6 / (double)(took_us > 0 ? took_us : 1), reply_count,
                 classify_rule_count(classify), (unsigned long long)(start_us - before_us),
                 (unsigned long long)(done > 0 ? sum / (done / reply_count) : 0));
    classify_destroy(&classify);
    free(replies);
    return 0;
}
