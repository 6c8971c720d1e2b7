/* Preloaded into redis-server: a slow disk. The file that HIKYAKU_SLOW_FSYNC names holds, as text,
 * how many milliseconds each fsync and fdatasync takes longer; no file: none. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

typedef int sync_fn(int);

static void wait_as_told(void)
{
    const char *path = getenv("HIKYAKU_SLOW_FSYNC");
    int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) {
        return;
    }
    char text[16] = "";
    ssize_t size = read(file, text, sizeof(text) - 1);
    (void)close(file);
    long wait_ms = size > 0 ? strtol(text, NULL, 10) : 0;
    struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
    (void)nanosleep(&wait, NULL);
}

static int sync_with(const char *name, int file)
{
    union {
        void *symbol;
        sync_fn *call;
    } original = {.symbol = dlsym(RTLD_NEXT, name)};
    wait_as_told();
    return original.call(file);
}

int fsync(int file)
{
    return sync_with("fsync", file);
}

int fdatasync(int file)
{
    return sync_with("fdatasync", file);
}
