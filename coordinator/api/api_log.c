/* ListAudit. */
#include "common/store/store_audit.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/audit/audit_line.h"

#include <errno.h>
#include <inttypes.h>

#define PAGE_DEFAULT 200

/* "1800000000000-0" @return 0 or -EINVAL */
static int read_token(const char *token, struct store_audit_read *ret_read)
{
    struct text rest = text_of(token);
    struct text ms;
    if (!text_next_part(&rest, '-', &ms)) {
        return -EINVAL;
    }
    int error = text_to_u64(ms, UINT64_MAX, &ret_read->ms);
    return error != 0 ? error : text_to_u64(rest, UINT64_MAX, &ret_read->sequence);
}

static bool fits(const char *asked, struct text value)
{
    return asked[0] == '\0' || text_equal(text_of(asked), value);
}

/* Of its own tenant; who sees all also sees what is of none. */
static bool is_told(const struct api_call *call, const struct store_audit_line *line)
{
    const Hikyaku__V1__ListAuditRequest *request = (const void *)call->request;
    return fits(request->principal, line->principal) && fits(request->call, line->call) &&
           fits(request->result, line->result) &&
           (call->caller.sees_all || audit_line_is_of(line->line, call->tenant));
}

static void on_found(void *context, int error, const struct store_audit_found *found, size_t count)
{
    struct api_call *call = context;
    const Hikyaku__V1__ListAuditRequest *request = (const void *)call->request;
    Hikyaku__V1__ListAuditResponse response;
    hikyaku__v1__list_audit_response__init(&response);
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    response.lines = arena_zero(call->arena, count + 1, sizeof(char *));
    for (size_t i = 0; i < count; i++) {
        const struct store_audit_line *line = &found[i].line;
        if (is_told(call, line)) {
            response.lines[response.n_lines++] = api_call_string(call, line->line);
        }
    }
    response.more = count == (request->page_size == 0 ? PAGE_DEFAULT : request->page_size);
    response.next_page_token = count == 0
                                   ? api_call_string(call, text_of(request->page_token))
                                   : arena_printf(call->arena, "%" PRIu64 "-%" PRIu64,
                                                  found[count - 1].ms, found[count - 1].sequence);
    api_call_answer(call, &response.base);
}

void api_log_handle(struct api_call *call)
{
    const Hikyaku__V1__ListAuditRequest *request = (const void *)call->request;
    struct store_audit_read read = {
        .ms = request->from_unix_ms > 0 ? (uint64_t)request->from_unix_ms - 1 : 0,
        .sequence = request->from_unix_ms > 0 ? UINT64_MAX : 0,
        .limit = request->page_size == 0 ? PAGE_DEFAULT : request->page_size};
    if (request->page_token[0] != '\0' && read_token(request->page_token, &read) != 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "page_token", "page_token",
                             "must be the next_page_token of an answer");
        return;
    }
    store_audit_read(call->api->settings.store, &read, on_found, call);
}
