/* Replays a corpus through a fuzz target without libFuzzer, so that every ordinary test run proves
 * that what once broke a parser stays mended: replay_main FILE_OR_FOLDER... */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Targets that need no setting up do not define it. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *count, char ***arguments);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        perror(path);
        return -1;
    }
    size_t size = (size_t)status.st_size;
    /* Exactly as large as the input: one byte read too far is seen by AddressSanitizer. */
    uint8_t *data = malloc(size == 0 ? 1 : size);
    if (data == NULL || fread(data, 1, size, file) != size) {
        perror(path);
        free(data);
        (void)fclose(file);
        return -1;
    }
    (void)fclose(file);
    uint8_t *exact = size == 0 ? data + 1 : data;
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(data);
    return 1;
}

/* @return inputs replayed, or -1 when one could not be read */
static int replay_folder(const char *path)
{
    struct dirent **names = NULL;
    int found = scandir(path, &names, NULL, alphasort);
    int replayed = found < 0 ? -1 : 0;
    for (int i = 0; i < found; i++) {
        char file[4096];
        int length = snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && replayed >= 0) {
            int done = length < (int)sizeof file ? replay_file(file) : -1;
            replayed = done < 0 ? -1 : replayed + done;
        }
        free(names[i]);
    }
    free(names);
    return replayed;
}

int main(int count, char **arguments)
{
    if (LLVMFuzzerInitialize != NULL) {
        (void)LLVMFuzzerInitialize(&count, &arguments);
    }
    int total = 0;
    for (int i = 1; i < count; i++) {
        struct stat status;
        int replayed = stat(arguments[i], &status) != 0 ? -1
                       : S_ISDIR(status.st_mode)        ? replay_folder(arguments[i])
                                                        : replay_file(arguments[i]);
        if (replayed < 0) {
            (void)fprintf(stderr, "%s: cannot be replayed\n", arguments[i]);
            return 2;
        }
        total += replayed;
    }
    (void)printf("%d inputs replayed\n", total);
    return total == 0; /* an empty corpus proves nothing */
}
