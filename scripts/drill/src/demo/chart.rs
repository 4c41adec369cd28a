//! Charts over time as inline SVG: lines, coloured bands, steps, marks; colours are variables of the page.

use super::record::{date, hour};
use std::fmt::Write;

const WIDTH: f64 = 1080.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 30.0;

/// A line.
pub struct Line {
    /// In the legend.
    pub label: String,
    /// Class of the page's style: its colour.
    pub style: &'static str,
    /// Holds its value until the next point.
    pub step: bool,
    /// Time and value; NaN is a gap.
    pub points: Vec<(u64, f64)>,
}

/// A stretch of time with a colour behind the lines.
pub struct Band {
    /// Class of the page's style.
    pub style: &'static str,
    /// Beginning.
    pub from: u64,
    /// End.
    pub until: u64,
    /// Said when pointed at.
    pub label: String,
}

/// A moment.
pub struct Mark {
    /// When.
    pub time: u64,
    /// Class of the page's style.
    pub style: &'static str,
    /// Written beside it.
    pub label: String,
}

/// A value worth a line of its own.
pub struct Level {
    /// The value.
    pub value: f64,
    /// Written beside it.
    pub label: String,
}

/// A row of coloured cells: what is possible when.
pub struct Strip {
    /// In front of the row.
    pub label: String,
    /// What it shows.
    pub bands: Vec<Band>,
}

/// A chart over time.
pub struct Chart {
    /// For those who cannot see it.
    pub title: String,
    /// Unit of the vertical axis.
    pub unit: &'static str,
    /// Of the drawing, in pixels.
    pub height: f64,
    /// First second.
    pub from: u64,
    /// Last second.
    pub until: u64,
    /// Whether the vertical axis contains zero.
    pub zero: bool,
    /// Lines.
    pub lines: Vec<Line>,
    /// Behind the lines.
    pub bands: Vec<Band>,
    /// Moments.
    pub marks: Vec<Mark>,
    /// Values.
    pub levels: Vec<Level>,
    /// Rows under the axis.
    pub strips: Vec<Strip>,
}

