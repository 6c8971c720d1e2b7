#include "common/policy/classify_rules.h"

#include "common/mail/enhanced_code.h"
#include "common/policy/classify_literals.h"
#include "common/policy/classify_search.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* A pattern that needs more steps than this for one reply is taken not to fit. */
enum { MATCH_LIMIT = 100000, DEPTH_LIMIT = 500, HEAP_LIMIT_KIB = 256, NEST_LIMIT = 20 };
enum { JIT_STACK_LEAST = 16 << 10, JIT_STACK_MOST = 64 << 10, WORD_BITS = 64 };

struct pattern {
    pcre2_code *code;
    uint32_t rule;
    uint32_t clause_count; /* that must be seen; 0: the pattern is always tried */
};

struct classify_rules {
    struct arena *arena;
    struct classify_rule *rules;
    uint32_t *first_pattern; /* [rule] */
    size_t rule_count;
    struct pattern *patterns;
    size_t pattern_count;
    uint32_t *pattern_of; /* [clause] */
    size_t clause_count;
    struct text providers[CLASSIFY_RULES_PROVIDERS_MAX];
    size_t provider_count;
    struct classify_search *search;

    /* Room for one question. */
    uint64_t *is_clause_seen;
    uint32_t *clauses_seen; /* [pattern] */
    uint64_t *is_open;      /* [rule]: worth a look */
    uint64_t *is_always_open;
    pcre2_match_context *match_context;
    pcre2_match_data *match_data;
    pcre2_jit_stack *jit_stack;
};

/* ------------------------------------------------------------------ making */

struct classify_rules *classify_rules_create(void)
{
    struct classify_rules *rules = xalloc_zero(1, sizeof *rules);
    rules->arena = arena_create(0);
    rules->search = classify_search_create();
    rules->rules = xalloc_zero(CLASSIFY_RULES_MAX, sizeof *rules->rules);
    rules->first_pattern = xalloc_zero(CLASSIFY_RULES_MAX, sizeof *rules->first_pattern);
    rules->patterns = xalloc_zero(CLASSIFY_RULES_PATTERNS_MAX, sizeof *rules->patterns);
    rules->pattern_of =
        xalloc_zero((size_t)CLASSIFY_RULES_PATTERNS_MAX * CLASSIFY_LITERALS_CLAUSES_MAX,
                    sizeof *rules->pattern_of);
    return rules;
}

static void free_matching(struct classify_rules *rules)
{
    pcre2_match_data_free(rules->match_data);
    pcre2_match_context_free(rules->match_context);
    pcre2_jit_stack_free(rules->jit_stack);
    free(rules->is_clause_seen);
    free(rules->clauses_seen);
    free(rules->is_open);
    free(rules->is_always_open);
}

void classify_rules_destroy(struct classify_rules **rules)
{
    if (*rules == NULL) {
        return;
    }
    for (size_t i = 0; i < (*rules)->pattern_count; i++) {
        pcre2_code_free((*rules)->patterns[i].code);
    }
    free_matching(*rules);
    classify_search_destroy(&(*rules)->search);
    free((*rules)->rules);
    free((*rules)->first_pattern);
    free((*rules)->patterns);
    free((*rules)->pattern_of);
    arena_destroy(&(*rules)->arena);
    free(*rules);
    *rules = NULL;
}

static int find_provider(const struct classify_rules *rules, struct text name)
{
    for (size_t i = 0; i < rules->provider_count; i++) {
        if (text_equal(rules->providers[i], name)) {
            return (int)i;
        }
    }
    return -ENOENT;
}

int classify_rules_provider(struct classify_rules *rules, struct text name)
{
    int number = find_provider(rules, name);
    if (number >= 0) {
        return number;
    }
    if (rules->provider_count == CLASSIFY_RULES_PROVIDERS_MAX) {
        return -EMSGSIZE;
    }
    rules->providers[rules->provider_count] = arena_text(rules->arena, name);
    return (int)rules->provider_count++;
}

int classify_rules_add(struct classify_rules *rules, const struct classify_rule *rule)
{
    if (rules->rule_count == CLASSIFY_RULES_MAX) {
        return -EMSGSIZE;
    }
    struct classify_rule *added = &rules->rules[rules->rule_count];
    *added = *rule;
    added->id = arena_printf(rules->arena, "%s", rule->id);
    added->pattern_count = 0;
    rules->first_pattern[rules->rule_count++] = (uint32_t)rules->pattern_count;
    return 0;
}

