//! Curves as SVG: lines with their names at their ends, marks, and spans, in a light and a dark reader's colors.

use std::fmt::Write as _;

use super::document::escape_html;
use super::scale::Scale;
use crate::run::text::short_number;

/// A chart of curves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// Its file's name, without ending.
    pub name: String,
    /// What it shows, in a sentence; also what a screen reader tells.
    pub title: String,
    pub x_title: String,
    pub y_title: String,
    pub lines: Vec<Line>,
    /// x of upright marks with their words.
    pub marks: Vec<(f64, String)>,
    /// Stretches of x that are shaded, with their words.
    pub spans: Vec<Span>,
    /// Whether y may become logarithmic where the values span decades.
    pub may_be_log: bool,
    /// Whether y counts shares of rows, told in per cent.
    pub is_share: bool,
}

/// A curve of a [`Figure`].
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Written at its end; empty for a line that goes with another.
    pub name: String,
    pub ink: Ink,
    pub is_dashed: bool,
    pub is_faint: bool,
    /// x and y; a y that is not finite breaks the line and is marked by a cross.
    pub points: Vec<(f64, f64)>,
}

/// A stretch of x.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub from: f64,
    pub to: f64,
    pub words: String,
}

/// A color that tells a line from the others, also for those who see few colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Train,
    Validation,
    /// One of several runs, by number; from the eighth on they repeat.
    Run(usize),
}

/// Colors for a light and a dark ground: train, validation, then five that are kept apart by all eyes (Okabe and Ito
/// 2008, darkened for white paper). The window draws with the same ones.
pub const INKS: [[u32; 2]; 7] = [
    [0x1F6FEB, 0x58A6FF],
    [0xC4590A, 0xFFA657],
    [0xB0588C, 0xCC79A7],
    [0x00805D, 0x009E73],
    [0x857500, 0xF0E442],
    [0x2E86BD, 0x56B4E9],
    [0xC25500, 0xD55E00],
];

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 44.0;
/// Width of a letter at the labels' size; only for how much room they take.
const LETTER: f64 = 6.6;
/// Labels at the lines' ends stand so far apart at least.
const LABEL: f64 = 15.0;

impl Ink {
    fn idx(self) -> usize {
        match self {
            Self::Train => 0,
            Self::Validation => 1,
            Self::Run(it) => it % INKS.len(),
        }
    }
}

/// Where data lie on the page.
struct Frame {
    x: Scale,
    y: Scale,
    right: f64,
}

impl Frame {
    fn x(&self, value: f64) -> Option<f64> {
        self.x.share(value).map(|it| LEFT + it * (self.right - LEFT))
    }

    fn y(&self, value: f64) -> Option<f64> {
        self.y.share(value).map(|it| HEIGHT - BOTTOM - it * (HEIGHT - BOTTOM - TOP))
    }
}

