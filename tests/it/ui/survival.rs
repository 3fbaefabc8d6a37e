//! A window whose training is ended from outside, crashes or panics: it answers throughout, says what happened, and the
//! run goes on to the very same end.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use egui_kittest::kittest::Queryable as _;
use learnscope::run::{FinishReason, Phase};
use learnscope::spec::Project;
use learnscope::studio::{Action, RunAction, Studio};

use super::harness::{self, Window, step_until};

/// Losses of every epoch, to the bit.
type Curve = Vec<(u64, u64, u64)>;

fn project(pace: &str) -> Project {
    let mut project = Project::default();
    for setting in ["data=spirals", "device=cpu", "stopping=off", "epochs=40", pace, "checkpoint.seconds=0.3"] {
        project.set(setting).unwrap();
    }
    project
}

/// The program's own processes train.
fn apart(folder: &Path) -> Studio {
    Studio::new(Arc::new(|| ()))
        .keeping_runs_in(folder.to_owned())
        .working_through(env!("CARGO_BIN_EXE_learnscope").into())
}

fn open(studio: Studio, pace: &str) -> Window {
    let mut window = harness::window(studio, [1280.0, 800.0]);
    window.state_mut().studio_mut().projects.draft = project(pace);
    window.run_steps(2);
    step_until(&mut window, "the data", |it| it.studio().problems().is_empty());
    window.get_by_label("Train").click();
    step_until(&mut window, "a run", |it| it.studio().runs.shown.is_some());
    window
}

fn wait_for_epoch(window: &mut Window, epoch: u64) {
    step_until(window, "some epochs", |it| it.run().epoch() >= epoch);
}

fn curve_at_the_end(window: &mut Window) -> Curve {
    step_until(window, "the end of all epochs", |it| it.run().finished.is_some());
    let run = window.state().run();
    assert_eq!(run.finished.as_ref().map(|it| it.reason), Some(FinishReason::Completed));
    let epochs = run.history.epochs.iter();
    epochs.map(|it| (it.epoch, it.train_loss.to_bits(), it.validation_loss.to_bits())).collect()
}

/// Of a run that nobody disturbed.
static WHOLE: LazyLock<Curve> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let curve = curve_at_the_end(&mut open(apart(folder.path()), "pace=unlimited"));
    assert_eq!(curve.len(), 40);
    curve
});

/// The window says what ended the training, and goes on with it.
fn tells_and_goes_on(window: &mut Window, words: &str) {
    step_until(window, "the end", |it| it.run().finished.is_some());
    let finished = window.state().run().finished.clone().unwrap();
    assert_eq!((finished.reason, window.state().run().phase), (FinishReason::Failed, Phase::Failed));
    assert!(finished.text.contains(words), "{}", finished.text);
    window.get_by_label("Continue").click();
    step_until(window, "a run that goes on", |it| it.run().phase == Phase::Running);
    let step = window.state().run().step;
    assert!((1..400).contains(&step), "it goes on from a checkpoint, not from {step}");
}

#[test]
fn a_training_whose_plug_is_pulled_is_told_of_and_goes_on_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open(apart(folder.path()), "pace=150");
    wait_for_epoch(&mut window, 10);
    window.state_mut().studio_mut().act(Action::Run(RunAction::PullThePlug));
    tells_and_goes_on(&mut window, "ended from outside");
    assert_eq!(curve_at_the_end(&mut window), *WHOLE);
}

/// The process that holds files of a folder open.
#[cfg(target_os = "linux")]
fn worker_in(folder: &Path) -> Option<u32> {
    let is_below = |link: std::io::Result<std::fs::DirEntry>| {
        link.and_then(|it| std::fs::read_link(it.path())).is_ok_and(|it| it.starts_with(folder))
    };
    let holds = |pid: &u32| {
        *pid != std::process::id() && std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().any(is_below)
    };
    std::fs::read_dir("/proc").unwrap().filter_map(|it| it.unwrap().file_name().to_str()?.parse().ok()).find(holds)
}

