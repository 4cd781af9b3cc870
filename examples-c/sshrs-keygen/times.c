/* The times of -V, as ssh-keygen reads them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "keygen.h"

static uint64_t unit(char letter)
{
    switch (letter) {
    case 's':
    case 'S':
        return 1;
    case 'm':
    case 'M':
        return 60;
    case 'h':
    case 'H':
        return 3600;
    case 'd':
    case 'D':
        return 24 * 3600;
    case 'w':
    case 'W':
        return 7 * 24 * 3600;
    default:
        return 0;
    }
}

/* "1h30m", "52w", "90": what stands without a letter is seconds. */
static bool read_span(const char *text, uint64_t *seconds)
{
    char *end;
    uint64_t total = 0;

    do {
        unsigned long value = strtoul(text, &end, 10);
        uint64_t each = *end == '\0' ? 1 : unit(*end);

        if (*text < '0' || *text > '9' || each == 0 || value > INT32_MAX / each)
            return false;
        total += value * each;
        if (total > INT32_MAX)
            return false;
        text = *end == '\0' ? end : end + 1;
    } while (*text != '\0');
    *seconds = total;
    return true;
}

/* YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, of this machine's time zone or, with a Z behind it, of UTC. */
static bool read_date(const char *text, uint64_t *when)
{
    static const struct {
        size_t digits;
        const char *format;
    } formats[] = {{8, "%Y-%m-%dT"}, {12, "%Y-%m-%dT%H:%M"}, {14, "%Y-%m-%dT%H:%M:%S"}};
    size_t digits = strspn(text, "0123456789"), i;
    bool utc = strcmp(text + digits, "Z") == 0 || strcmp(text + digits, "UTC") == 0;
    struct tm parts;
    char split[32];
    const char *end;
    time_t seconds;

    if (text[digits] != '\0' && !utc)
        return false;
    for (i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (digits != formats[i].digits)
            continue;
        /* strptime wants something between its numbers. */
        snprintf(split, sizeof split, "%.4s-%.2s-%.2sT", text, text + 4, text + 6);
        if (digits > 8)
            snprintf(split + 11, sizeof split - 11, "%.2s:%.2s", text + 8, text + 10);
        if (digits > 12)
            snprintf(split + 16, sizeof split - 16, ":%.2s", text + 12);
        memset(&parts, 0, sizeof parts);
        end = strptime(split, formats[i].format, &parts);
        if (end == NULL || *end != '\0')
            return false;
        parts.tm_isdst = utc ? 0 : -1; /* whatever was in force then */
        seconds = utc ? timegm(&parts) : mktime(&parts);
        *when = (uint64_t)seconds;
        return seconds >= 0;
    }
    return false;
}

bool read_time(const char *text, const char *word, uint64_t word_time, uint64_t now, uint64_t *time)
{
    uint64_t span;
    char *end;

    if (strcmp(text, word) == 0) {
        *time = word_time;
        return true;
    }
    if (strncmp(text, "0x", 2) == 0) {
        *time = strtoull(text, &end, 16);
        return text[2] != '\0' && *end == '\0';
    }
    if (*text == '+' || *text == '-') {
        if (!read_span(text + 1, &span) || (*text == '-' && span > now))
            return false;
        *time = *text == '+' ? now + span : now - span;
        return true;
    }
    return read_date(text, time);
}
