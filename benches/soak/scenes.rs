//! What a person does with the studio, in rounds that go on for hours.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use learnscope::run::{FinishReason, Phase};
use learnscope::studio::{Action, HistoryAction, ProjectAction, RunAction, Studio};

use crate::vitals::Vitals;

/// Something that was asked for takes this long at most, also where others keep the machine busy.
const PATIENCE: Duration = Duration::from_mins(10);
/// Run folders that are left where they are.
const FOLDERS: usize = 6;

/// Projects, and how many steps a second make one last a few seconds.
const PROJECTS: [(&str, &[&str]); 4] = [
    ("welcome", &["epochs=40", "pace=120"]),
    ("used_cars", &["epochs=8", "pace=120"]),
    ("overfitting", &["epochs=60", "pace=120"]),
    ("digits", &["epochs=4", "pace=60"]),
];

/// How often each thing was done.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    rounds: u64,
    runs_ended: u64,
    pauses: u64,
    kills: u64,
    stops: u64,
    probes: u64,
    seeds: u64,
    forks: u64,
    opened: u64,
    deleted: u64,
}

pub(crate) struct Soak {
    studio: Studio,
    runs: PathBuf,
    pub(crate) tally: Tally,
}

type Done = Result<(), String>;

impl Soak {
    pub(crate) fn new(runs: PathBuf, program: PathBuf) -> Self {
        let studio = Studio::new(Arc::new(|| ())).keeping_runs_in(runs.clone()).working_through(program);
        Self { studio, runs, tally: Tally::default() }
    }

    /// One run with what a person may do to it; in some rounds it is killed, stopped, or trained with other seeds.
    pub(crate) fn round(&mut self, vitals: &mut Vitals) -> Done {
        let round = self.tally.rounds;
        self.tally.rounds += 1;
        if round.is_multiple_of(3) {
            self.open_project(PROJECTS[(round / 3) as usize % PROJECTS.len()], vitals)?;
        }
        self.train(vitals)?;
        self.pause_and_resume(vitals)?;
        if round % 4 == 1 {
            self.act(RunAction::Probe);
            self.tally.probes += 1;
        }
        if round.is_multiple_of(2) {
            self.kill_and_go_on(vitals)?;
        }
        if round % 3 == 1 {
            self.act(RunAction::Stop);
            self.tally.stops += 1;
        }
        self.end(vitals)?;
        if round % 4 == 3 {
            self.fork(vitals)?;
        }
        if round % 5 == 4 {
            self.train_seeds(vitals)?;
        }
        if round % 3 == 2 {
            self.open_and_delete(vitals)?;
        }
        if round % 6 == 5 {
            self.rest(vitals)?;
        }
        Ok(())
    }

    fn act(&mut self, action: RunAction) {
        self.studio.act(Action::Run(action));
    }

    /// Takes in what is told until something is so.
    fn wait(&mut self, what: &str, vitals: &mut Vitals, is_so: impl Fn(&Studio) -> bool) -> Done {
        let began = Instant::now();
        while !is_so(&self.studio) {
            if began.elapsed() > PATIENCE {
                let notices: Vec<_> = self.studio.notices.iter().map(|it| &it.text).collect();
                return Err(format!("waited in vain for {what} in round {}; {notices:?}", self.tally.rounds));
            }
            std::thread::sleep(Duration::from_millis(20));
            self.studio.poll();
            vitals.tick(self.tally.runs_ended);
        }
        self.studio.notices.clear();
        Ok(())
    }

    fn open_project(&mut self, (name, settings): (&str, &[&str]), vitals: &mut Vitals) -> Done {
        self.studio.act(Action::Project(ProjectAction::OpenSample(name.to_owned())));
        for setting in settings.iter().chain(&["device=cpu", "stopping=off", "checkpoint.seconds=0.5"]) {
            self.studio.projects.draft.set(setting).map_err(|err| err.to_string())?;
        }
        self.wait("the data", vitals, |it| it.projects.prepared().is_some())
    }

    fn train(&mut self, vitals: &mut Vitals) -> Done {
        self.act(RunAction::Train);
        self.wait("its first epoch", vitals, |it| it.runs.shown.as_ref().is_some_and(|run| run.epoch() >= 1))
    }

    fn wait_for_phase(&mut self, phase: Phase, vitals: &mut Vitals) -> Done {
        let what = format!("the phase {phase:?}");
        self.wait(&what, vitals, |it| it.runs.shown.as_ref().is_some_and(|run| run.phase == phase))
    }

