//! Draws the window off screen, the same way the screenshot tests do. Needs a Vulkan driver, no display.

use std::panic::{AssertUnwindSafe, catch_unwind};

use egui::UiBuilder;
use egui_kittest::Harness;
use image::RgbaImage;

use super::App;
use crate::studio::Studio;
use crate::ui::theme;
use crate::ui::{LayoutState, PANELS};

/// Frames until sizes that depend on one another have settled.
const FRAMES: usize = 4;

/// The whole window, or one panel alone, as it stands.
///
/// # Errors
/// When there is no such panel, or nothing to draw with; in one line.
pub fn shot(mut studio: Studio, size: [u32; 2], dark: bool, panel: Option<&str>) -> Result<RgbaImage, String> {
    if let Some(id) = panel
        && !PANELS.iter().any(|it| it.id == id)
    {
        let ids: Vec<_> = PANELS.iter().map(|it| it.id).collect();
        return Err(format!("there is no panel {id:?}; there are {}", ids.join(", ")));
    }
    studio.wait_for_data();
    quietly(|| draw(studio, size, dark, panel))?
}

fn draw(studio: Studio, size: [u32; 2], dark: bool, panel: Option<&str>) -> Result<RgbaImage, String> {
    let theme = if dark { egui::Theme::Dark } else { egui::Theme::Light };
    let state = LayoutState { is_dark: Some(dark), ..LayoutState::default() };
    let mut app: Option<App> = None;
    let mut studio = Some(studio);
    let mut harness = Harness::builder()
        .with_size(egui::vec2(size[0] as f32, size[1] as f32))
        .with_theme(theme)
        .with_render_cursor(false)
        // A user's own data may hold any character, and a picture with a box in it is better than none.
        .allow_missing_glyphs()
        .with_accessibility_check(false)
        .with_context_setup(theme::install)
        .wgpu()
        .build_ui(|ui| {
            let app = match (&mut app, studio.take()) {
                (Some(app), _) => app,
                (slot, Some(studio)) => slot.insert(App::new(ui, studio, state.clone())),
                (None, None) => return,
            };
            app.poll(ui);
            // The harness leaves a margin around what it shows; a window has none.
            let whole = ui.ctx().content_rect();
            ui.set_clip_rect(whole);
            ui.scope_builder(UiBuilder::new().max_rect(whole), |ui| match panel {
                // Its id was looked up before.
                Some(id) => app.panel_ui(ui, id).unwrap_or_default(),
                None => app.window_ui(ui, None),
            });
        });
    harness.run_steps(FRAMES);
    harness.render()
}

/// The renderer panics where there is no driver; nobody should see that.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    std::panic::set_hook(hook);
    outcome.map_err(|_| "nothing to draw with: a picture of the window needs a Vulkan driver, such as the software one of the package mesa-vulkan-drivers".to_owned())
}
