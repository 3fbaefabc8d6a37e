//! How much memory this process takes, as the system tells it.

/// Memory of this process above what it took when the meter began.
///
/// Only Linux tells a process its memory without a call into foreign code; elsewhere there is no meter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    /// Bytes in memory when it began.
    before: u64,
    /// Whether the system counts the peak from then on; otherwise from the start of the process.
    counts_anew: bool,
}

impl Meter {
    /// Begins here: the present state counts as nothing. None where the system does not tell.
    pub(super) fn begin() -> Option<Self> {
        // Lets the system count the peak of this process anew.
        let counts_anew = std::fs::write("/proc/self/clear_refs", "5").is_ok();
        Some(Self { before: status("VmRSS:")?, counts_anew })
    }

    /// Most bytes above the beginning so far.
    pub(super) fn peak(self) -> Option<u64> {
        let line = if self.counts_anew { "VmHWM:" } else { "VmRSS:" };
        Some(status(line)?.saturating_sub(self.before))
    }
}

/// Bytes of this machine's memory that programs may still take. None where the system does not tell.
pub fn free_memory() -> Option<u64> {
    of_file("/proc/meminfo", "MemAvailable:")
}

fn status(line: &str) -> Option<u64> {
    of_file("/proc/self/status", line)
}

/// The bytes in a line such as `VmRSS:     13540 kB`.
fn of_file(file: &str, line: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let told = text.lines().find_map(|it| it.strip_prefix(line))?;
    let kibibytes: u64 = told.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn memory_that_was_taken_and_given_back_stays_in_the_peak() {
        let meter = Meter::begin().unwrap();
        drop(std::hint::black_box(vec![1_u8; 200_000_000]));
        let peak = meter.peak().unwrap();
        assert!(peak >= 150_000_000, "{peak}");
        assert!(free_memory().is_some_and(|it| it > 1_000_000));
    }
}
