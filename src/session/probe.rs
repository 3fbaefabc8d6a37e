//! Work beside the training: loading, looking at the hardware, and how many threads there are.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use super::Latest;
use crate::engine::{DeviceInfo, list_devices};
use crate::spec::{DeviceSpec, TextValue as _};

/// The result of work on a thread of its own, when it is there.
pub struct Background<T> {
    result: Latest<Result<T, String>>,
}

/// What is asked of the hardware.
pub type Inquiry = Background<Vec<DeviceInfo>>;

impl<T> Background<T> {
    /// Takes the result; none while the work goes on, and after it was taken.
    pub fn take(&self) -> Option<Arc<Result<T, String>>> {
        self.result.take()
    }

    /// Whether a result waits to be taken.
    pub fn is_done(&self) -> bool {
        !self.result.is_empty()
    }
}

/// Does something on a named thread. A panic becomes an error in words.
pub fn in_background<T: Send + Sync + 'static>(
    name: &str,
    wake: Arc<dyn Fn() + Send + Sync>,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Background<T> {
    let result = Latest::empty();
    let to = result.clone();
    let body = move || {
        let outcome =
            catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(super::panic_words(panic.as_ref())));
        to.put(outcome);
        wake();
    };
    if let Err(err) = thread::Builder::new().name(name.to_owned()).spawn(body) {
        result.put(Err(format!("no thread could be started: {err}")));
    }
    Background { result }
}

/// Looks for hardware targets and tries each.
///
/// In a process of its own where `program` is given: graphics drivers may crash, and their loaders do not
/// like to be asked by two threads at once. Without it they are only listed.
pub fn hardware(program: Option<PathBuf>, wake: Arc<dyn Fn() + Send + Sync>) -> Inquiry {
    in_background("hardware", wake, move || match program {
        Some(program) => ask(&program),
        None => Ok(list_devices()),
    })
}

fn ask(program: &Path) -> Result<Vec<DeviceInfo>, String> {
    let answer = run(program, &["devices", "--json"])?;
    serde_json::from_str(&answer).map_err(|err| format!("the list of devices cannot be read: {err}"))
}

/// Compares one step on a device with the processor's, in a process of its own. The answer is a sentence.
pub fn verify_device(
    program: PathBuf,
    device: DeviceSpec,
    project: String,
    wake: Arc<dyn Fn() + Send + Sync>,
) -> Background<String> {
    in_background("verify", wake, move || {
        let file = tempfile::Builder::new().suffix(".ron").tempfile().map_err(|err| err.to_string())?;
        std::fs::write(file.path(), project).map_err(|err| err.to_string())?;
        let path = file.path().display().to_string();
        run(&program, &["devices", "--verify", &device.text(), "--project", &path]).map(|it| it.trim().to_owned())
    })
}

fn run(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|err| format!("the devices could not be asked: {err}"))?;
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(words(&output.stdout))
    } else {
        let said = words(&output.stderr);
        Err(if said.is_empty() { "the driver crashed while it was tried".to_owned() } else { said })
    }
}

/// Sizes the thread pool that tensors on the processor share. Only the first call counts.
pub fn use_cpu_threads(n: usize) {
    rayon::ThreadPoolBuilder::new().num_threads(n).thread_name(|idx| format!("tensor {idx}")).build_global().ok();
}

/// Whether this process may hold its memory in pages of 2 MB, where Linux has them; a process started from here
/// inherits the answer.
///
/// They make a training a few percent faster. A window is open for hours: what is left of a page in use keeps all of
/// it, so its memory creeps upward without anything being lost.
pub fn use_huge_pages(wanted: bool) {
    #[cfg(target_os = "linux")]
    // A kernel that does not know of it goes on as it did.
    rustix::thread::disable_transparent_huge_pages(!wanted).ok();
    #[cfg(not(target_os = "linux"))]
    let _ = wanted;
}

/// Threads that tensors on the processor share.
pub fn cpu_threads() -> usize {
    rayon::current_num_threads()
}
