//! Keeps what the window holds, shortly after it changed, and brings it back.

use std::time::{Duration, Instant};

use egui::{Context, Event};

use super::App;
use crate::spec::Project;
use crate::studio::{Held, HeldRuns, Keeper, Remembered, Studio};
use crate::ui::LayoutState;

/// Long enough that dragging is one write, short enough that a crash takes nothing that one remembers.
const CALM: Duration = Duration::from_millis(500);

/// When what the window holds is written.
pub(super) struct Keeping {
    keeper: Keeper,
    due: Option<Instant>,
    /// What was there when it was looked at last.
    seen: Option<(Project, HeldRuns)>,
    /// For the last look, when there is no frame any more.
    ctx: Context,
}

impl Keeping {
    fn new(keeper: Keeper, ctx: &Context) -> Self {
        Self { keeper, due: None, seen: None, ctx: ctx.clone() }
    }
}

impl App {
    /// A window that is as it was when `keeper` kept it last, arranged as `usual` where nothing was kept; and keeps what
    /// it holds by it from now on.
    pub fn brought_back(ctx: &Context, studio: Studio, usual: LayoutState, keeper: Keeper) -> Self {
        let (before, notice) = keeper.read::<LayoutState>();
        if let Some(data) = before.as_ref().and_then(|it| ron::from_str(&it.toolkit).ok()) {
            ctx.memory_mut(|it| it.data = data);
        }
        let state = before.as_ref().map_or(usual, |it| it.layout.clone());
        let mut app = Self::new(ctx, studio, state);
        app.studio.notices.extend(notice);
        if let Some(before) = before {
            app.layout.recall(&before.panels);
            app.studio.take_up(before.studio);
        }
        app.keeping = Some(Keeping::new(keeper, ctx));
        app
    }

    /// All that should come back; none while the quiz covers it.
    pub fn remembered(&self, ctx: &Context) -> Option<Remembered<LayoutState>> {
        Some(Remembered {
            version: 0,
            studio: self.studio.held()?,
            layout: self.layout.state.clone(),
            panels: self.layout.remembers(),
            toolkit: ctx.memory(|it| ron::to_string(&it.data).unwrap_or_default()),
        })
    }

    /// Looks for changes, once a frame, and has them written once nothing has changed for a moment.
    pub(super) fn keep(&mut self, ctx: &Context) {
        let Some(mut keeping) = self.keeping.take() else { return };
        keeping.keeper.poll(&mut self.studio.notices);
        if self.has_changed(ctx, &mut keeping) {
            keeping.due = Some(Instant::now() + CALM);
        }
        if let Some(due) = keeping.due {
            let left = due.saturating_duration_since(Instant::now());
            if !left.is_zero() || keeping.keeper.is_busy() {
                ctx.request_repaint_after(left.max(Duration::from_millis(20)));
            } else {
                keeping.due = None;
                self.remembered(ctx).into_iter().for_each(|it| keeping.keeper.keep(it));
            }
        }
        self.keeping = Some(keeping);
    }

    /// A key or button may have changed how something is looked at; all else is seen by looking.
    fn has_changed(&self, ctx: &Context, keeping: &mut Keeping) -> bool {
        let is_touched = ctx.input(|it| {
            let touches =
                |it: &Event| matches!(it, Event::PointerButton { .. } | Event::Key { .. } | Event::MouseWheel { .. });
            it.events.iter().any(touches)
        });
        if self.studio.quiz.round.is_some() {
            return false;
        }
        let runs = self.studio.runs.held();
        let draft = &self.studio.projects.draft;
        if keeping.seen.as_ref().is_some_and(|it| it.0 == *draft && it.1 == runs) {
            return is_touched;
        }
        let is_first = keeping.seen.replace((draft.clone(), runs)).is_none();
        is_touched || !is_first
    }

    /// Writes it on the way out. Changes that nobody wanted to save do not come back.
    pub(super) fn keep_at_the_end(&mut self) {
        let Some(mut keeping) = self.keeping.take() else { return };
        if let Some(mut remembered) = self.remembered(&keeping.ctx) {
            let Held { draft, saved, .. } = &mut remembered.studio;
            draft.clone_from(saved);
            keeping.keeper.keep_now(remembered);
        }
    }
}
