/* A program's configuration is one table of keys: it fills the struct, refuses what is wrong with
 * place, key and rule, decides what a reload may change, and writes the reference.
 *
 *   struct worker_config {
 *       char *name;
 *       uint64_t claim_idle_ms;
 *       struct config_list pools; // of struct worker_pool
 *   };
 *   #define AT(member) offsetof(struct worker_config, member)
 *   static const struct config_key keys[] = {
 *       {"name", CONFIG_STRING, AT(name), .is_required = true, .example = "w-0",
 *        .doc = "How this worker is called on screens and in metrics."},
 *       {"claim.idle", CONFIG_DURATION, AT(claim_idle_ms), .fallback = "60s",
 *        .minimum = 1 * SECOND_MS, .maximum = HOUR_MS, .is_reloadable = true,
 *        .doc = "How long a claimed recipient may wait before it goes back untouched."},
 *       {"pools", CONFIG_RECORDS, AT(pools), .record = &pool_table, .minimum = 1,
 *        .doc = "The pools whose addresses this worker may lease."},
 *   };
 *   const struct config_table worker_config_table = CONFIG_TABLE(struct worker_config, keys,
 *       .name = "hikyaku-worker", .doc = "...");
 */
#ifndef HIKYAKU_COMMON_CONFIG_CONFIG_TABLE_H
#define HIKYAKU_COMMON_CONFIG_CONFIG_TABLE_H

#include "common/config/config_node.h"

/** What a key holds, and the type of the member that its value is put into. */
enum config_kind {
    CONFIG_STRING,      /* char *; NULL when absent. minimum, maximum: bytes */
    CONFIG_PATH,        /* char *; a relative path is taken from the folder of the file */
    CONFIG_SECRET_FILE, /* char *; as CONFIG_PATH, of a file that options->check_secret accepts */
    CONFIG_BOOLEAN,     /* bool: true or false */
    CONFIG_INTEGER,     /* uint64_t */
    CONFIG_DURATION,    /* uint64_t, ms: 500ms, 10s, 5m, 1h30m, 7d */
    CONFIG_SIZE,        /* uint64_t, bytes: 512B, 64KiB, 8MiB, 1GiB */
    CONFIG_ENUM,        /* int or an enum: the position in choices */
    CONFIG_STRINGS,     /* struct config_strings; minimum, maximum: how many */
    CONFIG_MAP,     /* struct config_map: free keys, texts as values; minimum, maximum: how many */
    CONFIG_RECORDS, /* struct config_list of the structs of `record`; minimum, maximum: how many */
    CONFIG_RAW,     /* const struct config_node *: the caller walks it; NULL when absent */
};

/* All that is filled in lives in the arena given to config_table_fill. */
struct config_strings {
    char **items;
    size_t count;
};
struct config_pair {
    char *key;
    char *value;
};
struct config_map {
    struct config_pair *pairs; /* in the order of the file */
    size_t count;
};
struct config_list {
    void *items; /* array of the record's struct */
    size_t count;
};

/** Look at one value (each item of CONFIG_STRINGS). @return 0, or -EINVAL with rule and message in
 *  `problem` (field is ignored: the walker knows the path). config_check.h has ready ones. */
typedef int config_check_fn(struct text value, struct problem *problem);
/** Look at a filled struct for rules between keys. @return 0, or -EINVAL with problem->field
 *  naming the key, relative to this table, where the error is shown */
typedef int config_check_record_fn(const void *record, struct problem *problem);

/* In the order in which a table is read.
 * NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct config_key {
    const char *path; /* "store.url": a dot opens a map; key paths of one table are unique */
    enum config_kind kind;
    size_t offset;        /* of the member in the struct */
    const char *fallback; /* the default as one would write it (scalars only); NULL: zeroes */
    bool is_required;
    bool is_reloadable; /* SIGHUP may change it; of a record's keys the outermost decides */
    uint64_t minimum;
    uint64_t maximum;                  /* 0: none */
    const char *const *choices;        /* CONFIG_ENUM, and what items of CONFIG_STRINGS may be; ends
                                          with NULL */
    config_check_fn *check;            /* texts: one more rule; NULL: none */
    const struct config_table *record; /* CONFIG_RECORDS */
    const char *doc;                   /* one line for the reference */
    const char *example; /* as one would write it; NULL: the reference shows the default */
};

#define CONFIG_KEYS_MAX 128

struct config_table {
    const char *name; /* program, or what one record is: "pool" */
    const char *doc;
    const struct config_key *keys;
    size_t key_count;       /* at most CONFIG_KEYS_MAX */
    size_t size;            /* of the struct */
    const char *unique_key; /* records: this CONFIG_STRING differs in each; NULL: no such rule */
    config_check_record_fn *check;
};

/** CONFIG_TABLE(struct x_config, keys, .name = "...", ...) */
#define CONFIG_TABLE(type, keys_array, ...)                                    \
    {                                                                          \
        .keys = (keys_array), .size = sizeof(type),                            \
        .key_count = sizeof(keys_array) / sizeof((keys_array)[0]), __VA_ARGS__ \
    }

/** What reading needs from outside; all zero is fine for tests. */
struct config_options {
    const char *folder; /* where relative paths start; NULL: left as they are */
    /** Refuses a secret's file that is missing, unreadable or readable by others; NULL: any. */
    int (*check_secret)(const char *path, struct problem *problem);
};

/**
 * Fill a struct from a tree.
 *
 * @param options     NULL: all zero
 * @param arena       strings and lists live in it
 * @param errors      every mistake found is added
 * @param ret_config  out: struct of table->size bytes; its content is undefined on error
 * @return 0, or -EINVAL (see errors)
 */
MUST_USE int config_table_fill(const struct config_table *table, const struct config_node *root,
                               const struct config_options *options, struct arena *arena,
                               struct config_errors *errors, void *ret_config);

/** A file to be read into a struct; see config_table_read. */
struct config_request {
    const struct config_table *table;
    const char *file; /* relative paths in it start at its folder */
    int (*check_secret)(const char *path, struct problem *problem); /* may be NULL */
};

/**
 * Read a file and fill a struct: config_node_read, then config_table_fill.
 *
 * @param errors  its `file` is set to request->file
 * @return 0, or -Exxx (see errors)
 */
MUST_USE int config_table_read(const struct config_request *request, struct arena *arena,
                               struct config_errors *errors, void *ret_config);

#endif
