//! `learnscope worker`: a training in a process of its own, driven by a window through standard input and output.

use std::process::ExitCode;

use clap::Args;

use super::BadInput;
use crate::session::{serve, use_huge_pages};

/// Trains for a window, which drives it through standard input and output.
#[derive(Debug, Args)]
pub struct Worker {}

impl Worker {
    pub(super) fn run() -> Result<ExitCode, BadInput> {
        // The window does without; a training is faster with them.
        use_huge_pages(true);
        let outcome = serve(std::io::stdin(), std::io::stdout().lock(), || ());
        outcome.map_err(|err| BadInput(format!("a worker is started by the window, not by hand: {err}")))?;
        Ok(ExitCode::SUCCESS)
    }
}