/// What text may not contain in SVG and HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Chart {
    /// The drawing.
    pub fn svg(&self) -> String {
        let strips = 20.0 * self.strips.len() as f64;
        let height = self.height + strips;
        let (low, high, ticks) = self.scale();
        let bottom = self.height - BOTTOM;
        let x = |time: u64| {
            let whole = self.until.saturating_sub(self.from).max(1) as f64;
            LEFT + (WIDTH - LEFT - RIGHT) * (time.clamp(self.from, self.until) - self.from) as f64 / whole
        };
        let y = |value: f64| bottom - (bottom - TOP) * (value - low) / (high - low);
        let mut out = format!(
            "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\" data-chart>\n",
            escaped(&self.title)
        );
        for band in &self.bands {
            rect(&mut out, band, x(band.from), TOP, x(band.until), bottom);
        }
        for value in &ticks {
            let at = y(*value);
            let _ = write!(out, "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{}\"/>", WIDTH - RIGHT);
            let _ = writeln!(
                out,
                "<text class=\"tick\" x=\"{}\" y=\"{:.1}\">{}</text>",
                LEFT - 8.0,
                at + 4.0,
                short(*value)
            );
        }
        let _ = writeln!(
            out,
            "<text class=\"unit\" x=\"{}\" y=\"{}\">{}</text>",
            LEFT - 8.0,
            TOP - 10.0,
            escaped(self.unit)
        );
        self.time_axis(&mut out, bottom, &x);
        for level in self.levels.iter().filter(|level| (low..=high).contains(&level.value)) {
            let at = y(level.value);
            let _ = write!(out, "<path class=\"level\" d=\"M{LEFT} {at:.1}H{}\"/>", WIDTH - RIGHT);
            let (end, up) = (WIDTH - RIGHT - 4.0, at - 4.0);
            let _ =
                writeln!(out, "<text class=\"note end\" x=\"{end}\" y=\"{up:.1}\">{}</text>", escaped(&level.label));
        }
        for line in &self.lines {
            let _ = writeln!(out, "<path class=\"line {}\" d=\"{}\"/>", line.style, path(line, self, &x, &y));
        }
        self.draw_marks(&mut out, bottom, &x);
        self.draw_strips(&mut out, &x);
        out.push_str("</svg>\n");
        out
    }

    /// The names of the lines in their colours.
    pub fn legend(&self) -> String {
        self.lines
            .iter()
            .map(|line| format!("<span class=\"key\"><i class=\"{}\"></i>{}</span>", line.style, escaped(&line.label)))
            .collect()
    }

    /// Times at which something is written under the axis: about eight of them, at round hours.
    fn time_axis(&self, out: &mut String, bottom: f64, x: &impl Fn(u64) -> f64) {
        let whole = self.until.saturating_sub(self.from);
        const STEPS: [u64; 11] = [300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 259_200];
        let step = STEPS.into_iter().find(|step| whole / step <= 9).unwrap_or(604_800);
        let mut time = self.from.div_ceil(step) * step;
        let mut day = 0;
        while time <= self.until {
            let at = x(time);
            let (number, month) = date(time);
            let text = match (step >= 86_400, day == number) {
                (true, _) => format!("{number} {month}"),
                (false, true) => hour(time),
                (false, false) => format!("{number} {month} {}", hour(time)),
            };
            day = number;
            let _ = write!(out, "<path class=\"grid\" d=\"M{at:.1} {bottom}v4\"/>");
            let _ = writeln!(out, "<text class=\"time\" x=\"{at:.1}\" y=\"{}\">{text}</text>", bottom + 18.0);
            time += step;
        }
        let _ = writeln!(out, "<path class=\"axis\" d=\"M{LEFT} {bottom}H{}\"/>", WIDTH - RIGHT);
    }

    fn draw_marks(&self, out: &mut String, bottom: f64, x: &impl Fn(u64) -> f64) {
        let inside = |mark: &&Mark| (self.from..=self.until).contains(&mark.time);
        // Labels that would run into each other go one line lower.
        let mut ends = [f64::MIN; 6];
        for mark in self.marks.iter().filter(inside) {
            let at = x(mark.time);
            let width = 6.1 * mark.label.chars().count() as f64;
            let (text_x, anchor) = if at + width > WIDTH - RIGHT { (at - 5.0, "end") } else { (at + 5.0, "") };
            let begins = if anchor == "end" { text_x - width } else { text_x };
            let row = ends.iter().position(|end| *end < begins).unwrap_or(ends.len() - 1);
            ends[row] = begins + width + 8.0;
            let _ = write!(out, "<path class=\"mark {}\" d=\"M{at:.1} {TOP}V{bottom}\"/>", mark.style);
            let _ = writeln!(
                out,
                "<text class=\"note {anchor}\" x=\"{text_x:.1}\" y=\"{:.1}\">{}</text>",
                TOP + 11.0 + 14.0 * row as f64,
                escaped(&mark.label)
            );
        }
    }

    fn draw_strips(&self, out: &mut String, x: &impl Fn(u64) -> f64) {
        for (row, strip) in self.strips.iter().enumerate() {
            let top = self.height + 20.0 * row as f64;
            let _ = write!(
                out,
                "<rect class=\"cell\" x=\"{LEFT}\" y=\"{top}\" width=\"{}\" height=\"14\"/>",
                WIDTH - LEFT - RIGHT
            );
            for band in &strip.bands {
                rect(out, band, x(band.from), top, x(band.until), top + 14.0);
            }
            let _ = writeln!(
                out,
                "<text class=\"row\" x=\"{}\" y=\"{}\">{}</text>",
                LEFT - 6.0,
                top + 11.0,
                escaped(&strip.label)
            );
        }
    }

    /// The ends of the vertical axis and where its lines are: round numbers, four to eight of them.
    fn scale(&self) -> (f64, f64, Vec<f64>) {
        let inside = |point: &&(u64, f64)| (self.from..=self.until).contains(&point.0) && point.1.is_finite();
        let values = self.lines.iter().flat_map(|line| line.points.iter()).filter(inside).map(|point| point.1);
        let (mut low, mut high) = values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        if self.zero || low > high {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if high - low < 1e-9 {
            high = low + 1.0;
        }
        let rough = (high - low) / 5.0;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|s| s * power).find(|s| *s >= rough).unwrap_or(rough);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let ticks = (first as i64..=last as i64).map(|at| at as f64 * step).collect();
        (first * step, last * step, ticks)
    }
}

