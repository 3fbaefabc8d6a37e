//! The confusion matrix: how often each class was taken for which, and how much of it was recognized.

use egui::accesskit::Role;
use egui::{Align2, FontId, Rect, Sense, Stroke, StrokeKind, TextStyle, Ui, WidgetInfo, pos2, vec2};

use crate::run::Confusion;
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::theme::{Theme, contrast, size, space};
use crate::ui::{grouped, percent_text};

const MOST_NAME: f32 = 110.0;
const LEAST_NAME: f32 = 26.0;
const RECALL: f32 = 64.0;
const HEAD: f32 = 18.0;
const GAP: f32 = 2.0;
const LARGEST: egui::Vec2 = vec2(120.0, 60.0);
/// Cells narrower or lower than this show no count; the pointer tells it.
const ROOM_FOR_COUNT: egui::Vec2 = vec2(24.0, 11.0);

pub(super) fn confusion_ui(ui: &mut Ui, confusion: &Confusion, epoch: u64, height: f32) {
    let theme = Theme::of(ui);
    let n = confusion.classes.len();
    if n == 0 {
        return;
    }
    ui.horizontal(|ui| {
        ui.label(theme.strong("Confusion"));
        let help = format!("Validation rows after epoch {}: a row for what is so, a column for what was predicted, and on the diagonal both agree", grouped(epoch));
        ui.add(egui::Label::new(theme.dim("actual ↓ predicted →")).truncate()).on_hover_text(help);
    });
    let font = TextStyle::Small.resolve(ui.style());
    let name_width = confusion
        .classes
        .iter()
        .map(|it| ui.painter().layout_no_wrap(it.clone(), font.clone(), theme.dim).size().x)
        .fold(0.0, f32::max)
        .min(MOST_NAME)
        + space::S;
    let room = vec2(ui.available_width() - name_width - RECALL, height - size::LINE - HEAD - 2.0 * space::S);
    let cell = (room / n as f32).min(LARGEST).max(vec2(4.0, 4.0));
    let (rect, response) = ui.allocate_exact_size(vec2(name_width + RECALL, HEAD) + cell * n as f32, Sense::hover());
    let corner = rect.min + vec2(name_width, HEAD);
    let place = |actual: usize, predicted: usize| {
        Rect::from_min_size(corner + vec2(predicted as f32 * cell.x, actual as f32 * cell.y), cell).shrink(GAP / 2.0)
    };
    for (actual, name) in confusion.classes.iter().enumerate() {
        let row = place(actual, 0);
        text_in(
            ui,
            Rect::from_min_max(pos2(rect.left(), row.top()), pos2(row.left() - space::S, row.bottom())),
            Align2::RIGHT_CENTER,
            name,
        );
        let head = Rect::from_min_size(pos2(place(0, actual).left(), rect.top()), vec2(cell.x - GAP, HEAD));
        // In the order of the rows: where only dots would fit, the rows say it.
        if head.width() >= LEAST_NAME {
            text_in(ui, head, Align2::CENTER_CENTER, name);
        }
        for predicted in 0..n {
            cell_ui(ui, theme, confusion, (actual, predicted), place(actual, predicted));
        }
        let recall = Rect::from_min_size(
            pos2(place(actual, n - 1).right() + space::S, row.top()),
            vec2(RECALL - space::S, row.height()),
        );
        let text = confusion.recall(actual).map_or_else(|| "–".to_owned(), percent_text);
        ui.painter().text(recall.left_center(), Align2::LEFT_CENTER, text, FontId::monospace(11.0), theme.text);
    }
    text_in(
        ui,
        Rect::from_min_size(pos2(rect.right() - RECALL + space::S, rect.top()), vec2(RECALL - space::S, HEAD)),
        Align2::LEFT_CENTER,
        "recall",
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, summary(confusion)));
    let under_pointer = |at: egui::Pos2| {
        (0..n * n).map(|idx| (idx / n, idx % n)).find(|(actual, predicted)| place(*actual, *predicted).contains(at))
    };
    let in_recall = |at: egui::Pos2| {
        (0..n).find(|class| {
            let row = place(*class, n - 1);
            row.y_range().contains(at.y) && at.x > row.right()
        })
    };
    if let Some(class) = response.hover_pos().and_then(in_recall) {
        response.on_hover_meaning(ui, || meaning::recall(confusion, class));
    } else if let Some((actual, predicted)) = response.hover_pos().and_then(under_pointer) {
        let rect = place(actual, predicted);
        ui.painter().rect_stroke(rect, 4, Stroke::new(1.5, theme.text), StrokeKind::Inside);
        response.on_hover_meaning(ui, || meaning::confusion_cell(confusion, actual, predicted));
    }
}

/// A cell as strong as its share of the row: green on the diagonal, red beside it.
fn cell_ui(ui: &Ui, theme: &Theme, confusion: &Confusion, (actual, predicted): (usize, usize), rect: Rect) {
    let count = confusion.count(actual, predicted);
    let share = count as f32 / row_total(confusion, actual).max(1) as f32;
    let ink = if actual == predicted { theme.good } else { theme.critical };
    let fill = theme.card.lerp_to_gamma(ink, 0.85 * share);
    ui.painter().rect_filled(rect, 4, fill);
    if rect.width() >= ROOM_FOR_COUNT.x && rect.height() >= ROOM_FOR_COUNT.y {
        let words = if contrast(theme.text, fill) >= contrast(theme.panel, fill) { theme.text } else { theme.panel };
        let color = if count == 0 { theme.faint } else { words };
        let size = (0.75 * rect.height()).clamp(8.5, 11.5);
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, grouped(count), FontId::monospace(size), color);
    }
}

/// Small dim text in a place, cut where it is too long.
fn text_in(ui: &Ui, rect: Rect, align: Align2, text: &str) {
    let theme = Theme::of(ui);
    let mut job =
        egui::text::LayoutJob::simple_singleline(text.to_owned(), TextStyle::Small.resolve(ui.style()), theme.dim);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
    let galley = ui.fonts_mut(|it| it.layout_job(job));
    let at = align.align_size_within_rect(galley.size(), rect).min;
    ui.painter().galley(at, galley, theme.dim);
}

fn row_total(confusion: &Confusion, actual: usize) -> u64 {
    (0..confusion.classes.len()).map(|predicted| confusion.count(actual, predicted)).sum()
}

fn summary(confusion: &Confusion) -> String {
    let recalls = confusion.classes.iter().enumerate().map(|(class, name)| {
        format!("{name} {}", confusion.recall(class).map_or_else(|| "without rows".to_owned(), percent_text))
    });
    format!("Confusion matrix, share of each class that was recognized: {}", recalls.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_told_in_words() {
        let confusion = Confusion { classes: vec!["No".to_owned(), "Yes".to_owned()], counts: vec![90, 10, 20, 5] };
        assert_eq!(
            meaning::confusion_cell(&confusion, 1, 0).about,
            "20 rows “Yes” and taken for “No”: 80.0 % of “Yes”."
        );
        assert!(summary(&confusion).ends_with("No 90.0 %, Yes 20.0 %"));
    }
}
