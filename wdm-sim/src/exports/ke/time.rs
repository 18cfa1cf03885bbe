//! Time: what it is, and how it is written.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtltimetotimefields>,
//! `nf-wdm-rtltimefieldstotime`, `nf-wdm-exsystemtimetolocaltime`,
//! `nf-ntddk-rtltimetosecondssince1970`, `nf-ntifs-kequeryperformancecounter` and their neighbours.
//!
//! A time is the number of 100 ns units since 1601, in the Gregorian calendar. The machine is in the
//! time zone UTC.

use std::sync::LazyLock;
use std::time::Instant;

use wdm_sys::{BOOLEAN, LARGE_INTEGER, PLARGE_INTEGER};

use crate::exports::exports;
use crate::registry::{SECONDS_TO_1970, system_time};

const UNITS_PER_MILLISECOND: i64 = 10_000;
const UNITS_PER_SECOND: i64 = 1000 * UNITS_PER_MILLISECOND;
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;
const DAYS_PER_400_YEARS: i64 = 146_097;
const FIRST_YEAR: i64 = 1601;
/// The years that the fields of a time can have.
const YEARS: std::ops::RangeInclusive<i64> = FIRST_YEAR..=30_827;
/// Seconds from 1601 to 1970 and to 1980.
const TO_1970: i64 = SECONDS_TO_1970.cast_signed();
const TO_1980: i64 = 11_960_006_400;
/// The weekday of 1601-01-01, a Monday.
const FIRST_WEEKDAY: i64 = 1;

/// What the counter counts in a second.
pub(crate) const FREQUENCY: i64 = 10_000_000;
/// How long a tick of the system clock is, in 100 ns units.
pub(crate) const TICK: u32 = 156_250;

/// When the machine's host process began to count.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// `TIME_FIELDS`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    year: i16,
    month: i16,
    day: i16,
    hour: i16,
    minute: i16,
    second: i16,
    milliseconds: i16,
    weekday: i16,
}