impl Figure {
    /// As SVG that needs nothing else: 760 by 320 units, as wide as the page it stands on.
    pub fn to_svg(&self) -> String {
        let longest = self.lines.iter().map(|it| it.name.chars().count()).max().unwrap_or(0);
        let points = || self.lines.iter().flat_map(|it| it.points.iter());
        let x = points().map(|it| it.0).filter(|it| it.is_finite());
        let frame = Frame {
            x: Scale::exact(x.clone().fold(f64::INFINITY, f64::min), x.fold(f64::NEG_INFINITY, f64::max)),
            y: Scale::fit(points().map(|it| it.1), self.may_be_log),
            right: WIDTH - 14.0 - (longest.min(26) as f64) * LETTER,
        };
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n<title>{}</title>\n<style>{}</style>\n",
            escape_html(&self.title),
            style()
        );
        if points().next().is_none() {
            writeln!(
                out,
                "<text class=\"dim\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">Nothing was measured</text>",
                WIDTH / 2.0,
                HEIGHT / 2.0
            )
            .ok();
        } else {
            self.write_spans(&mut out, &frame);
            self.write_axes(&mut out, &frame);
            for line in &self.lines {
                write_line(&mut out, line, &frame);
            }
            self.write_marks(&mut out, &frame);
            self.write_names(&mut out, &frame);
        }
        out.push_str("</svg>\n");
        out
    }

    fn write_axes(&self, out: &mut String, frame: &Frame) {
        let (bottom, right) = (HEIGHT - BOTTOM, frame.right);
        for (value, label) in frame.y.ticks(5) {
            let Some(y) = frame.y(value) else { continue };
            let label = if self.is_share { format!("{} %", short_number(100.0 * value)) } else { label };
            writeln!(out, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right:.1}\"/>").ok();
            writeln!(
                out,
                "<text class=\"dim\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                LEFT - 8.0,
                y + 4.0
            )
            .ok();
        }
        for (value, label) in frame.x.ticks(8).into_iter().filter(|it| it.0.fract() == 0.0) {
            let Some(x) = frame.x(value) else { continue };
            writeln!(out, "<path class=\"axis\" d=\"M{x:.1} {bottom}v4\"/>").ok();
            writeln!(
                out,
                "<text class=\"dim\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
                bottom + 18.0
            )
            .ok();
        }
        writeln!(out, "<path class=\"axis\" d=\"M{LEFT} {bottom}H{right:.1}\"/>").ok();
        let log = if frame.y.is_log() { ", log scale" } else { "" };
        writeln!(out, "<text class=\"dim\" x=\"{LEFT}\" y=\"14\">{}{log}</text>", escape_html(&self.y_title)).ok();
        writeln!(
            out,
            "<text class=\"dim\" x=\"{right:.1}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            HEIGHT - 8.0,
            escape_html(&self.x_title)
        )
        .ok();
    }

    fn write_spans(&self, out: &mut String, frame: &Frame) {
        for (idx, span) in self.spans.iter().enumerate() {
            let (Some(from), Some(to)) = (frame.x(span.from), frame.x(span.to)) else { continue };
            let (from, to) = (from.clamp(LEFT, frame.right), to.clamp(LEFT, frame.right));
            writeln!(
                out,
                "<rect class=\"span\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{}\"><title>{}</title></rect>",
                (to - from).max(2.0),
                HEIGHT - BOTTOM - TOP,
                escape_html(&span.words)
            )
            .ok();
            // Spans that lie over each other have their words on lines of their own, within the chart.
            let room = frame.right - span.words.chars().count() as f64 * LETTER - 6.0;
            let (x, y) = ((from + 6.0).min(room), TOP + 16.0 + 15.0 * idx as f64);
            writeln!(out, "<text class=\"dim\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape_html(&span.words)).ok();
        }
    }

    /// Marks with their words above the chart: in the lower row, in the upper one where that is taken, and only under the
    /// pointer where both are.
    fn write_marks(&self, out: &mut String, frame: &Frame) {
        let title = LEFT + (self.y_title.chars().count() + 13) as f64 * LETTER;
        let mut rows = [(TOP - 6.0, LEFT - 60.0), (TOP - 20.0, title)];
        for (x, words) in &self.marks {
            let Some(x) = frame.x(*x) else { continue };
            let (bottom, words) = (HEIGHT - BOTTOM, escape_html(words));
            writeln!(out, "<path class=\"mark\" d=\"M{x:.1} {TOP}V{bottom}\"><title>{words}</title></path>").ok();
            let half = words.chars().count() as f64 * LETTER / 2.0;
            let middle = x.clamp(half, WIDTH - half);
            let Some((y, free)) = rows.iter_mut().find(|it| middle - half >= it.1) else { continue };
            *free = middle + half + 8.0;
            writeln!(out, "<text x=\"{middle:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{words}</text>").ok();
        }
    }

    /// Each line's name at its end, moved apart where ends lie close.
    fn write_names(&self, out: &mut String, frame: &Frame) {
        let end = |line: &Line| line.points.iter().rev().find_map(|(_, y)| frame.y(*y).filter(|_| y.is_finite()));
        let named = self.lines.iter().filter(|it| !it.name.is_empty());
        let mut names: Vec<(f64, &Line)> = named.filter_map(|it| Some((end(it)?, it))).collect();
        names.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Down from the top, then back up from the bottom where the last ones would leave the chart.
        let mut lowest = TOP;
        for it in &mut names {
            it.0 = it.0.max(lowest);
            lowest = it.0 + LABEL;
        }
        let mut highest = HEIGHT - BOTTOM;
        for it in names.iter_mut().rev() {
            it.0 = it.0.min(highest);
            highest = it.0 - LABEL;
        }
        for (y, line) in names {
            writeln!(
                out,
                "<text class=\"t{}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                line.ink.idx(),
                frame.right + 7.0,
                y + 4.0,
                escape_html(&shortened(&line.name))
            )
            .ok();
        }
    }
}

