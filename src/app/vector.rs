//! A part of the window as SVG: what was painted there, shape by shape.

use std::fmt::Write as _;

use egui::epaint::{ColorMode, TextShape};
use egui::text::{LayoutJob, LayoutSection, TextFormat};
use egui::{Color32, Context, FontFamily, LayerId, Mesh, Pos2, Rect, Shape, Stroke, TextureId};

/// Everything painted in `rect` on a layer in this frame, on `ground`. None where there are images, which are no shapes.
pub(super) fn svg(ctx: &Context, layer: LayerId, rect: Rect, ground: Color32) -> Option<String> {
    let mut out = Svg { text: String::new(), has_image: false, clips: 0 };
    let size = rect.size();
    writeln!(
        out.text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0}\" height=\"{1:.0}\" viewBox=\"{2:.1} {3:.1} {0:.1} {1:.1}\" font-family=\"Inter, system-ui, sans-serif\">",
        size.x,
        size.y,
        rect.left(),
        rect.top()
    )
    .ok();
    out.rect(rect, 0.0, ground, Stroke::NONE);
    ctx.graphics(|graphics| {
        for it in graphics.get(layer).into_iter().flat_map(egui::layers::PaintList::all_entries) {
            let clip = it.clip_rect.intersect(rect);
            if clip.is_positive() && it.shape.visual_bounding_rect().intersects(clip) {
                out.clipped(clip, rect, &it.shape);
            }
        }
    });
    out.text.push_str("</svg>\n");
    (!out.has_image).then_some(out.text)
}

struct Svg {
    text: String,
    has_image: bool,
    clips: usize,
}

