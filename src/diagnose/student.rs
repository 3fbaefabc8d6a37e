//! Student's t: how far chance alone takes a mean.

/// The t that a number from Student's distribution stays below with probability `p`, for `p` in `0.5..1.0`.
///
/// Found by bisection, to the last digits that the distribution itself is known to.
pub(super) fn quantile(p: f64, degrees: f64) -> f64 {
    let mut high = 1.0;
    while below(high, degrees) < p && high < 1e12 {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if below(middle, degrees) < p { low = middle } else { high = middle }
    }
    high
}

/// The chance of staying below a `t` that is not negative.
fn below(t: f64, degrees: f64) -> f64 {
    1.0 - 0.5 * incomplete_beta(degrees / (degrees + t * t), 0.5 * degrees, 0.5)
}

/// The regularized incomplete beta function I(x; a, b), by Lentz's continued fraction (Abramowitz and Stegun 26.5.8).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // Beyond here the fraction converges faster for the other tail.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front = (a * x.ln() + b * (1.0 - x).ln() - ln_beta(a, b)).exp() / a;
    let (mut above, mut below) = (1.0, 1.0 / apart(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = below;
    for m in (1..500).map(f64::from) {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut factor = 1.0;
        for numerator in [even, odd] {
            below = 1.0 / apart(1.0 + numerator * below);
            above = apart(1.0 + numerator / above);
            factor *= above * below;
        }
        fraction *= factor;
        if (factor - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * fraction
}

/// Nothing is divided by zero.
fn apart(value: f64) -> f64 {
    if value.abs() < 1e-300 { 1e-300 } else { value }
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// The logarithm of the gamma function for positive numbers: Lanczos' approximation with g = 7.
fn ln_gamma(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let terms = COEFFICIENTS.iter().enumerate().skip(1).map(|(idx, it)| it / (x + idx as f64));
    let series = COEFFICIENTS[0] + terms.sum::<f64>();
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + series.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // Two-sided 95 % and 99 %, as every table of Student's distribution prints them.
        let table = [
            (1.0, 12.706, 63.657),
            (2.0, 4.303, 9.925),
            (3.0, 3.182, 5.841),
            (4.0, 2.776, 4.604),
            (5.0, 2.571, 4.032),
            (9.0, 2.262, 3.250),
            (19.0, 2.093, 2.861),
            (30.0, 2.042, 2.750),
            (120.0, 1.980, 2.617),
        ];
        for (degrees, at_95, at_99) in table {
            for (p, expected) in [(0.975, at_95), (0.995, at_99)] {
                let found = quantile(p, degrees);
                assert!((found - expected).abs() < 5e-4, "{p} with {degrees}: {found} instead of {expected}");
            }
        }
    }

    #[test]
    fn quantiles_are_exact_where_there_is_a_formula() {
        for p in [0.6_f64, 0.9, 0.975, 0.999] {
            // One degree is Cauchy's distribution; two have a closed form; many come to the normal distribution.
            let cauchy = (std::f64::consts::PI * (p - 0.5)).tan();
            let two = (2.0 * p - 1.0) / (2.0 * p * (1.0 - p)).sqrt();
            for (degrees, expected) in [(1.0, cauchy), (2.0, two)] {
                let found = quantile(p, degrees);
                assert!((found - expected).abs() < 1e-9 * expected, "{p} with {degrees}: {found} {expected}");
            }
        }
        assert!((quantile(0.975, 1e7) - 1.959_964).abs() < 1e-5);
        let between = quantile(0.975, 4.5);
        assert!(quantile(0.975, 5.0) < between && between < quantile(0.975, 4.0), "{between}");
        assert!(quantile(0.5, 3.0).abs() < 1e-9);
    }
}
