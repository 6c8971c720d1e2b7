#include "common/base/trap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* @return the signal that ended a process which stepped on it; 0: none did */
static int step_on(const char *variable, const char *text)
{
    pid_t child = fork();
    if (child == 0) {
        if (variable != NULL) {
            setenv("HIKYAKU_TRAP_COMPOSE", variable, 1);
        }
        trap_arm(TRAP_COMPOSE);
        trap_step_on(TRAP_LOAD, text_of(text));
        trap_step_on(TRAP_COMPOSE, text_of(text));
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_only_what_is_named_springs_it(void **state)
{
    (void)state;
    assert_int_equal(step_on("poison.", "poison.1@example.test"), SIGABRT);
    assert_int_equal(step_on("poison.", "fine@example.test"), 0);
    assert_int_equal(step_on("", "poison.1@example.test"), 0);
    assert_int_equal(step_on(NULL, "poison.1@example.test"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_only_what_is_named_springs_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
