//! Pictures of a panel as it is seen: its pixels as PNG, or its shapes as SVG.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use egui::{ColorImage, Rect};
use image::{ImageFormat, RgbaImage};

use super::vector;
use crate::studio::{Action, ExportAction, Notice};
use crate::ui::Layout;
use crate::ui::theme::{Theme, space};

/// Frames until a dialog that has just been answered is gone from the screen.
const FRAMES: u8 = 3;

/// Pictures that may wait to be written: they are asked for one by one.
const WAITING: usize = 4;

/// Pictures that were asked for, and those that have been taken.
pub(super) struct Pictures {
    asked: Option<Asked>,
    to: SyncSender<(PathBuf, Vec<u8>)>,
    taken: Receiver<(PathBuf, Vec<u8>)>,
}

struct Asked {
    panel: &'static str,
    path: PathBuf,
    wait: u8,
}

impl Default for Pictures {
    fn default() -> Self {
        let (to, taken) = sync_channel(WAITING);
        Self { asked: None, to, taken }
    }
}

impl Pictures {
    /// Takes a picture of a panel within the next frames, to be written to `path`: SVG where that ends so, else PNG.
    pub(super) fn ask(&mut self, panel: &'static str, path: PathBuf) {
        self.asked = Some(Asked { panel, path, wait: FRAMES });
    }

    /// Those that have been taken since, to be written.
    pub(super) fn taken(&self) -> impl Iterator<Item = Action> {
        self.taken.try_iter().map(|(path, bytes)| Action::Export(ExportAction::File { path, bytes }))
    }

    /// Takes what is asked for, once the panels of this frame have been drawn. Returns what is to be said of it.
    pub(super) fn take(&mut self, ui: &egui::Ui, layout: &Layout) -> Option<Notice> {
        let asked = self.asked.as_mut()?;
        ui.ctx().request_repaint();
        if asked.wait > 0 {
            asked.wait -= 1;
            return None;
        }
        let Asked { panel, path, .. } = self.asked.take()?;
        let Some(area) = layout.area(panel) else {
            return Some(Notice::error("the picture was not taken: the panel is no longer in sight"));
        };
        let area = area.expand(space::S);
        if path.extension().is_some_and(|it| it.eq_ignore_ascii_case("svg")) {
            let ground = Theme::of(ui).background;
            let Some(text) = vector::svg(ui.ctx(), ui.layer_id(), area, ground) else {
                return Some(Notice::error("this view holds images, which SVG cannot draw as shapes; save it as .png"));
            };
            self.to.try_send((path, text.into_bytes())).ok();
            return None;
        }
        let (to, ctx) = (self.to.clone(), ui.ctx().clone());
        let scale = ctx.pixels_per_point();
        ui.ctx().request_screenshot(move |image| {
            if let Some(bytes) = png(&image, area, scale) {
                to.try_send((path, bytes)).ok();
                ctx.request_repaint();
            }
        });
        None
    }
}

/// The part of a picture of the window that lies in `area`, in points of `scale` pixels each.
fn png(window: &ColorImage, area: Rect, scale: f32) -> Option<Vec<u8>> {
    let [width, height] = window.size.map(|it| it as f32);
    let whole = Rect::from_min_max(egui::Pos2::ZERO, egui::pos2(width, height));
    let cut = (area * scale).intersect(whole);
    let part = window.region_by_pixels(
        [cut.left().round() as usize, cut.top().round() as usize],
        [cut.width().floor() as usize, cut.height().floor() as usize],
    );
    let [width, height] = part.size.map(|it| it as u32);
    let mut bytes = Cursor::new(Vec::new());
    RgbaImage::from_raw(width, height, part.as_raw().to_vec())?.write_to(&mut bytes, ImageFormat::Png).ok()?;
    Some(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use egui::{Color32, pos2};

    use super::*;

    #[test]
    fn a_part_of_the_window_is_cut_to_the_pixel() {
        let mut window = ColorImage::filled([40, 20], Color32::BLACK);
        window[(11, 4)] = Color32::RED;
        let area = Rect::from_min_max(pos2(5.0, 2.0), pos2(15.0, 30.0));
        let bytes = png(&window, area, 2.0).unwrap();
        let read = image::load_from_memory(&bytes).unwrap().to_rgba8();
        assert_eq!(read.dimensions(), (20, 16), "what lies outside of the window is not there");
        assert_eq!(read.get_pixel(1, 0).0, [255, 0, 0, 255]);
        assert_eq!(read.get_pixel(0, 0).0, [0, 0, 0, 255]);
    }
}
