//! Absolute times as ssh-keygen and sshd write them: YYYYMMDD[HHMM[SS]], with Z or UTC behind it where it is not the
//! machine's own time.

use crate::engine::local_time;

/// A date and a time of day.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

/// The second since 1970; None where the text is no such time.
pub(super) fn parse(text: &[u8]) -> Option<u64> {
    let suffix = |len: usize| text.len().checked_sub(len).and_then(|at| text.split_at_checked(at));
    let (digits, is_utc) = match (suffix(1), suffix(3)) {
        (Some((digits, z)), _) if z.eq_ignore_ascii_case(b"z") => (digits, true),
        (_, Some((digits, utc))) if utc.eq_ignore_ascii_case(b"utc") => (digits, true),
        _ => (text, false),
    };
    let time = civil(digits)?;
    if is_utc {
        return u64::try_from(seconds(&time)).ok();
    }
    local_time([time.year, time.month, time.day, time.hour, time.minute, time.second])
}

fn civil(digits: &[u8]) -> Option<Civil> {
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |from: usize, to: usize| match digits.get(from..to) {
        Some(part) => part.iter().fold(0, |n, digit| n * 10 + i64::from(digit - b'0')),
        None => 0,
    };
    let time = Civil {
        year: number(0, 4),
        month: number(4, 6),
        day: number(6, 8),
        hour: number(8, 10),
        minute: number(10, 12),
        second: number(12, 14),
    };
    // The last second of a day that has a leap second is the 61st.
    let in_range = (1..=12).contains(&time.month)
        && (1..=31).contains(&time.day)
        && time.hour < 24
        && time.minute < 60
        && time.second <= 60;
    in_range.then_some(time)
}

/// Seconds since 1970 in UTC; a day past its month's end is one of the next. Days are counted from a March, so that the
/// leap day is a year's last.
fn seconds(time: &Civil) -> i64 {
    let (year, month) = if time.month > 2 { (time.year, time.month - 3) } else { (time.year - 1, time.month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400)
        + (153 * month + 2) / 5
        + time.day
        - 1
        // From 0000-03-01 to 1970-01-01.
        - 719_468;
    ((days * 24 + time.hour) * 60 + time.minute) * 60 + time.second
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc() {
        for (text, time) in [
            ("19700101Z", 0),
            ("20000229z", 951_782_400),
            ("200103040506Z", 983_682_360),
            ("20380119031408UTC", 2_147_483_648),
            ("21000301Z", 4_107_542_400),
            ("19991231235960Z", 946_684_800),
            ("20230230Z", 1_677_715_200),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(time), "{text}");
        }
    }

    #[test]
    fn what_is_no_time() {
        for text in
            ["", "Z", "2020", "20201301Z", "20200001Z", "20200132Z", "202001012400Z", "2020010112Z", "2020x101Z"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"19600101Z"), None);
    }

    #[test]
    fn local() {
        // Within a day of UTC, whatever the machine's zone.
        let local = parse(b"202001020304").unwrap();
        assert!(local.abs_diff(parse(b"202001020304Z").unwrap()) <= 86_400);
    }
}
