/* Lists that the cluster gives page by page: one table for people, one object a page with --json.
 */
#ifndef HIKYAKU_CLI_COMMANDS_PAGE_LIST_H
#define HIKYAKU_CLI_COMMANDS_PAGE_LIST_H

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/table_print.h"

/** What a page says of the list. */
struct page_list_page {
    const char *next_token; /* borrowed of the page; "": it was the last */
    size_t counted;         /* of its rows: how many the limit counts */
};

/** @callback once for each page; it ends with the callback */
typedef struct page_list_page page_list_look_fn(const ProtobufCMessage *page);
/** @callback once for each page without --json, after page_list_look_fn */
typedef void page_list_add_fn(struct table_print *table, const ProtobufCMessage *page);

/** A list and how it is asked for. All is borrowed. */
struct page_list {
    enum api_method method;
    const ProtobufCMessage *request;
    uint32_t *page_size; /* fields of the request, set before each call */
    char **page_token;
    uint64_t limit;      /* at most so many rows; UINT64_MAX: all */
    const char *columns; /* as table_print_create() wants them */
    const char *none;    /* told to people when there is no row */
    page_list_look_fn *look;
    page_list_add_fn *add_rows;
};

/**
 * Ask for all pages, up to the limit, and print them.
 *
 * @return EXIT_CODE_OK, or what connect_open() and connect_call() return; the reason is told
 */
enum exit_code page_list_run(const struct options *options, const struct page_list *list);

#endif