static pcre2_code *compile(struct text pattern, struct problem *problem)
{
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    assert(context != NULL);
    (void)pcre2_set_parens_nest_limit(context, NEST_LIMIT);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern.data, pattern.size,
                      PCRE2_NO_AUTO_CAPTURE | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
                          PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY | PCRE2_DOTALL,
                      &error, &offset, context);
    pcre2_compile_context_free(context);
    if (code == NULL) {
        PCRE2_UCHAR message[120];
        (void)pcre2_get_error_message(error, message, sizeof message);
        problem_set(problem, "", "pattern", "is no pattern: %s, at its byte %zu", (char *)message,
                    (size_t)offset);
        return NULL;
    }
    /* Without memory that may be executed it is interpreted: slower, the same answers. */
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    return code;
}

/* Capital letters never occur in a plain text. */
static bool has_capital(struct text pattern)
{
    for (size_t i = 0; i < pattern.size; i++) {
        if (pattern.data[i] == '\\') {
            i++;
        } else if (pattern.data[i] >= 'A' && pattern.data[i] <= 'Z') {
            return true;
        }
    }
    return false;
}

static int add_words(struct classify_rules *rules, struct text pattern, struct pattern *added)
{
    struct classify_literals literals = {.count = 0};
    classify_literals_find(pattern, rules->arena, &literals);
    for (size_t i = 0; i < literals.count; i++) {
        uint32_t clause = (uint32_t)rules->clause_count++;
        rules->pattern_of[clause] = (uint32_t)rules->pattern_count;
        for (size_t k = 0; k < literals.clauses[i].count; k++) {
            if (classify_search_add(rules->search, literals.clauses[i].words[k], clause) != 0) {
                return -EMSGSIZE;
            }
        }
    }
    added->clause_count = (uint32_t)literals.count;
    return 0;
}

int classify_rules_add_pattern(struct classify_rules *rules, struct text pattern,
                               struct problem *problem)
{
    assert(rules->rule_count > 0);
    if (pattern.size == 0 || pattern.size > CLASSIFY_RULES_PATTERN_BYTES ||
        rules->pattern_count == CLASSIFY_RULES_PATTERNS_MAX) {
        problem_set(problem, "", "pattern_size", "is empty, too long, or one pattern too many");
        return -EMSGSIZE;
    }
    if (has_capital(pattern)) {
        problem_set(problem, "", "pattern_case",
                    "has a capital letter: replies are compared in lower case");
        return -EINVAL;
    }
    struct pattern added = {.rule = (uint32_t)rules->rule_count - 1};
    added.code = compile(pattern, problem);
    if (added.code == NULL) {
        return -EINVAL;
    }
    if (add_words(rules, pattern, &added) != 0) {
        pcre2_code_free(added.code);
        problem_set(problem, "", "pattern_size", "the rules have too many words");
        return -EMSGSIZE;
    }
    rules->patterns[rules->pattern_count++] = added;
    rules->rules[rules->rule_count - 1].pattern_count++;
    return 0;
}

static uint64_t *bits(size_t count)
{
    return xalloc_zero(count / WORD_BITS + 1, sizeof(uint64_t));
}

static void set_bit(uint64_t *words, size_t bit)
{
    words[bit / WORD_BITS] |= (uint64_t)1 << bit % WORD_BITS;
}

int classify_rules_finish(struct classify_rules *rules)
{
    classify_search_finish(rules->search);
    rules->is_clause_seen = bits(rules->clause_count);
    rules->clauses_seen = xalloc_zero(rules->pattern_count + 1, sizeof *rules->clauses_seen);
    rules->is_open = bits(rules->rule_count);
    rules->is_always_open = bits(rules->rule_count);
    for (size_t i = 0; i < rules->rule_count; i++) {
        if (rules->rules[i].pattern_count == 0) {
            set_bit(rules->is_always_open, i);
        }
    }
    for (size_t i = 0; i < rules->pattern_count; i++) {
        if (rules->patterns[i].clause_count == 0) {
            set_bit(rules->is_always_open, rules->patterns[i].rule);
        }
    }
    rules->match_data = pcre2_match_data_create(1, NULL);
    rules->match_context = pcre2_match_context_create(NULL);
    rules->jit_stack = pcre2_jit_stack_create(JIT_STACK_LEAST, JIT_STACK_MOST, NULL);
    assert(rules->match_data != NULL && rules->match_context != NULL);
    (void)pcre2_set_match_limit(rules->match_context, MATCH_LIMIT);
    (void)pcre2_set_depth_limit(rules->match_context, DEPTH_LIMIT);
    (void)pcre2_set_heap_limit(rules->match_context, HEAP_LIMIT_KIB);
    pcre2_jit_stack_assign(rules->match_context, NULL, rules->jit_stack);
    return 0;
}

/* ------------------------------------------------------------------ asking */

static bool fits_code(const struct classify_rule *rule, const struct classify_question *question)
{
    if (rule->digits != 0 && (rule->digits >> question->digit & 1U) != 0) {
        return true;
    }
    for (size_t i = 0; i < rule->code_count; i++) {
        if (rule->codes[i] == question->smtp) {
            return true;
        }
    }
    return rule->digits == 0 && rule->code_count == 0;
}