    fn pause_and_resume(&mut self, vitals: &mut Vitals) -> Done {
        self.act(RunAction::Pause);
        self.wait_for_phase(Phase::Paused, vitals)?;
        self.act(RunAction::Step);
        self.act(RunAction::Resume);
        self.tally.pauses += 1;
        self.wait_for_phase(Phase::Running, vitals)
    }

    fn kill_and_go_on(&mut self, vitals: &mut Vitals) -> Done {
        self.act(RunAction::PullThePlug);
        self.wait("the end of a killed run", vitals, |it| {
            it.runs.shown.as_ref().is_some_and(|run| run.finished.is_some())
        })?;
        self.tally.kills += 1;
        self.act(RunAction::Continue(None));
        // A run that was over when it was killed has nothing left to go on with.
        self.wait("a run that goes on", vitals, |it| {
            it.runs.shown.as_ref().is_some_and(|run| run.phase == Phase::Running || run.finished.is_some())
        })
    }

    fn end(&mut self, vitals: &mut Vitals) -> Done {
        self.wait("the end of a run", vitals, |it| it.runs.shown.as_ref().is_some_and(|run| run.finished.is_some()))?;
        self.tally.runs_ended += 1;
        let reason = self.studio.runs.shown.as_ref().and_then(|it| it.finished.as_ref()).map(|it| it.reason);
        match reason {
            Some(FinishReason::Completed | FinishReason::Stopped) => Ok(()),
            other => Err(format!("a run ended as {other:?} in round {}", self.tally.rounds)),
        }
    }

    /// Another future from the second epoch on.
    fn fork(&mut self, vitals: &mut Vitals) -> Done {
        self.act(RunAction::PlanFork { epoch: 2 });
        self.studio.projects.draft.set("learning_rate=0.0005").map_err(|err| err.to_string())?;
        self.act(RunAction::Train);
        self.tally.forks += 1;
        self.end(vitals)
    }

    /// Leaves everything, waits until whatever was asked to stop has stopped, and looks at what is held.
    fn rest(&mut self, vitals: &mut Vitals) -> Done {
        self.open_project(PROJECTS[0], vitals)?;
        let began = Instant::now();
        self.wait("rest", vitals, |it| !it.runs.is_retiring() && began.elapsed() > Duration::from_secs(2))?;
        // What is given back stays with the allocator for a second, and until something is freed or a thread ends: the
        // one that looks through the history does. Where it was not waited for, 3 to 8 MB more were held.
        self.studio.act(Action::History(HistoryAction::Look));
        self.wait("the history", vitals, |it| !it.history.is_busy())?;
        vitals.look_at_rest();
        Ok(())
    }

    /// Several seeds of the shown run.
    fn train_seeds(&mut self, vitals: &mut Vitals) -> Done {
        self.act(RunAction::Seeds { k: 3 });
        self.tally.seeds += 1;
        self.wait("other seeds", vitals, |it| it.runs.seeding().is_none())
    }

    /// Opens the oldest run; deletes those before the newest few, brings them back, and deletes them for good.
    fn open_and_delete(&mut self, vitals: &mut Vitals) -> Done {
        let entries = std::fs::read_dir(&self.runs).map_err(|err| err.to_string())?;
        let is_run = |it: &PathBuf| it.join("project.ron").is_file();
        let age = |it: &PathBuf| it.metadata().and_then(|it| it.modified()).ok();
        let mut folders: Vec<_> = entries.flatten().map(|it| it.path()).filter(is_run).collect();
        folders.sort_by_key(age);
        let Some(oldest) = folders.first() else { return Ok(()) };
        self.studio.act(Action::Project(ProjectAction::Open(oldest.clone())));
        self.wait("a run to be opened", vitals, Studio::has_opened)?;
        self.studio.act(Action::Project(ProjectAction::TakeOpened));
        self.tally.opened += 1;
        self.wait("its data", vitals, |it| it.projects.prepared().is_some())?;
        folders.truncate(folders.len().saturating_sub(FOLDERS));
        if folders.is_empty() {
            return Ok(());
        }
        self.tally.deleted += folders.len() as u64;
        let delete = HistoryAction::Delete(folders.clone());
        for action in [HistoryAction::Look, delete.clone(), HistoryAction::Undo, delete, HistoryAction::EmptyTrash] {
            self.studio.act(Action::History(action));
            self.wait("the history", vitals, |it| !it.history.is_busy())?;
        }
        if folders.iter().any(is_run) { Err("deleted runs are still there".to_owned()) } else { Ok(()) }
    }
}
