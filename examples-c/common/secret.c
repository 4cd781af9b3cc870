#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "terminal.h"

/* Reads up to a newline, which is left out. False at the end of the file before any byte, or if it is too long. */
static bool read_line(struct secret *secret, int fd)
{
    char c;
    ssize_t n;

    secret->len = 0;
    while ((n = read(fd, &c, 1)) == 1 && c != '\n') {
        if (secret->len == sizeof secret->bytes) {
            errno = EMSGSIZE;
            return false;
        }
        secret->bytes[secret->len++] = c;
    }
    return n == 1 || (n == 0 && secret->len > 0);
}

bool secret_read_file(struct secret *secret, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok;

    errno = fd < 0 ? errno : 0;
    ok = fd >= 0 && read_line(secret, fd);
    if (!ok)
        report_error(path, errno != 0 ? strerror(errno) : "the file is empty",
                     "its first line must be the password or passphrase");
    if (fd >= 0)
        close(fd);
    if (ok && secret->len > 0 && secret->bytes[secret->len - 1] == '\r')
        secret->len--;
    return ok;
}

bool secret_ask(struct secret *secret, const char *prompt, size_t prompt_len, bool echo)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    bool ok;

    if (fd < 0)
        return false;
    report_peer_text(prompt, prompt_len);
    if (!echo)
        terminal_hide_typing(fd);
    ok = read_line(secret, fd);
    if (!echo) {
        terminal_restore();
        report_peer_text("\n", 1);
    }
    close(fd);
    return ok;
}

void secret_wipe(struct secret *secret)
{
    /* volatile: the compiler must not leave the writes out because nobody reads them. */
    volatile char *bytes = secret->bytes;
    size_t i;

    for (i = 0; i < sizeof secret->bytes; i++)
        bytes[i] = 0;
    secret->len = 0;
}