static bool fits_enhanced(const struct classify_rule *rule,
                          const struct classify_question *question)
{
    uint32_t subject = ENHANCED_CODE_SUBJECT(question->enhanced);
    uint32_t any = CLASSIFY_RULES_ENHANCED(subject, CLASSIFY_RULES_DETAIL_ANY);
    uint32_t exact = CLASSIFY_RULES_ENHANCED(subject, ENHANCED_CODE_DETAIL(question->enhanced));
    bool has_code = question->enhanced != 0;
    for (size_t i = 0; i < rule->enhanced_count; i++) {
        uint32_t wanted = rule->enhanced[i];
        if (has_code ? wanted == exact || wanted == any : wanted == CLASSIFY_RULES_ENHANCED_NONE) {
            return true;
        }
    }
    return rule->enhanced_count == 0;
}

static bool fits_conditions(const struct classify_rule *rule, uint64_t provider_bit,
                            const struct classify_question *question)
{
    return (rule->stages == 0 || (rule->stages >> question->stage & 1U) != 0) &&
           (rule->providers == 0 || (rule->providers & provider_bit) != 0) &&
           fits_code(rule, question) && fits_enhanced(rule, question);
}

/* An error (a limit was met) is no fit: the same reply always gets the same answer. */
static bool fits_pattern(const struct classify_rules *rules, const struct pattern *pattern,
                         struct text text)
{
    const char *data = text.data == NULL ? "" : text.data;
    return pcre2_match(pattern->code, (PCRE2_SPTR)data, text.size, 0, 0, rules->match_data,
                       rules->match_context) >= 0;
}

static bool fits_text(const struct classify_rules *rules, size_t rule, struct text text,
                      bool is_searched)
{
    size_t count = rules->rules[rule].pattern_count;
    for (size_t i = 0; i < count; i++) {
        const struct pattern *pattern = &rules->patterns[rules->first_pattern[rule] + i];
        bool is_promising = !is_searched || rules->clauses_seen[rules->first_pattern[rule] + i] ==
                                                pattern->clause_count;
        if (is_promising && fits_pattern(rules, pattern, text)) {
            return true;
        }
    }
    return count == 0;
}

static void on_word(void *context, uint32_t clause)
{
    struct classify_rules *rules = context;
    uint64_t bit = (uint64_t)1 << clause % WORD_BITS;
    if ((rules->is_clause_seen[clause / WORD_BITS] & bit) != 0) {
        return;
    }
    rules->is_clause_seen[clause / WORD_BITS] |= bit;
    uint32_t pattern = rules->pattern_of[clause];
    if (++rules->clauses_seen[pattern] == rules->patterns[pattern].clause_count) {
        set_bit(rules->is_open, rules->patterns[pattern].rule);
    }
}

static void search(struct classify_rules *rules, struct text text)
{
    memset(rules->is_clause_seen, 0, (rules->clause_count / WORD_BITS + 1) * sizeof(uint64_t));
    memset(rules->clauses_seen, 0, rules->pattern_count * sizeof *rules->clauses_seen);
    memcpy(rules->is_open, rules->is_always_open,
           (rules->rule_count / WORD_BITS + 1) * sizeof(uint64_t));
    classify_search_run(rules->search, text, on_word, rules);
}

static uint64_t provider_bit(const struct classify_rules *rules, struct text provider)
{
    int number = provider.size == 0 ? -ENOENT : find_provider(rules, provider);
    return number >= 0 ? (uint64_t)1 << number : 0;
}

const struct classify_rule *classify_rules_find(struct classify_rules *rules,
                                                const struct classify_question *question)
{
    uint64_t provider = provider_bit(rules, question->provider);
    search(rules, question->text);
    for (size_t word = 0; word <= rules->rule_count / WORD_BITS; word++) {
        for (uint64_t open = rules->is_open[word]; open != 0; open &= open - 1) {
            size_t i = word * WORD_BITS + (size_t)__builtin_ctzll(open);
            if (fits_conditions(&rules->rules[i], provider, question) &&
                fits_text(rules, i, question->text, true)) {
                return &rules->rules[i];
            }
        }
    }
    return NULL;
}

const struct classify_rule *classify_rules_find_slowly(struct classify_rules *rules,
                                                       const struct classify_question *question)
{
    uint64_t provider = provider_bit(rules, question->provider);
    for (size_t i = 0; i < rules->rule_count; i++) {
        if (fits_conditions(&rules->rules[i], provider, question) &&
            fits_text(rules, i, question->text, false)) {
            return &rules->rules[i];
        }
    }
    return NULL;
}

size_t classify_rules_count(const struct classify_rules *rules)
{
    return rules->rule_count;
}
