#include "worker/report/reply_text.h"

#include <string.h>

#define REMOVED "<address>"

static bool is_edge(char byte)
{
    return (unsigned char)byte <= ' ' || strchr("<>()[]{},;:\"'=|", byte) != NULL;
}

/* The word at the start of `rest`, up to white space or punctuation that no address holds; an edge
 * alone is a word of one byte. */
static struct text next_word(struct text rest)
{
    size_t size = 0;
    while (size < rest.size && !is_edge(rest.data[size])) {
        size++;
    }
    return (struct text){rest.data, size > 0 ? size : 1};
}

static size_t utf8_size(struct text rest)
{
    unsigned char first = (unsigned char)rest.data[0];
    size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    return size <= rest.size && text_is_utf8((struct text){rest.data, size}) ? size : 0;
}

/* @return bytes written */
static size_t copy_clean(struct text word, char *out, size_t room)
{
    size_t used = 0;
    while (word.size > 0) {
        size_t size = utf8_size(word);
        size_t taken = size > 0 ? size : 1;
        bool is_plain = size > 1 || (size == 1 && word.data[0] >= ' ' && word.data[0] != 0x7f);
        size = is_plain ? size : 1;
        if (used + size > room) {
            break;
        }
        if (is_plain) {
            memcpy(out + used, word.data, size);
        } else {
            out[used] = word.data[0] == '\n' || word.data[0] == '\t' ? ' ' : '?';
        }
        used += size;
        word = text_skip(word, taken);
    }
    return used;
}

size_t reply_text_clean(struct text reply, char ret_text[REPLY_TEXT_BYTES + 1])
{
    size_t used = 0;
    while (reply.size > 0 && used < REPLY_TEXT_BYTES) {
        struct text word = next_word(reply);
        reply = text_skip(reply, word.size);
        bool is_address = text_find(word, '@') < word.size;
        used +=
            copy_clean(is_address ? TEXT(REMOVED) : word, ret_text + used, REPLY_TEXT_BYTES - used);
    }
    ret_text[used] = '\0';
    return used;
}
