#include "terminal.h"

#include <pthread.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static pthread_mutex_t saved_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the two below */
static struct termios saved_modes;
static int saved_fd = -1;

static bool change_modes(int fd, const struct termios *before, const struct termios *after)
{
    bool ok;

    pthread_mutex_lock(&saved_lock);
    ok = tcsetattr(fd, TCSADRAIN, after) == 0;
    if (ok) {
        saved_modes = *before;
        saved_fd = fd;
    }
    pthread_mutex_unlock(&saved_lock);
    return ok;
}

bool terminal_hide_typing(int fd)
{
    struct termios before, after;

    if (tcgetattr(fd, &before) != 0)
        return false;
    after = before;
    after.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    return change_modes(fd, &before, &after);
}

bool terminal_make_raw(int fd)
{
    struct termios before, after;

    if (tcgetattr(fd, &before) != 0)
        return false;
    after = before;
    /* The remote side's terminal does all that this one now leaves alone. */
    after.c_iflag |= IGNPAR;
    after.c_iflag &= ~(tcflag_t)(ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF);
    after.c_lflag &= ~(tcflag_t)(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN);
    after.c_oflag &= ~(tcflag_t)OPOST;
    after.c_cc[VMIN] = 1;
    after.c_cc[VTIME] = 0;
    return change_modes(fd, &before, &after);
}

void terminal_restore(void)
{
    pthread_mutex_lock(&saved_lock);
    if (saved_fd >= 0)
        tcsetattr(saved_fd, TCSADRAIN, &saved_modes);
    saved_fd = -1;
    pthread_mutex_unlock(&saved_lock);
}

struct terminal_size terminal_get_size(int fd)
{
    struct terminal_size size = {0, 0, 0, 0};
    struct winsize window;

    if (ioctl(fd, TIOCGWINSZ, &window) == 0) {
        size.cols = window.ws_col;
        size.rows = window.ws_row;
        size.width_px = window.ws_xpixel;
        size.height_px = window.ws_ypixel;
    }
    return size;
}
