#include "report.h"

#include <stdarg.h>
#include <stdio.h>

static const char *program_name = "sshrs";
static enum report_level current_level = REPORT_INFO;

/* The library calls this from its threads; one fprintf is one line also then. */
static void print_log_line(void *user_data, uint32_t level, const char *channel, const char *text)
{
    static const char *const NAMES[] = {"", "error", "warning", "info", "debug"};

    (void)user_data;
    fprintf(stderr, "%s: %s: %s\n", channel, level <= SSH_LOG_DEBUG ? NAMES[level] : "?", text);
}

void report_start(const char *program, enum report_level level)
{
    uint32_t log_level = level >= REPORT_DEBUG ? SSH_LOG_DEBUG : SSH_LOG_INFO;

    program_name = program;
    current_level = level;
    if (level >= REPORT_VERBOSE)
        ssh_set_log_callback(log_level, print_log_line, NULL, NULL);
}

enum report_level report_current_level(void)
{
    return current_level;
}

enum report_level report_raise(int level, int verbose)
{
    if (verbose > 0 && level < REPORT_INFO)
        level = REPORT_INFO;
    return verbose > REPORT_PACKETS - level ? REPORT_PACKETS : (enum report_level)(level + verbose);
}

void report_error(const char *what, const char *why, const char *help)
{
    if (current_level < REPORT_ERROR)
        return;
    if (help != NULL && *help != '\0')
        fprintf(stderr, "%s: %s: %s (%s)\n", program_name, what, why, help);
    else
        fprintf(stderr, "%s: %s: %s\n", program_name, what, why);
}

/* Prints "  label: text" unless there is no text; a text of several lines gets one label a line. */
static void print_detail(const char *label, const char *text)
{
    while (text != NULL && *text != '\0') {
        size_t len = 0;

        while (text[len] != '\0' && text[len] != '\n')
            len++;
        fprintf(stderr, "  %s: %.*s\n", label, (int)len, text);
        text += len + (text[len] == '\n');
    }
}

void report_failure(const char *what, ssh_status_t status)
{
    ssh_exception_t *exception = ssh_get_exception(NULL);

    if (current_level < REPORT_ERROR) {
        ssh_exception_free(exception);
        return;
    }
    if (ssh_exception_code(exception) != status) {
        /* The account is of another error: the status alone is sure. */
        report_error(what, ssh_status_text(status), NULL);
    } else {
        report_error(what, ssh_exception_text(exception), ssh_exception_hint(exception));
        print_detail("the server says", ssh_exception_peer_text(exception));
        print_detail("no common", ssh_exception_slot(exception));
        print_detail("we offer", ssh_exception_our_offer(exception));
        print_detail("the server offers", ssh_exception_their_offer(exception));
        print_detail("the server accepts", ssh_exception_methods(exception));
        print_detail("tried", ssh_exception_addresses(exception));
    }
    ssh_exception_free(exception);
}

void report_refusal(const char *what, ssh_status_t status)
{
    ssh_exception_t *exception = ssh_get_exception(NULL);

    report_progress("%s: %s", what,
                    ssh_exception_code(exception) == status ? ssh_exception_text(exception) : ssh_status_text(status));
    ssh_exception_free(exception);
}

static void print_line(enum report_level level, const char *format, va_list arguments)
{
    char line[2048];

    if (current_level < level)
        return;
    vsnprintf(line, sizeof line, format, arguments);
    fprintf(stderr, "%s: %s\n", program_name, line);
}

void report_notice(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_line(REPORT_INFO, format, arguments);
    va_end(arguments);
}

void report_progress(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_line(REPORT_VERBOSE, format, arguments);
    va_end(arguments);
}

void report_peer_text(const char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        unsigned char next = i + 1 < len ? (unsigned char)text[i + 1] : 0;

        if (c == 0xc2 && next >= 0x80 && next <= 0x9f) {
            /* A control character of the upper half, in UTF-8: some terminals obey those too. */
            fputc('?', stderr);
            i++;
        } else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
            if (c != '\r')
                fputc('?', stderr);
        } else {
            fputc(c, stderr);
        }
    }
}
