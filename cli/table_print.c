#include "cli/table_print.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <uniwidth.h>

struct table_print {
    bool is_right[TABLE_PRINT_COLUMNS_MAX];
    size_t columns;
    char **cells; /* headings first; owned */
    size_t count;
    size_t capacity;
};

/* Bytes of the UTF-8 character at the start of `text`; 0 when there is none. */
static size_t character_at(struct text text)
{
    static const unsigned char least[] = {0, 0, 0xC0, 0xE0, 0xF0};
    unsigned char lead = (unsigned char)text.data[0];
    size_t size = lead < 0x80 ? 1 : 4;
    while (size > 1 && lead < least[size]) {
        size--;
    }
    bool is_whole = size <= text.size && (lead < 0x80 || size > 1) &&
                    text_is_utf8((struct text){text.data, size});
    return is_whole ? size : 0;
}

static uint32_t code_of(const char *data, size_t size)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (unsigned char)data[0] & masks[size];
    for (size_t i = 1; i < size; i++) {
        code = code << 6 | ((unsigned char)data[i] & 0x3F);
    }
    return code;
}

/* One character for the screen. @return bytes of `text` used; width -1 becomes "?" of width 1 */
static size_t next_character(struct text text, struct text *ret_shown, size_t *ret_width)
{
    size_t size = character_at(text);
    int width = size == 0 ? -1 : uc_width(code_of(text.data, size), "UTF-8");
    if (width < 0) {
        *ret_shown = TEXT("?");
        *ret_width = 1;
    } else {
        *ret_shown = (struct text){text.data, size};
        *ret_width = (size_t)width;
    }
    return size == 0 ? 1 : size;
}

size_t table_print_width(struct text text)
{
    size_t total = 0;
    while (text.size > 0) {
        struct text shown;
        size_t width;
        text = text_skip(text, next_character(text, &shown, &width));
        total += width;
    }
    return total;
}

void table_print_append_clean(struct buffer *out, struct text text)
{
    while (text.size > 0) {
        struct text shown;
        size_t width;
        text = text_skip(text, next_character(text, &shown, &width));
        buffer_append_text(out, shown);
    }
}

static void append_spaces(struct buffer *out, size_t count)
{
    while (count-- > 0) {
        buffer_append_byte(out, ' ');
    }
}

void table_print_append_cell(struct buffer *out, struct text text, size_t width, bool is_right)
{
    size_t full = table_print_width(text);
    if (full <= width) {
        append_spaces(out, is_right ? width - full : 0);
        table_print_append_clean(out, text);
        append_spaces(out, is_right ? 0 : width - full);
        return;
    }
    size_t used = 0;
    while (text.size > 0) {
        struct text shown;
        size_t one;
        text = text_skip(text, next_character(text, &shown, &one));
        if (used + one + 1 > width) {
            break;
        }
        buffer_append_text(out, shown);
        used += one;
    }
    buffer_append_string(out, width > 0 ? "…" : "");
    append_spaces(out, width > used + 1 ? width - used - 1 : 0);
}

struct table_print *table_print_create(const char *headings)
{
    struct table_print *table = xalloc_zero(1, sizeof *table);
    struct text rest = text_of(headings);
    struct text heading;
    while (text_next_part(&rest, ',', &heading)) {
        assert(table->columns < TABLE_PRINT_COLUMNS_MAX);
        bool is_right = text_starts_with(heading, TEXT(">"));
        table->is_right[table->columns] = is_right;
        table->columns++;
        table_print_cell(table, text_skip(heading, is_right ? 1 : 0));
    }
    assert(table->columns > 0);
    return table;
}

void table_print_destroy(struct table_print **table)
{
    if (*table == NULL) {
        return;
    }
    for (size_t i = 0; i < (*table)->count; i++) {
        free((*table)->cells[i]);
    }
    free((*table)->cells);
    free(*table);
    *table = NULL;
}

void table_print_cell(struct table_print *table, struct text text)
{
    if (table->count == table->capacity) {
        table->capacity = table->capacity == 0 ? 64 : table->capacity * 2;
        table->cells = xalloc_resize(table->cells, table->capacity, sizeof *table->cells);
    }
    table->cells[table->count++] = text_to_string(text);
}

void table_print_format(struct table_print *table, const char *format, ...)
{
    char text[512];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    size_t size = length < 0 ? 0 : (size_t)length;
    table_print_cell(table, (struct text){text, size < sizeof text ? size : sizeof text - 1});
}

size_t table_print_rows(const struct table_print *table)
{
    return table->count / table->columns - 1;
}

static size_t column_width(const struct table_print *table, size_t column)
{
    size_t widest = 0;
    for (size_t i = column; i < table->count; i += table->columns) {
        size_t width = table_print_width(text_of(table->cells[i]));
        widest = width > widest ? width : widest;
    }
    return widest > TABLE_PRINT_CELL_WIDTH_MAX ? TABLE_PRINT_CELL_WIDTH_MAX : widest;
}

void table_print_append(const struct table_print *table, struct buffer *out)
{
    size_t widths[TABLE_PRINT_COLUMNS_MAX];
    assert(table->columns > 0);
    for (size_t i = 0; i < table->columns; i++) {
        widths[i] = column_width(table, i);
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        table_print_append_cell(out, text_of(table->cells[i]), widths[column],
                                table->is_right[column]);
        if (column + 1 < table->columns) {
            buffer_append_string(out, "  ");
            continue;
        }
        while (out->size > 0 && out->data[out->size - 1] == ' ') {
            out->size--;
        }
        buffer_append_byte(out, '\n');
    }
}
