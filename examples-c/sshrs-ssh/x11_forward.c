#include "x11_forward.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "dial.h"
#include "report.h"

#define COOKIE_PROTOCOL "MIT-MAGIC-COOKIE-1"
#define COOKIE_BYTES 16
#define FIRST_PORT 6000
#define MAX_DISPLAY (65535 - FIRST_PORT)

/* How long a program may take to say hello, once it is connected. */
#define SETUP_TIMEOUT_MS 60000

/* A cookie outlives the time connections are taken by so much, as OpenSSH has it. */
#define COOKIE_SLACK_SECONDS 60

static int64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* ---- where the display is ---- */

/* What may stand in a display's name, as OpenSSH has it. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && strchr(".:/-_[]", *text) == NULL)
            return false;
    return true;
}

static bool read_number(const char **text, unsigned long most, unsigned long *out)
{
    char *end;

    if (!isdigit((unsigned char)**text))
        return false;
    *out = strtoul(*text, &end, 10);
    *text = end;
    return *out <= most;
}

/* "[host]:number[.screen]", or a socket's path with the number behind it, as some systems have. */
static bool parse_display(struct x11_forward *x11, const char *name)
{
    const char *rest = strrchr(name, ':');
    size_t host_len = rest == NULL ? 0 : (size_t)(rest - name);
    unsigned long number, screen = 0;
    char path[64];

    if (rest == NULL || !is_plain(name))
        return false;
    rest++;
    if (!read_number(&rest, MAX_DISPLAY, &number))
        return false;
    if (*rest == '.') {
        rest++;
        if (!read_number(&rest, UINT32_MAX, &screen))
            return false;
    }
    if (*rest != '\0')
        return false;
    x11->screen = (uint32_t)screen;
    x11->port = FIRST_PORT + (uint32_t)number;
    if (name[0] == '/') {
        /* The path ends before ".screen". */
        x11->path = options_keep(name, host_len + strcspn(name + host_len, "."));
    } else if (host_len == 0 || (host_len == 4 && strncmp(name, "unix", 4) == 0)) {
        snprintf(path, sizeof path, "/tmp/.X11-unix/X%lu", number);
        x11->path = options_keep(path, strlen(path));
    } else if (name[0] == '[' && host_len > 2 && name[host_len - 1] == ']') {
        x11->host = options_keep(name + 1, host_len - 2);
    } else {
        x11->host = options_keep(name, host_len);
    }
    return true;
}

/* ---- its cookie ---- */

static bool is_hexadecimal(const char *text)
{
    size_t len = strspn(text, "0123456789abcdefABCDEF");

    return len > 0 && len % 2 == 0 && text[len] == '\0';
}

/* Has xauth print the display's entry, from a file or the user's own. */
static bool list_cookie(struct x11_forward *x11, const struct options *options, const char *file, const char *name)
{
    const char *from_file[] = {options->xauth_location, "-q", "-f", file, "list", name, NULL};
    const char *usual[] = {options->xauth_location, "-q", "list", name, NULL};
    char line[2048], local[300];

    /* Cookies of displays that localhost stands for are kept under the local host's name. */
    if (strncmp(name, "localhost:", 10) == 0) {
        snprintf(local, sizeof local, "unix:%s", name + 10);
        from_file[5] = usual[3] = local;
    }
    if (!command_run(file != NULL ? from_file : usual, NULL, line, sizeof line)) {
        if (errno != 0)
            report_error(options->xauth_location, strerror(errno), "name the program with -o XAuthLocation");
        return false;
    }
    if (sscanf(line, "%*s %63s %1023s", x11->protocol, x11->cookie) == 2 && is_hexadecimal(x11->cookie))
        return true;
    x11->cookie[0] = '\0';
    return false;
}

/* Has the display make a cookie with which programs can do each other no harm, and that does not last. */
static bool generate_cookie(struct x11_forward *x11, const struct options *options, const char *name)
{
    char dir[] = "/tmp/sshrs-ssh-XXXXXX", file[64], seconds[16];
    long lasts = options->forward_x11_timeout == 0 ? 0 : options->forward_x11_timeout + (long)COOKIE_SLACK_SECONDS;
    const char *generate[] = {options->xauth_location, "-q", "-f", file, "generate", name, COOKIE_PROTOCOL, "untrusted",
                              "timeout", seconds, NULL};
    static const char *const SUFFIXES[] = {"", "-c", "-l"}; /* and its locks */
    bool ok;
    size_t i;

    if (mkdtemp(dir) == NULL) {
        report_error(dir, strerror(errno), NULL);
        return false;
    }
    snprintf(seconds, sizeof seconds, "%ld", lasts);
    snprintf(file, sizeof file, "%s/xauthority", dir);
    if (options->forward_x11_timeout > 0)
        x11->end_ms = now_ms() + options->forward_x11_timeout * INT64_C(1000);
    ok = command_run(generate, NULL, NULL, 0);
    if (!ok && errno != 0)
        report_error(options->xauth_location, strerror(errno), "name the program with -o XAuthLocation");
    ok = ok && list_cookie(x11, options, file, name);
    for (i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
        snprintf(file, sizeof file, "%s/xauthority%s", dir, SUFFIXES[i]);
        unlink(file);
    }
    rmdir(dir);
    return ok;
}

