//! Labels along the edges of a chart, placed so that none covers a curve or another label.

use egui::{Pos2, Rangef, Rect, Vec2, pos2};

use super::line::{Column, Piece};
use crate::ui::theme::space;

/// Width of a part of the chart in which a line's extent is kept.
const BIN: f32 = 6.0;
/// Distance of rows of labels.
pub(crate) const ROW: f32 = 26.0;

/// What it costs to stand on another label; parts of curves cost one each.
const OVERLAP: usize = 1000;

/// A label that wants a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) size: Vec2,
    /// The part of the chart it speaks of; a single x is an empty part.
    pub(crate) about: Rangef,
    pub(crate) edge: Edge,
}

/// The edge it would rather stand at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    Top,
    /// Below a bar along the top, or nowhere: far from its bar, or over a curve, it would say the wrong thing.
    BelowBar,
    Bottom,
}

/// Where lines run, in coarse steps: enough to keep out of their way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skyline {
    left: f32,
    lines: Vec<Vec<Rangef>>,
}

impl Skyline {
    pub(crate) fn new(frame: Rect) -> Self {
        Self { left: frame.left(), lines: Vec::new() }
    }

    pub(crate) fn add(&mut self, piece: &Piece) {
        match piece {
            Piece::Line(points) => self.add_line(points),
            Piece::Band(columns) => self.add_band(columns),
        }
    }

    fn add_band(&mut self, columns: &[Column]) {
        let mut bins: Vec<Rangef> = Vec::new();
        for column in columns {
            let bin = self.bin(column.left);
            bins.resize(bins.len().max(bin + 1), Rangef::NOTHING);
            bins[bin] = Rangef::new(bins[bin].min.min(column.y.min), bins[bin].max.max(column.y.max));
        }
        self.lines.push(bins);
    }

    fn add_line(&mut self, piece: &[Pos2]) {
        let mut bins: Vec<Rangef> = Vec::new();
        for pair in piece.windows(2) {
            let (first, last) = (self.bin(pair[0].x), self.bin(pair[1].x));
            for bin in first..=last.min(first + 1000) {
                bins.resize(bins.len().max(bin + 1), Rangef::NOTHING);
                let share = |x: f32| ((x - pair[0].x) / (pair[1].x - pair[0].x).max(f32::EPSILON)).clamp(0.0, 1.0);
                for edge in [bin as f32, bin as f32 + 1.0] {
                    let y = egui::lerp(pair[0].y..=pair[1].y, share(self.left + edge * BIN));
                    bins[bin] = Rangef::new(bins[bin].min.min(y), bins[bin].max.max(y));
                }
            }
        }
        self.lines.push(bins);
    }

    /// How many parts of lines run through a place.
    fn hits(&self, rect: Rect) -> usize {
        let (first, last) = (self.bin(rect.left()), self.bin(rect.right()));
        let parts =
            self.lines.iter().filter_map(|bins| bins.get(first.min(bins.len())..=last.min(bins.len().checked_sub(1)?)));
        parts.flatten().filter(|it| it.min <= rect.bottom() && it.max >= rect.top()).count()
    }

    fn bin(&self, x: f32) -> usize {
        ((x - self.left) / BIN).max(0.0) as usize
    }
}

/// Places labels one after another; each takes the first place at the edges that is free, or the freest.
/// `taken` is where labels stand already. None where every place is taken: the mark itself is still there.
pub(crate) fn place(wanted: &[Wanted], taken: &[Rect], frame: Rect, skyline: &Skyline) -> Vec<Option<Rect>> {
    let mut taken: Vec<Rect> = taken.to_vec();
    let mut placed = Vec::new();
    for it in wanted {
        let cost = |rect: &Rect| {
            let overlaps = taken.iter().filter(|other| other.expand(3.0).intersects(*rect)).count();
            // A line at a single x is what the label speaks of: it stands beside it.
            let covers_itself = it.about.min == it.about.max && rect.x_range().contains(it.about.min);
            OVERLAP * overlaps + skyline.hits(rect.expand(2.0)) + 2 * usize::from(covers_itself)
        };
        let best = places(it, frame).into_iter().min_by_key(cost);
        let limit = if it.edge == Edge::BelowBar { 1 } else { OVERLAP };
        let best = best.filter(|it| cost(it) < limit);
        taken.extend(best);
        placed.push(best);
    }
    placed
}

