#include "common/base/xalloc.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void memory_is_there_also_for_nothing(void **state)
{
    (void)state;
    free(xalloc(0));
    free(xalloc_zero(0, 8));
    char *zeroes = xalloc_zero(10, 3);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(zeroes[i], 0);
    }
    zeroes[29] = 'x';
    zeroes = xalloc_resize(zeroes, 1000, 3);
    assert_int_equal(zeroes[29], 'x');
    free(zeroes);
    char *copy = xalloc_string("abc");
    assert_string_equal(copy, "abc");
    free(copy);
    copy = xalloc_copy("a\0b", 3);
    assert_memory_equal(copy, "a\0b\0", 4);
    free(copy);
}

/* @return the signal that ended a child which asks for count x size bytes */
static int signal_of_child(size_t count, size_t size)
{
    pid_t child = fork();
    if (child == 0) {
        (void)close(STDERR_FILENO);
        free(xalloc_zero(count, size));
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void an_overflowing_product_aborts(void **state)
{
    (void)state;
    assert_int_equal(signal_of_child(2, 3), 0);
    assert_int_equal(signal_of_child(SIZE_MAX / 2, 3), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_there_also_for_nothing),
        cmocka_unit_test(an_overflowing_product_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