/* As long as the display's own, so that nothing can be told from it. */
static bool make_sent_cookie(struct x11_forward *x11)
{
    size_t len = x11->cookie[0] == '\0' ? COOKIE_BYTES : strlen(x11->cookie) / 2, i;
    FILE *random = fopen("/dev/urandom", "rb");
    uint8_t bytes[sizeof x11->sent / 2];
    bool ok = random != NULL && fread(bytes, 1, len, random) == len;

    if (random != NULL)
        fclose(random);
    for (i = 0; ok && i < len; i++)
        sprintf(x11->sent + 2 * i, "%02x", bytes[i]);
    if (!ok)
        report_error("/dev/urandom", strerror(errno), "X11 is not forwarded");
    return ok;
}

bool x11_forward_prepare(struct x11_forward *x11, const struct options *options)
{
    static const struct x11_forward NONE;
    const char *name = getenv("DISPLAY");

    *x11 = NONE;
    if (name == NULL || *name == '\0') {
        report_progress("X11 is not forwarded: DISPLAY is not set");
        return false;
    }
    if (strlen(name) > 256 || !parse_display(x11, name)) {
        report_error("DISPLAY", "not a display's name, X11 is not forwarded", "it must be [host]:number[.screen]");
        return false;
    }
    strcpy(x11->protocol, COOKIE_PROTOCOL);
    if (!options->forward_x11_trusted && !generate_cookie(x11, options, name)) {
        report_error("X11 is not forwarded", "the display makes no cookie for programs that are not trusted",
                     "-Y forwards it to programs that are: they can see and type everything");
        return false;
    }
    if (options->forward_x11_trusted && !list_cookie(x11, options, NULL, name)) {
        strcpy(x11->protocol, COOKIE_PROTOCOL);
        report_notice("there is no cookie for the display %s: forwarding it without", name);
    }
    return make_sent_cookie(x11);
}

/* ---- forwarding ---- */

void x11_forward_request(const struct x11_forward *x11, ssh_channel_t *channel)
{
    ssh_status_t rc =
        ssh_channel_request_x11(channel, false, x11->protocol, x11->sent, x11->screen, SSH_WAIT_DEFAULT, NULL);

    if (rc != SSH_OK)
        report_failure("forwarding X11", rc);
}

/* Nothing reaches the display before the cookie is seen to be right. */
static bool let_in(const struct x11_forward *x11, ssh_channel_t *channel)
{
    const char *cookie = x11->cookie[0] == '\0' ? NULL : x11->cookie;
    ssh_status_t rc;

    if (x11->end_ms != 0 && now_ms() >= x11->end_ms) {
        report_error("forwarding an X11 connection", "the time for programs that are not trusted is over",
                     "-o ForwardX11Timeout sets it");
        return false;
    }
    rc = ssh_channel_replace_x11_cookie(channel, x11->protocol, x11->sent, cookie, SETUP_TIMEOUT_MS);
    if (rc != SSH_OK)
        report_failure("forwarding an X11 connection", rc);
    return rc == SSH_OK;
}

void x11_forward_serve(const struct x11_forward *x11, struct links *links, ssh_channel_t *channel)
{
    struct link *link = link_new(links, -1, channel);
    bool is_path = x11->path != NULL;
    char where[300];
    const char *why = NULL;
    int fd;

    if (link == NULL)
        return;
    /* Connecting may outlast the command line's texts: see links_end. */
    snprintf(where, sizeof where, "%s", is_path ? x11->path : x11->host);
    if (let_in(x11, channel)) {
        fd = is_path ? dial_local(where, &why) : dial_tcp(where, x11->port, &why);
        if (fd < 0) {
            report_error("connecting to the display", why, "is the X server still there?");
        } else {
            link_set_socket(link, fd);
            link_relay(link);
        }
    }
    link_free(link);
}