exports! {
    /// Year, month, day and so on of a time.
    [undeclared]
    fn RtlTimeToTimeFields(time: PLARGE_INTEGER, fields: *mut Fields) {
        // SAFETY: the caller gave a time.
        let time = unsafe { read(time) };
        // SAFETY: the caller gave a place for the fields.
        unsafe { fields.write(to_fields(time)) };
    }

    /// The time of year, month, day and so on; 0 if there is no such time. The weekday is not looked
    /// at.
    [undeclared]
    fn RtlTimeFieldsToTime(fields: *const Fields, time: PLARGE_INTEGER) -> BOOLEAN {
        // SAFETY: the caller gave fields.
        let Some(of_fields) = to_time(unsafe { fields.read() }) else {
            return 0;
        };
        // SAFETY: the caller gave a place for the time.
        unsafe { write(time, of_fields) };
        1
    }

    /// The seconds since 1970 of a time; 0 if they do not fit 32 bits.
    [undeclared]
    fn RtlTimeToSecondsSince1970(time: PLARGE_INTEGER, seconds: *mut u32) -> BOOLEAN {
        // SAFETY: the caller gave a time and a place.
        unsafe { seconds_since(TO_1970, time, seconds) }
    }

    /// The time so many seconds after the beginning of 1970.
    [undeclared]
    fn RtlSecondsSince1970ToTime(seconds: u32, time: PLARGE_INTEGER) {
        // SAFETY: the caller gave a place for the time.
        unsafe { write(time, (TO_1970 + i64::from(seconds)) * UNITS_PER_SECOND) };
    }

    /// The seconds since 1980 of a time; 0 if they do not fit 32 bits.
    [undeclared]
    fn RtlTimeToSecondsSince1980(time: PLARGE_INTEGER, seconds: *mut u32) -> BOOLEAN {
        // SAFETY: the caller gave a time and a place.
        unsafe { seconds_since(TO_1980, time, seconds) }
    }

    /// The time so many seconds after the beginning of 1980.
    [undeclared]
    fn RtlSecondsSince1980ToTime(seconds: u32, time: PLARGE_INTEGER) {
        // SAFETY: the caller gave a place for the time.
        unsafe { write(time, (TO_1980 + i64::from(seconds)) * UNITS_PER_SECOND) };
    }

    /// The system time: 100 ns units since 1601, UTC.
    [undeclared]
    fn KeQuerySystemTimePrecise(time: PLARGE_INTEGER) {
        let now = LARGE_INTEGER { QuadPart: system_time() as i64 };
        // SAFETY: the caller gave a place for the time.
        unsafe { time.write(now) };
    }

    /// A system time as the machine's clock on the wall shows it.
    [undeclared]
    fn ExSystemTimeToLocalTime(system: PLARGE_INTEGER, local: PLARGE_INTEGER) {
        // SAFETY: the caller gave a time.
        let time = unsafe { read(system) };
        // SAFETY: the caller gave a place for another.
        unsafe { write(local, time) };
    }

    /// The system time of what the machine's clock on the wall shows.
    [undeclared]
    fn ExLocalTimeToSystemTime(local: PLARGE_INTEGER, system: PLARGE_INTEGER) {
        // SAFETY: the caller gave a time.
        let time = unsafe { read(local) };
        // SAFETY: the caller gave a place for another.
        unsafe { write(system, time) };
    }

    /// The counter of highest resolution; `frequency`, if given, gets what it counts in a second.
    [undeclared]
    fn KeQueryPerformanceCounter(frequency: PLARGE_INTEGER) -> LARGE_INTEGER {
        if !frequency.is_null() {
            // SAFETY: the caller gave a place for it.
            unsafe { write(frequency, FREQUENCY) };
        }
        LARGE_INTEGER { QuadPart: interrupt_time() as i64 }
    }

    /// How long a tick of the system clock is, in 100 ns units.
    [undeclared]
    fn KeQueryTimeIncrement() -> u32 {
        TICK
    }

    /// The time since the machine was started, in 100 ns units, without what it slept.
    [undeclared]
    fn KeQueryUnbiasedInterruptTime() -> u64 {
        interrupt_time()
    }

    /// The time since the machine was started, in 100 ns units; `counter`, if given, gets the value
    /// of the performance counter then.
    [undeclared]
    fn KeQueryInterruptTimePrecise(counter: *mut u64) -> u64 {
        let now = interrupt_time();
        if !counter.is_null() {
            // SAFETY: the caller gave a place for it.
            unsafe { counter.write(now) };
        }
        now
    }
}

/// The time since the machine was started, in 100 ns units.
pub(crate) fn interrupt_time() -> u64 {
    u64::try_from(START.elapsed().as_nanos() / 100).unwrap_or(u64::MAX)
}

/// # Safety
/// `time` leads to a time.
unsafe fn read(time: PLARGE_INTEGER) -> i64 {
    // SAFETY: by this function's contract.
    let time = unsafe { &*time };
    // SAFETY: all the union's members are made of the same 64 bits.
    unsafe { time.QuadPart }
}

/// # Safety
/// `place` is one for a time.
unsafe fn write(place: PLARGE_INTEGER, time: i64) {
    // SAFETY: by this function's contract.
    unsafe { place.write(LARGE_INTEGER { QuadPart: time }) };
}

/// # Safety
/// `time` leads to a time, and `place` is one for the seconds.
unsafe fn seconds_since(first: i64, time: PLARGE_INTEGER, place: *mut u32) -> BOOLEAN {
    // SAFETY: by this function's contract.
    let time = unsafe { read(time) };
    let Ok(seconds) = u32::try_from(time.div_euclid(UNITS_PER_SECOND) - first) else {
        return 0;
    };
    // SAFETY: as above.
    unsafe { place.write(seconds) };
    1
}

fn to_fields(time: i64) -> Fields {
    let split = |value: i64, by: i64| (value.div_euclid(by), value.rem_euclid(by));
    let (seconds, rest) = split(time, UNITS_PER_SECOND);
    let (days, of_day) = split(seconds, SECONDS_PER_DAY);
    let (periods, day_of_400) = split(days, DAYS_PER_400_YEARS);
    // No year is longer than 366 days, so the first guess is not too late, and hardly too early.
    let mut year = day_of_400 / 366;
    while days_before_year(year + 1) <= day_of_400 {
        year += 1;
    }
    let mut day = day_of_400 - days_before_year(year);
    let lengths = month_lengths(FIRST_YEAR + year);
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    Fields {
        year: (FIRST_YEAR + periods * 400 + year) as i16,
        month: month as i16 + 1,
        day: day as i16 + 1,
        hour: (of_day / 3600) as i16,
        minute: (of_day / 60 % 60) as i16,
        second: (of_day % 60) as i16,
        milliseconds: (rest / UNITS_PER_MILLISECOND) as i16,
        weekday: (days + FIRST_WEEKDAY).rem_euclid(7) as i16,
    }
}

