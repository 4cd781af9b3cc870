/* What a program says on stderr: its own errors, its progress with -v, and the library's log. */
#ifndef REPORT_H
#define REPORT_H

#include <sshrs.h>

/* How much is said, as OpenSSH's LogLevel. */
enum report_level {
    REPORT_QUIET = 0,   /* nothing at all */
    REPORT_ERROR = 1,   /* errors */
    REPORT_INFO = 2,    /* and what the server wants the user to read */
    REPORT_VERBOSE = 3, /* and what was negotiated; the library's log of level SSH_LOG_INFO */
    REPORT_DEBUG = 4,   /* the library's whole log */
    REPORT_PACKETS = 5  /* and every packet */
};

/* The exit status of a failure of our own. */
#define EXIT_OWN_FAILURE 255

/* Says who is talking ("sshrs-ssh") and how much. program must stay valid. */
void report_start(const char *program, enum report_level level);
enum report_level report_current_level(void);

/* The level that a LogLevel and so many -v make. */
enum report_level report_raise(int level, int verbose);

/* "sshrs-ssh: what: why (help)"; help may be NULL. */
void report_error(const char *what, const char *why, const char *help);

/* The same from the library's account of the calling thread's last error, which had this status. */
void report_failure(const char *what, ssh_status_t status);

/* With -v: why something was refused that is no failure yet, in the words of the same account. */
void report_refusal(const char *what, ssh_status_t status);

#if defined(__GNUC__)
#define REPORT_FORMAT __attribute__((format(printf, 1, 2)))
#else
#define REPORT_FORMAT
#endif

/* A line for whoever runs the program, and one about progress, printed with -v only. */
void report_notice(const char *format, ...) REPORT_FORMAT;
void report_progress(const char *format, ...) REPORT_FORMAT;

/* Prints text the server chose, without the control characters that could take over a terminal. */
void report_peer_text(const char *text, size_t len);

#endif