/// All places of a label, the most natural first.
fn places(wanted: &Wanted, frame: Rect) -> Vec<Rect> {
    let Wanted { size, about, edge } = *wanted;
    let gap = space::S;
    let lefts = [
        about.min + gap,
        about.center() - size.x / 2.0,
        about.max + gap,
        about.min - gap - size.x,
        about.max - gap - size.x,
    ];
    let tops = (0..2_u8).map(|row| frame.top() + f32::from(row) * ROW);
    let bottoms = (0..2_u8).map(|row| frame.bottom() - size.y - f32::from(row) * ROW);
    let rows: Vec<f32> = match edge {
        Edge::Top => tops.chain(bottoms).collect(),
        Edge::BelowBar => tops.collect(),
        Edge::Bottom => bottoms.chain(tops).collect(),
    };
    let inside = |left: f32| left.clamp(frame.left(), (frame.right() - size.x).max(frame.left()));
    let rows = rows.iter().filter(|top| **top >= frame.top() - 1.0 && **top + size.y <= frame.bottom() + 1.0);
    rows.flat_map(|top| lefts.map(|left| Rect::from_min_size(pos2(inside(left), *top), size))).collect()
}

#[cfg(test)]
mod tests {
    use egui::vec2;

    use super::*;

    const FRAME: Rect = Rect { min: Pos2::ZERO, max: pos2(600.0, 300.0) };

    fn label(x: f32) -> Wanted {
        Wanted { size: vec2(90.0, 20.0), about: Rangef::point(x), edge: Edge::Top }
    }

    #[test]
    fn labels_stand_beside_what_they_speak_of_and_never_on_each_other() {
        let places = place(&[label(100.0), label(110.0), label(120.0), label(590.0)], &[], FRAME, &Skyline::new(FRAME));
        let places: Vec<Rect> = places.into_iter().flatten().collect();
        assert_eq!((places.len(), places[0].min), (4, pos2(108.0, 0.0)));
        assert!(FRAME.contains_rect(places[3]), "{:?}", places[3]);
        for (idx, a) in places.iter().enumerate() {
            assert!(places[idx + 1..].iter().all(|b| !a.intersects(*b)), "{places:?}");
        }
    }

    #[test]
    fn where_there_is_no_room_a_label_stays_away() {
        let small = Rect::from_min_size(Pos2::ZERO, vec2(100.0, 22.0));
        let places = place(&[label(10.0), label(20.0)], &[], small, &Skyline::new(small));
        assert!(places[0].is_some() && places[1].is_none(), "{places:?}");
    }

    #[test]
    fn the_label_of_a_bar_stays_below_it_or_away() {
        let wanted = Wanted { about: Rangef::new(100.0, 500.0), edge: Edge::BelowBar, ..label(0.0) };
        assert_eq!(place(&[wanted], &[], FRAME, &Skyline::new(FRAME))[0].unwrap().min, pos2(108.0, 0.0));
        let mut skyline = Skyline::new(FRAME);
        skyline.add_line(&[pos2(0.0, 12.0), pos2(600.0, 12.0)]);
        assert_eq!(place(&[wanted], &[], FRAME, &skyline)[0].unwrap().top(), ROW, "the next row is free");
        skyline.add_line(&[pos2(0.0, 40.0), pos2(600.0, 40.0)]);
        assert_eq!(place(&[wanted], &[], FRAME, &skyline), [None], "and not at the bottom, where it is free as well");
    }

    #[test]
    fn a_label_leaves_the_top_to_a_curve_that_runs_there() {
        let mut skyline = Skyline::new(FRAME);
        skyline.add_line(&[pos2(0.0, 12.0), pos2(300.0, 16.0), pos2(600.0, 12.0)]);
        let rect = place(&[label(300.0)], &[], FRAME, &skyline)[0].unwrap();
        assert!(rect.top() > 16.0, "{rect:?}");
    }

    #[test]
    fn a_steep_line_counts_for_its_whole_height() {
        let mut skyline = Skyline::new(FRAME);
        skyline.add_line(&[pos2(100.0, 0.0), pos2(101.0, 300.0), pos2(600.0, 300.0)]);
        let rect = place(&[label(100.0)], &[], FRAME, &skyline)[0].unwrap();
        assert!(!rect.x_range().contains(100.5) && rect.top() == 0.0, "{rect:?}");
    }
}