fn rect(out: &mut String, band: &Band, left: f64, top: f64, right: f64, bottom: f64) {
    if right <= left {
        return;
    }
    // A trip of a minute in five days has to be seen: no band is thinner than a pixel and a half.
    let width = (right - left).max(1.5);
    let height = bottom - top;
    let _ = writeln!(
        out,
        "<rect class=\"{}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"><title>{}</title></rect>",
        band.style,
        escaped(&band.label)
    );
}

/// The line as a path. Where several points share a pixel, the lowest and the highest stay.
fn path(line: &Line, chart: &Chart, x: &impl Fn(u64) -> f64, y: &impl Fn(f64) -> f64) -> String {
    let inside = |point: &&(u64, f64)| (chart.from..=chart.until).contains(&point.0);
    let mut pen = Pen { out: String::new(), at: None, level_to: None, step: line.step };
    let mut pixel: Vec<(f64, f64)> = Vec::new();
    for (time, value) in line.points.iter().filter(inside) {
        let at = x(*time);
        if !value.is_finite() || pixel.first().is_some_and(|first| at - first.0 >= 1.0) {
            pen.pixel(&mut pixel);
        }
        if value.is_finite() {
            pixel.push((at, y(*value)));
        } else {
            pen.lift();
        }
    }
    pen.pixel(&mut pixel);
    pen.lift();
    pen.out
}

/// What draws a path with as few words as it takes.
struct Pen {
    out: String,
    at: Option<(f64, f64)>,
    /// How far the line runs level: written only once it turns.
    level_to: Option<f64>,
    step: bool,
}

impl Pen {
    /// Draws first, lowest, highest and last of the points of a pixel, in the order of time.
    fn pixel(&mut self, points: &mut Vec<(f64, f64)>) {
        let extreme =
            |sign: f64| (0..points.len()).min_by(|a, b| (sign * points[*a].1).total_cmp(&(sign * points[*b].1)));
        let (low, high) = (extreme(1.0).unwrap_or(0), extreme(-1.0).unwrap_or(0));
        let mut keep = vec![0, low.min(high), low.max(high), points.len().saturating_sub(1)];
        keep.dedup();
        let points = std::mem::take(points);
        keep.into_iter().filter_map(|at| points.get(at)).for_each(|point| self.draw(*point));
    }

    fn draw(&mut self, (x, y): (f64, f64)) {
        let Some((_, last_y)) = self.at else {
            let _ = write!(self.out, "M{x:.1} {y:.1}");
            self.at = Some((x, y));
            return;
        };
        if (y - last_y).abs() < 0.05 {
            self.level_to = Some(x);
            return;
        }
        self.level();
        let _ = if self.step { write!(self.out, "H{x:.1}V{y:.1}") } else { write!(self.out, "L{x:.1} {y:.1}") };
        self.at = Some((x, y));
    }

    fn level(&mut self) {
        if let Some(x) = self.level_to.take() {
            let _ = write!(self.out, "H{x:.1}");
        }
    }

    fn lift(&mut self) {
        self.level();
        self.at = None;
    }
}

/// A number of an axis: `1,700`, `-20k`, `1.5M`.
fn short(value: f64) -> String {
    let size = value.abs();
    let (value, suffix) = match size {
        _ if size >= 1e6 => (value / 1e6, "M"),
        _ if size >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = if size != 0.0 && size < 1.0 { format!("{value:.4}") } else { format!("{value:.2}") };
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{}{suffix}", if text.is_empty() || text == "-0" { "0" } else { text })
}