fn to_time(fields: Fields) -> Option<i64> {
    let in_range = |value: i16, end: i16| (0..end).contains(&value).then_some(i64::from(value));
    let year = i64::from(fields.year);
    let month = in_range(fields.month.checked_sub(1)?, 12)? as usize;
    if !YEARS.contains(&year) {
        return None;
    }
    let lengths = month_lengths(year);
    let day = in_range(fields.day.checked_sub(1)?, lengths[month] as i16)?;
    let days = days_before_year(year - FIRST_YEAR) + lengths[..month].iter().sum::<i64>() + day;
    let hours = days * 24 + in_range(fields.hour, 24)?;
    let minutes = hours * 60 + in_range(fields.minute, 60)?;
    let seconds = minutes * 60 + in_range(fields.second, 60)?;
    let milliseconds = seconds * 1000 + in_range(fields.milliseconds, 1000)?;
    milliseconds.checked_mul(UNITS_PER_MILLISECOND)
}

/// The days of so many years from 1601 on.
fn days_before_year(years: i64) -> i64 {
    years * 365 + years / 4 - years / 100 + years / 400
}

fn month_lengths(year: i64) -> [i64; 12] {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if leap { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(date: [i16; 3], time: [i16; 4], weekday: i16) -> Fields {
        let [year, month, day] = date;
        let [hour, minute, second, milliseconds] = time;
        Fields {
            year,
            month,
            day,
            hour,
            minute,
            second,
            milliseconds,
            weekday,
        }
    }

    #[test]
    fn known_days() {
        let days = [
            (0, fields([1601, 1, 1], [0; 4], 1)),
            (TO_1970, fields([1970, 1, 1], [0; 4], 4)),
            (TO_1980, fields([1980, 1, 1], [0; 4], 2)),
            (TO_1970 + 951_782_400, fields([2000, 2, 29], [0; 4], 2)),
            (
                TO_1970 + 4_107_542_399,
                fields([2100, 2, 28], [23, 59, 59, 0], 0),
            ),
            (TO_1970 + 4_107_542_400, fields([2100, 3, 1], [0; 4], 1)),
        ];
        for (seconds, expected) in days {
            let time = seconds * UNITS_PER_SECOND;
            assert_eq!(to_fields(time), expected);
            assert_eq!(to_time(expected), Some(time));
        }
    }

    #[test]
    fn what_is_no_date_has_no_time() {
        let wrong = [
            fields([1600, 12, 31], [0; 4], 0),
            fields([2023, 2, 29], [0; 4], 0),
            fields([1900, 2, 29], [0; 4], 0),
            fields([2024, 0, 1], [0; 4], 0),
            fields([2024, 13, 1], [0; 4], 0),
            fields([2024, 1, 0], [0; 4], 0),
            fields([2024, i16::MIN, 1], [0; 4], 0),
            fields([2024, 1, 1], [24, 0, 0, 0], 0),
            fields([2024, 1, 1], [0, 60, 0, 0], 0),
            fields([2024, 1, 1], [0, 0, -1, 0], 0),
            fields([2024, 1, 1], [0, 0, 0, 1000], 0),
        ];
        for wrong in wrong {
            assert_eq!(to_time(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn fields_lead_back_to_the_millisecond(
            milliseconds in 0..(30_827 - FIRST_YEAR) * 365 * 86_400_000,
            rest in 0..UNITS_PER_MILLISECOND,
        ) {
            let time = milliseconds * UNITS_PER_MILLISECOND;
            let fields = to_fields(time + rest);
            prop_assert_eq!(to_time(fields), Some(time));
            let next = to_fields(time + 86_400 * UNITS_PER_SECOND);
            prop_assert_eq!(next.weekday, (fields.weekday + 1) % 7);
        }
    }
}
