#include "common/policy/classify_literals.h"

#include <string.h>

enum { WORD_MAX = 48 };

struct reader {
    struct text rest; /* of the pattern */
    struct arena *arena;
    bool is_lost; /* something was not understood: nothing is known of the whole */
};

/* One branch of an alternation while it is read: its clauses, and the bytes in a row just seen. */
struct branch {
    struct classify_literals found;
    char run[WORD_MAX];
    size_t run_size;
};

static void read_alternation(struct reader *reader, struct classify_literals *ret_literals);

static void add_clause(struct classify_literals *literals, struct classify_clause clause)
{
    if (clause.count == 0 || clause.shortest < CLASSIFY_LITERALS_SHORTEST) {
        return;
    }
    if (literals->count < CLASSIFY_LITERALS_CLAUSES_MAX) {
        literals->clauses[literals->count++] = clause;
    }
}

static void end_run(struct reader *reader, struct branch *branch)
{
    if (branch->run_size >= CLASSIFY_LITERALS_SHORTEST) {
        struct text *word = arena_alloc(reader->arena, sizeof *word);
        *word = arena_text(reader->arena, (struct text){branch->run, branch->run_size});
        add_clause(&branch->found, (struct classify_clause){word, 1, word->size});
    }
    branch->run_size = 0;
}

static bool next_is(const struct reader *reader, char byte)
{
    return reader->rest.size > 0 && reader->rest.data[0] == byte;
}

static char take(struct reader *reader)
{
    char byte = reader->rest.data[0];
    reader->rest = text_skip(reader->rest, 1);
    return byte;
}

static void give_up(struct reader *reader)
{
    reader->rest.size = 0;
    reader->is_lost = true;
}

enum repeat { REPEAT_ONCE, REPEAT_MANY, REPEAT_MAYBE };

static bool is_digit(const struct reader *reader, size_t at)
{
    return at < reader->rest.size && reader->rest.data[at] >= '0' && reader->rest.data[at] <= '9';
}

/* "{2}", "{1,3}", "{,3}"; "{" of anything else is a plain byte. */
static enum repeat take_braces(struct reader *reader)
{
    if (!is_digit(reader, 1) && !(reader->rest.size > 1 && reader->rest.data[1] == ',')) {
        return REPEAT_ONCE;
    }
    size_t least = 0;
    size_t at = 1;
    while (is_digit(reader, at)) {
        least = least > 0 || reader->rest.data[at] != '0' ? 1 : 0;
        at++;
    }
    size_t end = text_find(reader->rest, '}');
    reader->rest = text_skip(reader->rest, end + 1);
    return least > 0 ? REPEAT_MANY : REPEAT_MAYBE;
}

/* What stands behind an atom: how often it must occur. */
static enum repeat take_repeat(struct reader *reader)
{
    enum repeat repeat = REPEAT_ONCE;
    if (next_is(reader, '{')) {
        repeat = take_braces(reader);
    } else if (next_is(reader, '+')) {
        (void)take(reader);
        repeat = REPEAT_MANY;
    } else if (next_is(reader, '*') || next_is(reader, '?')) {
        (void)take(reader);
        repeat = REPEAT_MAYBE;
    }
    if (repeat != REPEAT_ONCE && (next_is(reader, '?') || next_is(reader, '+'))) {
        (void)take(reader);
    }
    return repeat;
}

static void add_byte(struct reader *reader, struct branch *branch, char byte)
{
    enum repeat repeat = take_repeat(reader);
    if (repeat != REPEAT_MAYBE && branch->run_size < WORD_MAX) {
        branch->run[branch->run_size++] = byte;
    }
    if (repeat != REPEAT_ONCE || branch->run_size == WORD_MAX) {
        end_run(reader, branch);
    }
}

/* Something that may be any byte. */
static void add_any(struct reader *reader, struct branch *branch)
{
    end_run(reader, branch);
    (void)take_repeat(reader);
}

/* Behind a backslash. */
static void read_escape(struct reader *reader, struct branch *branch)
{
    char byte = reader->rest.size > 0 ? take(reader) : '\0';
    bool is_alphanumeric = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                           (byte >= 'A' && byte <= 'Z');
    if (byte == 'b' || byte == 'B') {
        return; /* takes no byte: a run goes on */
    }
    if (!is_alphanumeric) {
        add_byte(reader, branch, byte);
        return;
    }
    if (strchr("dDwWsS", byte) == NULL) {
        give_up(reader);
    }
    add_any(reader, branch);
}

