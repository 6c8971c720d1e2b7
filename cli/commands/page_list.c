#include "cli/commands/page_list.h"

#include "cli/connect.h"
#include "cli/message_string.h"
#include "cli/tell.h"

#define PAGE_SIZE 1000

/* One page. @param left  in/out: rows still wanted; 0 after the last page */
static enum exit_code take_page(const struct options *options, const struct connection *connection,
                                const struct page_list *list, struct table_print *table,
                                uint64_t *left)
{
    struct api_result result;
    *list->page_size = (uint32_t)(*left < PAGE_SIZE ? *left : PAGE_SIZE);
    enum exit_code code = connect_call(connection, options, list->method, list->request, &result);
    if (code == EXIT_CODE_OK) {
        struct page_list_page page = list->look(result.response);
        if (options_flag(options, "json")) {
            tell_json(result.response);
        } else {
            list->add_rows(table, result.response);
        }
        bool is_last = page.next_token[0] == '\0' || page.counted >= *left;
        *left = is_last ? 0 : *left - page.counted;
        *list->page_token = arena_printf(connection->arena, "%s", page.next_token);
    }
    api_client_finish(&result);
    return code;
}

enum exit_code page_list_run(const struct options *options, const struct page_list *list)
{
    struct connection connection = {0};
    OWNED(table_print_destroy) struct table_print *table = table_print_create(list->columns);
    uint64_t left = list->limit;
    enum exit_code code = connect_open(options, &connection);
    *list->page_token = message_string("");
    while (code == EXIT_CODE_OK && left > 0) {
        code = take_page(options, &connection, list, table, &left);
    }
    if (code == EXIT_CODE_OK && table_print_rows(table) > 0) {
        OWNED(buffer_finish) struct buffer out = {0};
        table_print_append(table, &out);
        tell_out(&out);
    } else if (code == EXIT_CODE_OK && !options_flag(options, "json")) {
        tell("%s", list->none);
    }
    connect_close(&connection);
    return code;
}