fn write_line(out: &mut String, line: &Line, frame: &Frame) {
    let mut path = String::new();
    let mut is_open = false;
    let mut crosses = Vec::new();
    for (x, y) in line.points.iter().copied() {
        let Some(px) = frame.x(x) else { continue };
        let py = frame.y(y).filter(|_| y.is_finite());
        if let Some(py) = py {
            write!(path, "{}{px:.1} {py:.1}", if is_open { 'L' } else { 'M' }).ok();
        } else if !y.is_finite() {
            crosses.push(px);
        }
        is_open = py.is_some();
    }
    let class = line.ink.idx();
    let dash = if line.is_dashed { " stroke-dasharray=\"7 4\"" } else { "" };
    let faint = if line.is_faint { " opacity=\"0.45\" stroke-width=\"1.2\"" } else { "" };
    // A single point is a line of no length, which a round end makes visible.
    writeln!(
        out,
        "<path class=\"l{class}\" d=\"{path}{}\"{dash}{faint}/>",
        if line.points.len() == 1 { "h0" } else { "" }
    )
    .ok();
    for x in crosses {
        writeln!(
            out,
            "<path class=\"l{class}\" d=\"M{:.1} {}l8 8m0 -8l-8 8\"><title>not a number</title></path>",
            x - 4.0,
            TOP + 2.0
        )
        .ok();
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= 26 { name.to_owned() } else { name.chars().take(25).chain(['…']).collect() }
}

fn style() -> String {
    let rules = |ground: usize| -> String {
        let each = INKS.iter().enumerate();
        each.map(|(idx, ink)| format!(".l{idx}{{stroke:#{0:06x}}}.t{idx}{{fill:#{0:06x}}}", ink[ground])).collect()
    };
    let own = "path{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}text{fill:#1d2129}.dim{fill:#586174}.grid{stroke:#dfe3ea;stroke-width:1}.axis{stroke:#8892a4;stroke-width:1}.mark{stroke:#586174;stroke-width:1;stroke-dasharray:3 3}.span{fill:#906400;opacity:.12}";
    let dark = "text{fill:#e7e9ee}.dim{fill:#98a1b2}.grid{stroke:#2c313b}.axis{stroke:#6b7485}.mark{stroke:#98a1b2}.span{fill:#e3b341}";
    format!("{own}{}@media (prefers-color-scheme:dark){{{dark}{}}}", rules(0), rules(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(f64, f64)]) -> Line {
        Line { name: "Train".to_owned(), ink: Ink::Train, is_dashed: false, is_faint: false, points: points.to_vec() }
    }

    #[test]
    fn points_lie_where_their_values_say() {
        let figure = Figure { lines: vec![line(&[(1.0, 1.0), (2.0, 0.5), (3.0, 0.0)])], ..Figure::default() };
        let svg = figure.to_svg();
        // The name takes 5 letters: the chart ends at 760 - 14 - 33 = 713. y has 5 % of room on either side.
        assert!(svg.contains("d=\"M64.0 45.0L388.5 155.0L713.0 265.0\""), "{svg}");
    }

    #[test]
    fn what_is_no_number_breaks_the_line_and_is_marked() {
        let figure = Figure { lines: vec![line(&[(1.0, 1.0), (2.0, f64::NAN), (3.0, 0.0)])], ..Figure::default() };
        let svg = figure.to_svg();
        assert!(svg.contains("M64.0 45.0M713.0 265.0"), "{svg}");
        assert_eq!(svg.matches("not a number").count(), 1);
    }

    #[test]
    fn names_at_close_ends_are_moved_apart_and_stay_on_the_chart() {
        let lines = (0..5).map(|idx| Line {
            ink: Ink::Run(idx),
            name: format!("run {idx}"),
            ..line(&[(1.0, 1.0), (2.0, 0.0)])
        });
        let svg = Figure { lines: lines.collect(), ..Figure::default() }.to_svg();
        let at = |idx: usize| -> f64 {
            let tail = svg.split(&format!("class=\"t{idx}\"")).nth(1).unwrap();
            tail.split("y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
        };
        let all: Vec<f64> = (0..5).map(at).collect();
        assert!(all.windows(2).all(|it| it[1] - it[0] >= LABEL - 0.1), "{all:?}");
        assert!(all.iter().all(|it| *it <= HEIGHT - BOTTOM + 4.1), "{all:?}");
    }
}