/// Ends the worker as a fault in native code does: by a signal that it sends itself.
#[cfg(target_os = "linux")]
fn crash(folder: &Path, signal: &str) {
    let worker = worker_in(folder).expect("a worker writes there").to_string();
    let script = format!("kill -{signal} {worker}");
    assert!(std::process::Command::new("sh").args(["-c", &script]).status().unwrap().success());
}

#[cfg(target_os = "linux")]
#[test]
fn a_training_that_crashes_in_native_code_is_told_of_and_goes_on_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open(apart(folder.path()), "pace=150");
    for (epoch, signal) in [(8, "ILL"), (20, "ABRT")] {
        wait_for_epoch(&mut window, epoch);
        crash(folder.path(), signal);
        tells_and_goes_on(&mut window, "crashed in native code");
    }
    assert_eq!(curve_at_the_end(&mut window), *WHOLE);
}

/// Where no process can be started, a thread of the window's own process trains; and panics here, as Burn does where a
/// driver fails, behind the tenth epoch.
#[test]
fn a_training_that_panics_in_the_windows_own_process_takes_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let is_armed = Arc::new(AtomicBool::new(false));
    let trigger = Arc::clone(&is_armed);
    let wake = move || {
        if std::thread::current().name() == Some("training") && trigger.swap(false, Ordering::SeqCst) {
            // As a panic, without its print in the log of the tests.
            std::panic::resume_unwind(Box::new("the driver is gone"));
        }
    };
    let mut window = open(Studio::new(Arc::new(wake)).keeping_runs_in(folder.path().to_owned()), "pace=150");
    wait_for_epoch(&mut window, 10);
    is_armed.store(true, Ordering::SeqCst);
    tells_and_goes_on(&mut window, "inside the program: the driver is gone");
    assert_eq!(curve_at_the_end(&mut window), *WHOLE);
}

/// A worker whose training panics, as Burn does where a driver fails, as soon as a file of this name lies beside the
/// runs: these very tests, behind a script that keeps their own words out of the pipe.
#[cfg(unix)]
struct Panicking {
    script: std::path::PathBuf,
    trigger: std::path::PathBuf,
}

#[cfg(unix)]
const TRIGGER: &str = "LEARNSCOPE_TEST_PANICS_AT";

#[cfg(unix)]
impl Panicking {
    fn in_folder(folder: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt as _;

        let (script, trigger) = (folder.join("worker.sh"), folder.join("panic"));
        let tests = std::env::current_exe().unwrap();
        let words = format!(
            "#!/bin/sh\nexec 3>&1 >/dev/null\n{TRIGGER}='{}' exec '{}' --exact --ignored ui::survival::as_a_worker_that_panics\n",
            trigger.display(),
            tests.display()
        );
        std::fs::write(&script, words).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { script, trigger }
    }

    fn panic(&self) {
        std::fs::write(&self.trigger, "").unwrap();
    }
}

#[cfg(unix)]
#[test]
#[ignore = "is no test but a process that others start"]
fn as_a_worker_that_panics() {
    let Some(trigger) = std::env::var_os(TRIGGER) else { return };
    let wake = move || {
        let is_due = std::thread::current().name() == Some("training") && std::fs::remove_file(&trigger).is_ok();
        assert!(!is_due, "the driver is gone");
    };
    let to_window = std::fs::OpenOptions::new().write(true).open("/dev/fd/3").unwrap();
    learnscope::session::serve(std::io::stdin(), to_window, wake).unwrap();
}

#[cfg(unix)]
#[test]
fn a_worker_whose_training_panics_is_told_of_and_goes_on_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Panicking::in_folder(folder.path());
    let studio = Studio::new(Arc::new(|| ())).keeping_runs_in(folder.path().join("runs"));
    let mut window = open(studio.working_through(worker.script.clone()), "pace=150");
    wait_for_epoch(&mut window, 10);
    assert!(window.state().studio().runs.has_plug(), "a process of its own trains");
    worker.panic();
    tells_and_goes_on(&mut window, "inside the program: the driver is gone");
    assert_eq!(curve_at_the_end(&mut window), *WHOLE);
}