impl Svg {
    /// A shape, cut where it leaves the part of the window that it belongs to.
    fn clipped(&mut self, clip: Rect, whole: Rect, shape: &Shape) {
        if clip.contains_rect(shape.visual_bounding_rect()) || clip == whole {
            return self.shape(shape);
        }
        self.clips += 1;
        let (id, min, size) = (self.clips, clip.min, clip.size());
        writeln!(
            self.text,
            "<clipPath id=\"c{id}\"><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/></clipPath><g clip-path=\"url(#c{id})\">",
            min.x, min.y, size.x, size.y
        )
        .ok();
        self.shape(shape);
        self.text.push_str("</g>\n");
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Noop => {}
            Shape::Vec(all) => all.iter().for_each(|it| self.shape(it)),
            Shape::Circle(it) => self.ellipse(it.center, it.radius, it.radius, it.fill, it.stroke),
            Shape::Ellipse(it) => self.ellipse(it.center, it.radius.x, it.radius.y, it.fill, it.stroke),
            Shape::LineSegment { points, stroke } => self.path(points, false, Color32::TRANSPARENT, *stroke),
            Shape::Path(it) => {
                let color = if let ColorMode::Solid(it) = it.stroke.color { it } else { Color32::TRANSPARENT };
                self.path(&it.points, it.closed, it.fill, Stroke::new(it.stroke.width, color));
            }
            Shape::Rect(it) => self.rect(it.rect, f32::from(it.corner_radius.nw), it.fill, it.stroke),
            Shape::Text(it) => self.words(it),
            Shape::Mesh(it) => self.mesh(it),
            Shape::QuadraticBezier(it) => self.path(&it.flatten(None), it.closed, it.fill, solid(&it.stroke)),
            Shape::CubicBezier(it) => self.path(&it.flatten(None), it.closed, it.fill, solid(&it.stroke)),
            // Nothing in this window is painted so, and what it would show is not known here.
            Shape::Band(_) | Shape::Callback(_) => self.has_image = true,
        }
    }

    fn ellipse(&mut self, center: Pos2, rx: f32, ry: f32, fill: Color32, stroke: Stroke) {
        let look = look(fill, stroke);
        let Pos2 { x, y } = center;
        writeln!(self.text, "<ellipse cx=\"{x:.2}\" cy=\"{y:.2}\" rx=\"{rx:.2}\" ry=\"{ry:.2}\"{look}/>").ok();
    }

    fn rect(&mut self, rect: Rect, radius: f32, fill: Color32, stroke: Stroke) {
        let (min, size) = (rect.min, rect.size());
        writeln!(
            self.text,
            "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{:.2}\" rx=\"{radius}\"{}/>",
            min.x,
            min.y,
            size.x,
            size.y,
            look(fill, stroke)
        )
        .ok();
    }

    fn path(&mut self, points: &[Pos2], is_closed: bool, fill: Color32, stroke: Stroke) {
        let Some((first, rest)) = points.split_first() else { return };
        let mut path = format!("M{:.2} {:.2}", first.x, first.y);
        for it in rest {
            write!(path, "L{:.2} {:.2}", it.x, it.y).ok();
        }
        let fill = if is_closed { fill } else { Color32::TRANSPARENT };
        writeln!(self.text, "<path d=\"{path}{}\"{}/>", if is_closed { "Z" } else { "" }, look(fill, stroke)).ok();
    }

    /// Triangles in the color of their corners' mean. With a texture, they are an image.
    fn mesh(&mut self, mesh: &Mesh) {
        if mesh.texture_id != TextureId::default() {
            self.has_image = true;
            return;
        }
        for corners in mesh.indices.chunks_exact(3) {
            let corners: Vec<_> = corners.iter().filter_map(|it| mesh.vertices.get(*it as usize)).collect();
            let [a, b, c] = corners.as_slice() else { continue };
            let mean =
                |of: fn(&Color32) -> u8| ([a, b, c].iter().map(|it| u32::from(of(&it.color))).sum::<u32>() / 3) as u8;
            let fill = Color32::from_rgba_premultiplied(
                mean(Color32::r),
                mean(Color32::g),
                mean(Color32::b),
                mean(Color32::a),
            );
            self.path(&[a.pos, b.pos, c.pos], true, fill, Stroke::NONE);
        }
    }

    /// Row by row, and within it by color and size; each as wide as it was on screen, whatever font the reader has.
    fn words(&mut self, it: &TextShape) {
        let formats = formats(&it.galley.job);
        let mut n_before = 0;
        for row in &it.galley.rows {
            let glyphs = row.row.glyphs.as_slice();
            let of_row = formats.get(n_before..).unwrap_or_default();
            n_before += glyphs.len() + usize::from(row.ends_with_newline);
            let formatted: Vec<_> = glyphs.iter().zip(of_row).collect();
            for run in formatted.chunk_by(|a, b| std::ptr::eq(*a.1, *b.1)) {
                let (Some((first, format)), Some((last, _))) = (run.first(), run.last()) else { continue };
                let from = it.pos + row.pos.to_vec2() + first.pos.to_vec2();
                let width = last.pos.x + last.advance_width - first.pos.x;
                let text: String = run.iter().map(|it| it.0.chr).collect();
                self.run_of_words(it, format, from, width, &text);
            }
        }
    }

    fn run_of_words(&mut self, it: &TextShape, format: &TextFormat, at: Pos2, width: f32, text: &str) {
        // Icons are letters of a font that nobody else has.
        let text: String = text.chars().filter(|it| !matches!(it, '\u{E000}'..='\u{F8FF}')).collect();
        if text.trim().is_empty() {
            return;
        }
        let ink = it.override_text_color.unwrap_or(format.color);
        let ink = if ink == Color32::PLACEHOLDER { it.fallback_color } else { ink };
        let turned = if it.angle == 0.0 {
            String::new()
        } else {
            format!(" transform=\"rotate({:.2} {:.2} {:.2})\"", it.angle.to_degrees(), it.pos.x, it.pos.y)
        };
        let is_bold = format.font_id.family != FontFamily::Proportional;
        writeln!(
            self.text,
            "<text x=\"{:.2}\" y=\"{:.2}\" font-size=\"{}\"{} textLength=\"{:.2}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"{}{turned}>{}</text>",
            at.x,
            at.y,
            format.font_id.size,
            if is_bold { " font-weight=\"600\"" } else { "" },
            width.max(1.0),
            paint("fill", ink.gamma_multiply(it.opacity_factor)),
            escaped(&text)
        )
        .ok();
    }
}

/// How each letter of a text is written.
fn formats(job: &LayoutJob) -> Vec<&TextFormat> {
    let of_section = |it: &LayoutSection| {
        job.text.get(it.byte_range.start.0..it.byte_range.end.0).unwrap_or_default().chars().count()
    };
    job.sections.iter().flat_map(|it| std::iter::repeat_n(&it.format, of_section(it))).collect()
}

fn solid(stroke: &egui::epaint::PathStroke) -> Stroke {
    let color = if let ColorMode::Solid(it) = stroke.color { it } else { Color32::TRANSPARENT };
    Stroke::new(stroke.width, color)
}

fn look(fill: Color32, stroke: Stroke) -> String {
    let fill = if fill.a() == 0 { " fill=\"none\"".to_owned() } else { paint("fill", fill) };
    if stroke.width <= 0.0 || stroke.color.a() == 0 {
        return fill;
    }
    format!("{fill}{} stroke-width=\"{:.2}\"", paint("stroke", stroke.color), stroke.width)
}

/// A color as an attribute, and how much of the ground it lets through.
fn paint(name: &str, color: Color32) -> String {
    let [r, g, b, a] = color.to_srgba_unmultiplied();
    let opacity = if a == 255 { String::new() } else { format!(" {name}-opacity=\"{:.3}\"", f32::from(a) / 255.0) };
    format!(" {name}=\"#{r:02x}{g:02x}{b:02x}\"{opacity}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
