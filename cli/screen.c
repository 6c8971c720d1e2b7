#include "cli/screen.h"

#include "cli/table_print.h"

#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { DEFAULT_WIDTH = 80 };

/* The terminal as we found it; a process has one. */
static struct termios former;
static bool has_keys;

struct screen screen_open(void)
{
    return (struct screen){.is_terminal = isatty(STDOUT_FILENO) == 1};
}

static size_t terminal_width(void)
{
    struct winsize size;
    bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return is_known ? size.ws_col : DEFAULT_WIDTH;
}

void screen_draw(struct screen *screen, const struct buffer *lines)
{
    OWNED(buffer_finish) struct buffer out = {0};
    struct text rest = buffer_text(lines);
    struct text line;
    size_t width = terminal_width();
    if (screen->is_terminal && screen->lines > 0) {
        buffer_printf(&out, "\x1b[%zuA\x1b[J", screen->lines); /* up, clear to the end */
    }
    screen->lines = 0;
    while (rest.size > 0 && text_next_part(&rest, '\n', &line)) {
        if (!screen->is_terminal || table_print_width(line) <= width) {
            buffer_append_text(&out, line);
        } else {
            table_print_append_cell(&out, line, width, false);
        }
        buffer_append_byte(&out, '\n');
        screen->lines++;
    }
    (void)fwrite(out.data, 1, out.size, stdout);
    (void)fflush(stdout);
}

void screen_keep(struct screen *screen)
{
    screen->lines = 0;
}

bool screen_keys_open(void)
{
    if (isatty(STDIN_FILENO) != 1 || tcgetattr(STDIN_FILENO, &former) != 0) {
        return false;
    }
    struct termios keys = former;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* Ctrl-C keeps its meaning */
    has_keys = tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
    return has_keys;
}

void screen_keys_close(void)
{
    if (has_keys) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &former);
        has_keys = false;
    }
}

char screen_wait(uint64_t wait_ms)
{
    struct pollfd input = {.fd = has_keys ? STDIN_FILENO : -1, .events = POLLIN};
    char key = 0;
    if (poll(&input, 1, (int)wait_ms) > 0 && read(STDIN_FILENO, &key, 1) != 1) {
        has_keys = false; /* the terminal is gone */
        return 0;
    }
    return key;
}