/// The longest frame until something is so, with frames as fast as they come.
#[cfg(target_os = "linux")]
fn longest_frame_until(window: &mut Window, is_so: impl Fn(&harness::Stage) -> bool) -> Duration {
    let (began, mut longest) = (Instant::now(), Duration::ZERO);
    while !is_so(window.state()) {
        assert!(began.elapsed() < Duration::from_mins(1), "it never came to that");
        let frame = Instant::now();
        window.step();
        longest = longest.max(frame.elapsed());
        std::thread::sleep(Duration::from_millis(4));
    }
    longest
}

/// The longest frame from now until the end of the run is told, until it goes on, and some epochs further.
#[cfg(target_os = "linux")]
fn longest_frame(window: &mut Window, what: &str, epochs_further: u64) {
    use std::io::Write as _;

    let until_told = longest_frame_until(window, |it| it.run().finished.is_some());
    window.state_mut().studio_mut().projects.draft.memory.budget = None;
    window.get_by_label("Continue").click();
    let until_on = longest_frame_until(window, |it| it.run().phase == Phase::Running);
    let epoch = window.state().run().epoch() + epochs_further;
    let after = longest_frame_until(window, |it| it.run().epoch() >= epoch);
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{what}: longest frame {until_told:.1?} until it is told, {until_on:.1?} until it goes on, {after:.1?} from there"
    )
    .unwrap();
    let longest = until_told.max(until_on).max(after);
    assert!(longest < Duration::from_millis(100), "{longest:?}");
}

/// `cargo test --release --test it longest_frame -- --ignored --nocapture`, on a machine with nothing else to do.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "measures, and wants the machine for itself"]
fn the_longest_frame_around_a_crash_is_short() {
    for signal in ["KILL", "ILL", "ABRT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut window = open(apart(folder.path()), "pace=150");
        wait_for_epoch(&mut window, 10);
        crash(folder.path(), signal);
        longest_frame(&mut window, &format!("SIG{signal}"), 15);
    }
    let folder = tempfile::tempdir().unwrap();
    let worker = Panicking::in_folder(folder.path());
    let studio = Studio::new(Arc::new(|| ())).keeping_runs_in(folder.path().join("runs"));
    let mut window = open(studio.working_through(worker.script.clone()), "pace=150");
    wait_for_epoch(&mut window, 10);
    worker.panic();
    longest_frame(&mut window, "panic", 15);
    let folder = tempfile::tempdir().unwrap();
    longest_frame(&mut open_large(folder.path()), "memory", 1);
}

/// A training that takes more than its budget of 60 MB in its first step.
#[cfg(target_os = "linux")]
fn open_large(folder: &Path) -> Window {
    let mut window = harness::window(apart(folder), [1280.0, 800.0]);
    let mut draft = Project::default();
    for setting in [
        "data=house_prices",
        "device=cpu",
        "stopping=off",
        "epochs=3",
        "batch_size=all",
        "model.hidden=[512,512]",
        "loss=mse",
        "memory.budget=60",
    ] {
        draft.set(setting).unwrap();
    }
    window.state_mut().studio_mut().projects.draft = draft;
    window.run_steps(2);
    step_until(&mut window, "the data", |it| {
        it.studio().problems().is_empty() && it.studio().projects.prepared().is_some_and(|it| it.target_name == "price")
    });
    window.get_by_label("Train").click();
    step_until(&mut window, "a run", |it| it.studio().runs.shown.is_some());
    window
}

#[test]
#[cfg(target_os = "linux")]
fn a_training_that_passes_its_budget_is_told_of_and_goes_on_with_a_bigger_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open_large(folder.path());
    step_until(&mut window, "the end", |it| it.run().finished.is_some());
    let finished = window.state().run().finished.clone().unwrap();
    assert_eq!(finished.reason, FinishReason::Failed);
    assert!(finished.text.starts_with("Memory ran out: training took "), "{}", finished.text);
    window.get_by_label_contains("Smaller batch: saves");
    window.state_mut().studio_mut().projects.draft.memory.budget = Some(4000);
    window.run_steps(2);
    window.get_by_label_contains("MB of a budget of 4000 MB.");
    window.get_by_label("Continue").click();
    step_until(&mut window, "the end of all epochs", |it| {
        it.run().finished.as_ref().is_some_and(|it| it.reason == FinishReason::Completed)
    });
    assert_eq!(window.state().run().history.epochs.len(), 3);
}
