//! Axes: round ticks, linear and logarithmic, and the words beside them.

use std::ops::RangeInclusive;

use egui_plot::GridMark;

/// How an axis is marked and its numbers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Marks {
    #[default]
    Number,
    /// A share, written in percent.
    Percent,
    /// A number, drawn by its logarithm to base 10.
    Log,
    /// Whole numbers from 1, such as epochs and steps.
    Count,
}

/// Where marks stand between two ends, at most so many.
pub(crate) fn ticks(marks: Marks, from: f64, to: f64, most: usize) -> Vec<GridMark> {
    match marks {
        Marks::Number | Marks::Percent => linear(from, to, round_step(to - from, most)),
        Marks::Log => log(from, to, most),
        Marks::Count => {
            let step = round_step(to - from, most).max(1.0);
            let mut ticks = linear(from, to, step);
            // Nothing is counted 0: a run begins at 1.
            match ticks.first_mut() {
                Some(first) if first.value == 0.0 && step >= 5.0 => first.value = 1.0,
                Some(first) if first.value == 0.0 => drop(ticks.remove(0)),
                Some(_) | None => {}
            }
            ticks
        }
    }
}

/// What is written at a mark.
pub(crate) fn tick_text(marks: Marks, mark: GridMark, range: &RangeInclusive<f64>) -> String {
    let ends = range.start().abs().max(range.end().abs());
    match marks {
        Marks::Percent => format!("{} %", number(mark.value * 100.0, mark.step_size * 100.0, ends * 100.0)),
        Marks::Log => power(mark.value),
        Marks::Count if mark.value < 1000.0 => format!("{:.0}", mark.value),
        Marks::Number | Marks::Count => number(mark.value, mark.step_size, ends),
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that makes at most so many parts of a span.
pub(crate) fn round_step(span: f64, most: usize) -> f64 {
    let rough = (span / most.max(1) as f64).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().map(|it| it * power).find(|it| *it >= rough * 0.999);
    step.unwrap_or(10.0 * power)
}

fn linear(from: f64, to: f64, step: f64) -> Vec<GridMark> {
    // Ends that are multiples but for rounding belong to it.
    let (first, last) = ((from / step - 1e-9).ceil(), (to / step + 1e-9).floor());
    // Far from zero a step can be too small to be told apart.
    if !(last - first).is_finite() || last - first > 1000.0 {
        return Vec::new();
    }
    (0..=(last - first).max(-1.0) as i64)
        .map(|idx| GridMark { value: (first + idx as f64) * step, step_size: step })
        .collect()
}

/// Powers of ten; with 2 and 5 between them where few are in sight; equal steps where none is.
fn log(from: f64, to: f64, most: usize) -> Vec<GridMark> {
    let decades = to - from;
    if decades * 3.0 <= most as f64 && decades < 0.7 {
        let step = round_step(10_f64.powf(to) - 10_f64.powf(from), most);
        let marks = linear(10_f64.powf(from), 10_f64.powf(to), step);
        return marks
            .iter()
            .filter(|it| it.value > 0.0)
            .map(|it| GridMark { value: it.value.log10(), step_size: decades / most as f64 })
            .collect();
    }
    if decades * 3.0 <= most as f64 {
        let powers = from.floor() as i32..=to.ceil() as i32;
        let within: &[f64] = if decades < 1.2 { &[1.0, 2.0, 3.0, 5.0] } else { &[1.0, 2.0, 5.0] };
        let values = powers.flat_map(|power| within.iter().map(move |it| f64::from(power) + it.log10()));
        return values.filter(|it| (from..=to).contains(it)).map(|value| GridMark { value, step_size: 0.2 }).collect();
    }
    linear(from, to, (decades / most.max(1) as f64).ceil().max(1.0))
}

/// A number with the decimals that its step needs; `ends` is the largest on the axis and decides on k and M.
fn number(value: f64, step: f64, ends: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let (unit, suffix) = match ends {
        it if it >= 1e9 || (it > 0.0 && it < 1e-3) => return scientific(value, step),
        it if it >= 1e6 => (1e6, "M"),
        it if it >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let decimals = (-(step / unit).log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize;
    format!("{:.decimals$}{suffix}", value / unit)
}

/// Ten to the power of a mark, without idle zeros.
fn power(exponent: f64) -> String {
    let value = 10_f64.powf(exponent);
    if !(-3.5..6.0).contains(&exponent) {
        let text = format!("{value:.1e}");
        return text.replacen(".0e", "e", 1);
    }
    let decimals = (2.0 - exponent.floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn scientific(value: f64, step: f64) -> String {
    let digits = (value.abs().log10().floor() - step.log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{value:.digits$e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(marks: Marks, from: f64, to: f64, most: usize) -> Vec<String> {
        ticks(marks, from, to, most).into_iter().map(|it| tick_text(marks, it, &(from..=to))).collect()
    }

    #[test]
    fn marks_are_round_and_written_with_the_decimals_they_need() {
        assert_eq!(texts(Marks::Number, 0.17, 0.72, 6), ["0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]);
        assert_eq!(texts(Marks::Number, -1.0, 1.0, 4), ["-1.0", "-0.5", "0", "0.5", "1.0"]);
        assert_eq!(texts(Marks::Number, 0.0, 30_000.0, 3), ["0", "10k", "20k", "30k"]);
        assert_eq!(texts(Marks::Number, 0.0, 3e-4, 3), ["0", "1e-4", "2e-4", "3e-4"]);
        assert_eq!(texts(Marks::Percent, 0.68, 0.92, 3), ["70 %", "80 %", "90 %"]);
    }

    #[test]
    fn counts_begin_at_one_and_are_never_broken() {
        assert_eq!(texts(Marks::Count, 0.0, 100.0, 6), ["1", "20", "40", "60", "80", "100"]);
        assert_eq!(texts(Marks::Count, 0.5, 4.0, 9), ["1", "2", "3", "4"]);
        assert_eq!(texts(Marks::Count, 0.0, 30_000.0, 3), ["1", "10k", "20k", "30k"]);
    }

    #[test]
    fn a_log_axis_shows_decades_or_what_lies_within_one() {
        assert_eq!(texts(Marks::Log, -3.0, 2.0, 6), ["0.001", "0.01", "0.1", "1", "10", "100"]);
        assert_eq!(texts(Marks::Log, -1.0, 0.0, 6), ["0.1", "0.2", "0.3", "0.5", "1"]);
        assert_eq!(texts(Marks::Log, 0.0, 0.5, 6), ["1", "1.5", "2", "2.5", "3"]);
        assert_eq!(texts(Marks::Log, -20.0, 10.0, 4).len(), 4);
    }
}
