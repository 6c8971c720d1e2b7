#include "common/config/config_reference.h"

#include "courier_config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char expected[] =
    "# Configuration of `courier`\n\nA courier for tests.\n\n"
    "| key | value | default | reload | meaning |\n|---|---|---|---|---|\n"
    "| `name` | text, at most 10 bytes | required | restart | How it is called \\| on screens. "
    "Example: `c-0` |\n"
    "| `store.folder` | path | `/var/lib/courier` | restart | Where it keeps things. |\n"
    "| `store.key_file` | path of a secret file | none | restart | The key. |\n"
    "| `store.room` | size, 1KiB to 1GiB | `8MiB` | yes | How much it keeps. |\n"
    "| `polite` | `true` or `false` | `true` | yes | Whether it greets. |\n"
    "| `crew.runners` | number, 1 to 64 | `4` | restart | How many run. |\n"
    "| `crew.wait` | time, at most 1h | `10s` | yes | How long it waits. |\n"
    "| `mode` | one of `live`, `sandbox` | `live` | restart | What is real. |\n"
    "| `roads` | list of texts, at most 3 entries | none | yes | Where it runs. |\n"
    "| `scopes` | list of texts: `read`, `send` | none | restart | What it may. |\n"
    "| `labels` | map of texts | none | yes | Free words. |\n"
    "| `pools` | list of [pool](#pool) | none | restart | Its addresses. |\n"
    "| `notes` | free form | none | restart | Anything. |\n"
    "\n## pool\n\nA named set of addresses.\n\n"
    "| key | value | default | meaning |\n|---|---|---|---|\n"
    "| `name` | text | required | Its name. |\n"
    "| `addresses` | list of [address](#address), at least 1 entries | none | What it sends from. "
    "|\n"
    "\n## address\n\n"
    "| key | value | default | meaning |\n|---|---|---|---|\n"
    "| `ip` | text | required | The source address. Example: `203.0.113.7` |\n"
    "| `ehlo` | text | none | Its name. |\n"
    "| `weight` | number, 1 to 10 | `1` | Its share. |\n";

static void the_table_is_the_reference(void **state)
{
    (void)state;
    OWNED(buffer_finish) struct buffer out = {0};
    config_reference_markdown(&courier_table, &out);
    buffer_append_byte(&out, '\0');
    assert_string_equal(out.data, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
