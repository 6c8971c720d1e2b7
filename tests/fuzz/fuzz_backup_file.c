/* A backup: the input as a whole file, then as what the frames of a file hold. */
#include "common/backup/backup_file.h"

#include "common/base/bytes.h"
#include "common/security/digest.h"
#include "common/security/seal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAME 4096

static const unsigned char key[BACKUP_FILE_KEY_BYTES];

static int read_bytes(void *context, void *place, size_t size, size_t *ret_size)
{
    struct text *left = context;
    *ret_size = size < left->size ? size : left->size;
    if (*ret_size > 0) {
        memcpy(place, left->data, *ret_size);
    }
    *left = text_skip(*left, *ret_size);
    return 0;
}

static void read_file(struct text file, size_t size)
{
    struct backup_reader *reader = NULL;
    struct backup_record record;
    struct text header;
    if (backup_file_open(key, read_bytes, &file, &reader, &header, NULL) != 0) {
        return;
    }
    int result;
    while ((result = backup_file_next(reader, &record, NULL)) == 1) {
        if (record.key.size + record.value.size > size) {
            abort();
        }
    }
    if (result == 0 && backup_file_read_so_far(reader)->bytes > size) {
        abort();
    }
    backup_file_close_reader(&reader);
}

/* As backup_file.c writes them, but of any content. */
static void seal(struct text plain, struct buffer *out)
{
    static const char head[] = "HKBACKUP\x01"
                               "0123456789abcdef";
    struct seal *sealing = seal_create(0);
    struct seal_name name = {.kind = SEAL_BACKUP};
    unsigned char derived[SEAL_KEY_BYTES];
    struct text id = {head + 9, sizeof name.campaign};
    memcpy(name.campaign, id.data, id.size);
    digest_derive_key(key, TEXT("backup"), id, derived);
    buffer_append(out, head, sizeof head - 1);
    while (plain.size > 0) {
        struct text part = {plain.data, plain.size < FRAME ? plain.size : FRAME};
        struct buffer sealed = {0};
        char bytes[4];
        if (seal_encrypt(sealing, derived, &name, &part, 1, &sealed) != 0) {
            abort();
        }
        bytes_put_u32(bytes, (uint32_t)sealed.size);
        buffer_append(out, bytes, sizeof bytes);
        buffer_append_text(out, buffer_text(&sealed));
        buffer_finish(&sealed);
        plain = text_skip(plain, part.size);
        name.batch++;
    }
    seal_destroy(&sealing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = {(const char *)data, size};
    struct buffer file = {0};
    read_file(input, size);
    seal(input, &file);
    read_file(buffer_text(&file), size);
    buffer_finish(&file);
    return 0;
}