/* A class in brackets, behind its '['. */
static void skip_class(struct reader *reader)
{
    if (next_is(reader, '^')) {
        (void)take(reader);
    }
    bool is_first = true;
    while (reader->rest.size > 0 && (is_first || !next_is(reader, ']'))) {
        is_first = false;
        if (take(reader) == '\\' && reader->rest.size > 0) {
            (void)take(reader);
        }
    }
    reader->rest = text_skip(reader->rest, 1);
}

/* What a group adds: nothing for looks around, and for what is not understood. */
static void read_group(struct reader *reader, struct branch *branch)
{
    struct classify_literals inner = {.count = 0};
    bool is_plain = true;
    if (next_is(reader, '?')) {
        is_plain = reader->rest.size > 1 && reader->rest.data[1] == ':';
        bool is_look = reader->rest.size > 1 && strchr("=!<", reader->rest.data[1]) != NULL;
        if (!is_plain && !is_look) {
            give_up(reader);
            return;
        }
        reader->rest = text_skip(reader->rest, 2);
    } else if (next_is(reader, '*')) {
        give_up(reader);
        return;
    }
    end_run(reader, branch);
    read_alternation(reader, &inner);
    reader->rest = text_skip(reader->rest, 1); /* the ')' */
    if (take_repeat(reader) == REPEAT_MAYBE || !is_plain) {
        return;
    }
    for (size_t i = 0; i < inner.count; i++) {
        add_clause(&branch->found, inner.clauses[i]);
    }
}

static void read_branch(struct reader *reader, struct branch *branch)
{
    while (reader->rest.size > 0 && !next_is(reader, '|') && !next_is(reader, ')')) {
        char byte = take(reader);
        switch (byte) {
        case '\\':
            read_escape(reader, branch);
            break;
        case '[':
            skip_class(reader);
            add_any(reader, branch);
            break;
        case '(':
            read_group(reader, branch);
            break;
        case '.':
            add_any(reader, branch);
            break;
        case '^':
        case '$':
            break;
        default:
            add_byte(reader, branch, byte);
            break;
        }
    }
    end_run(reader, branch);
}

static const struct classify_clause *best_clause(const struct classify_literals *literals)
{
    const struct classify_clause *best = NULL;
    for (size_t i = 0; i < literals->count; i++) {
        const struct classify_clause *clause = &literals->clauses[i];
        if (best == NULL || clause->shortest > best->shortest ||
            (clause->shortest == best->shortest && clause->count < best->count)) {
            best = clause;
        }
    }
    return best;
}

/* One of the branches fits, so one word out of the best clause of each occurs. */
static void join(struct reader *reader, struct classify_clause *joined,
                 const struct classify_clause *more)
{
    struct text *words = arena_zero(reader->arena, joined->count + more->count, sizeof *words);
    for (size_t i = 0; i < joined->count; i++) {
        words[i] = joined->words[i];
    }
    for (size_t i = 0; i < more->count; i++) {
        words[joined->count + i] = more->words[i];
    }
    bool is_first = joined->count == 0;
    joined->words = words;
    joined->count += more->count;
    if (is_first || more->shortest < joined->shortest) {
        joined->shortest = more->shortest;
    }
}

static void read_alternation(struct reader *reader, struct classify_literals *ret_literals)
{
    struct classify_clause joined = {.count = 0};
    bool is_known = true;
    for (size_t branches = 1;; branches++) {
        struct branch branch = {.run_size = 0};
        read_branch(reader, &branch);
        if (branches == 1 && !next_is(reader, '|')) {
            *ret_literals = branch.found;
            return;
        }
        const struct classify_clause *best = best_clause(&branch.found);
        is_known =
            is_known && best != NULL && joined.count + best->count <= CLASSIFY_LITERALS_WORDS_MAX;
        if (is_known) {
            join(reader, &joined, best);
        }
        if (!next_is(reader, '|')) {
            break;
        }
        (void)take(reader);
    }
    ret_literals->count = 0;
    if (is_known) {
        add_clause(ret_literals, joined);
    }
}

void classify_literals_find(struct text pattern, struct arena *arena,
                            struct classify_literals *ret_literals)
{
    struct reader reader = {.rest = pattern, .arena = arena};
    read_alternation(&reader, ret_literals);
    if (reader.is_lost) {
        ret_literals->count = 0;
    }
}
