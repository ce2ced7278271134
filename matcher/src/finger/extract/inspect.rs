//! An analysis as a page: one file that runs nothing and loads nothing. First the ridges in the colors of their direction,
//! with minutiae and singular points, beside the picture as it came; then every stage on the way.

use std::fmt::Write as _;

use opencv::{
    core::{Mat, Vec4b, Vector},
    imgcodecs,
};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Analysis, SingularKind, Stage, plane::Plane};
use crate::finger::{FingerError, Guidance, Kind, Minutia};

/// Every how many cells the flow is drawn, and how long, in pixels.
const FLOW_EVERY: usize = 2;
const FLOW_PX: f32 = 6.0;
/// Size of a minutia's mark and length of its direction, in pixels.
const MARK_PX: f32 = 3.0;
const DIRECTION_PX: f32 = 9.0;
/// Colors of what is measured by cell, from least to most: dark to light, and told apart by those who see no red or green
/// (Smith and van der Walt's viridis, five of its colors).
const SCALE: [[f32; 3]; 5] =
    [[68.0, 1.0, 84.0], [59.0, 82.0, 139.0], [33.0, 145.0, 140.0], [94.0, 201.0, 98.0], [253.0, 231.0, 37.0]];
/// How bright and how pale the colors of directions are, so that every one can be read on a light and on a dark page.
const BRIGHTNESS: f32 = 0.86;
const SATURATION: f32 = 0.78;
/// Of what is no ridge, between ridges and around the finger.
const CLEAR: [u8; 4] = [0; 4];

/// The whole page. It shows the finger: whoever writes it to a disk answers for it.
pub fn inspect(analysis: &Analysis) -> Result<Zeroizing<String>, FingerError> {
    let mut out = Zeroizing::new(String::new());
    out.push_str(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>A finger, stage by stage</title>\n<style>\n",
    );
    out.push_str(include_str!("inspect.css"));
    out.push_str("</style>\n</head>\n<body>\n<main>\n<header>\n<h1>A finger, stage by stage</h1>\n");
    quality(analysis, &mut out);
    out.push_str("</header>\n<div class=\"first\">\n");
    let captions = [
        "The picture as it came",
        "Ridges in the colors of their direction; minutiae point along their ridge or valley",
    ];
    figure(&stage(analysis, Stage::Gray), captions[0], |out| marks(analysis, out), &mut out)?;
    figure(&ridges(analysis), captions[1], |out| marks(analysis, out), &mut out)?;
    out.push_str("</div>\n");
    legend(&mut out);
    out.push_str("<h2>On the way there</h2>\n<div class=\"stages\">\n");
    for (stage_of, caption) in [
        (Stage::Mask, "1. Finger and background"),
        (Stage::Normalized, "2. The same contrast everywhere, with the ridges' flow"),
        (Stage::Coherence, "3. How far the gradients agree (light: entirely)"),
        (Stage::Period, "4. Ridges apart (dark: 5 pixels, light: 15)"),
        (Stage::Certainty, "5. What share of what is seen is ridges (light: all)"),
        (Stage::Enhanced, "6. What filters along the ridges let pass"),
        (Stage::Binary, "7. Black and white"),
        (Stage::Skeleton, "8. Lines, and where they end and fork"),
    ] {
        let over = |out: &mut String| match stage_of {
            Stage::Skeleton => marks(analysis, out),
            Stage::Normalized => flow(analysis, out),
            _ => {}
        };
        figure(&stage(analysis, stage_of), caption, over, &mut out)?;
    }
    out.push_str("</div>\n");
    table(analysis, &mut out);
    out.push_str("</main>\n</body>\n</html>\n");
    Ok(out)
}

fn quality(analysis: &Analysis, out: &mut String) {
    let quality = analysis.quality();
    let _ = write!(
        out,
        "<p class=\"overall\"><b>{}</b> of 100: {}</p>\n<p class=\"quiet\">{} x {} pixels at 500 dpi, {} minutiae, {} \
         singular points{}</p>\n<dl class=\"components\">\n",
        quality.overall,
        advice(quality.guidance),
        analysis.template.width(),
        analysis.template.height(),
        analysis.template.minutiae().len(),
        analysis.singular.len(),
        if analysis.was_inverted() { "; light ridges on a dark ground, inverted" } else { "" }
    );
    for (name, points) in [
        ("Ridge clarity", quality.ridge_clarity),
        ("Orientation certainty", quality.orientation_certainty),
        ("Area", quality.area),
        ("Minutiae", quality.minutiae),
        ("Contrast", quality.contrast),
    ] {
        let _ = writeln!(
            out,
            "<div><dt>{name} <b>{points}</b></dt><dd><meter min=\"0\" max=\"100\" low=\"40\" optimum=\"100\" \
             value=\"{points}\"></meter></dd></div>"
        );
    }
    let _ = writeln!(
        out,
        "<div><dt>Moisture <b>{}</b></dt><dd class=\"quiet\">-100 dry, 100 wet</dd></div>\n</dl>",
        quality.moisture
    );
}

fn advice(guidance: Guidance) -> &'static str {
    match guidance {
        Guidance::Good => "good",
        Guidance::CoverMore => "cover more of the sensor",
        Guidance::MoveRight => "move the finger to the right",
        Guidance::MoveLeft => "move the finger to the left",
        Guidance::MoveDown => "move the finger down",
        Guidance::MoveUp => "move the finger up",
        Guidance::TooDry => "too dry: breathe on the finger, press more",
        Guidance::TooWet => "too wet: wipe the finger, press less",
        Guidance::PressMore => "ridges are faint: press more",
        Guidance::HoldStill => "smudged: clean the sensor, hold still",
        Guidance::AnotherFinger => "try another finger",
    }
}

/// A picture in blue, green, red and opacity.
type Colors = Plane<[u8; 4]>;

fn figure(colors: &Colors, caption: &str, over: impl FnOnce(&mut String), out: &mut String) -> Result<(), FingerError> {
    let (width, height) = (colors.width(), colors.height());
    let _ = write!(
        out,
        "<figure><svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{caption}\"><image width=\"{width}\" \
         height=\"{height}\" href=\"data:image/png;base64,"
    );
    base64(&png(colors)?, out);
    out.push_str("\"/>");
    over(out);
    let _ = writeln!(out, "</svg><figcaption>{caption}</figcaption></figure>");
    Ok(())
}

/// A stage in gray, or, where it is a measure by cell, on a scale of colors.
fn stage(analysis: &Analysis, stage: Stage) -> Colors {
    let picture = analysis.picture(stage);
    let measured = matches!(stage, Stage::Coherence | Stage::Period | Stage::Certainty);
    let whole = matches!(stage, Stage::Gray | Stage::Mask);
    let width = picture.width() as usize;
    Plane::of(width, picture.height() as usize, |x, y| {
        let gray = picture.gray().get(y * width + x).copied().unwrap_or_default();
        match analysis.stages.mask.of_pixel(x as f32, y as f32) != 0.0 {
            true if measured => on_scale(f32::from(gray) / 255.0),
            true => opaque([gray; 3]),
            false if whole => opaque([gray; 3]),
            false => CLEAR,
        }
    })
}

/// Ridges in the colors of their direction, the paler the less certain they are.
fn ridges(analysis: &Analysis) -> Colors {
    let stages = &analysis.stages;
    Plane::of(stages.binary.width(), stages.binary.height(), |x, y| {
        if stages.binary.at(x as isize, y as isize) == 0 {
            return CLEAR;
        }
        let (x, y) = (x as f32, y as f32);
        let certainty = stages.certainty.of_pixel(x, y).clamp(0.0, 1.0);
        let angle = -stages.orientation.angle_at(x + 0.5, y + 0.5);
        let [blue, green, red] = of_direction(angle);
        [blue, green, red, (255.0 * (0.25 + 0.75 * certainty)) as u8]
    })
}

/// Half a turn, after which a ridge runs the same way, is the whole circle of colors.
fn of_direction(angle: f32) -> [u8; 3] {
    let hue = (angle / std::f32::consts::PI).rem_euclid(1.0) * 6.0;
    // Hue, saturation and value to red, green and blue (Smith 1978), in their order here.
    [1.0, 3.0, 5.0].map(|at: f32| {
        let from = (at + hue).rem_euclid(6.0);
        let share = from.min(4.0 - from).clamp(0.0, 1.0);
        (255.0 * BRIGHTNESS * (1.0 - SATURATION * share)) as u8
    })
}

fn on_scale(share: f32) -> [u8; 4] {
    let at = share.clamp(0.0, 1.0) * (SCALE.len() - 1) as f32;
    let color = |at: usize| SCALE.get(at.min(SCALE.len() - 1)).copied().unwrap_or_default();
    let (low, high) = (color(at as usize), color(at as usize + 1));
    let [red, green, blue] = [0, 1, 2].map(|part| (low[part] + (high[part] - low[part]) * at.fract()) as u8);
    opaque([blue, green, red])
}

fn opaque([blue, green, red]: [u8; 3]) -> [u8; 4] {
    [blue, green, red, u8::MAX]
}

/// What the marks mean, and which color is which direction.
fn legend(out: &mut String) {
    out.push_str(
        "<p class=\"legend\"><span class=\"key ending\"></span>ridge ending <span class=\"key fork\"></span>fork \
         <span class=\"key singular\"></span>core (circle) or delta (triangle)",
    );
    out.push_str("<svg class=\"fan\" viewBox=\"-24 -24 48 26\" role=\"img\" aria-label=\"Colors of directions\">");
    const RAYS: u16 = 12;
    for ray in 0..=RAYS {
        let angle = f32::from(ray) / f32::from(RAYS) * std::f32::consts::PI;
        let [blue, green, red] = of_direction(angle);
        let (x, y) = (22.0 * angle.cos(), -22.0 * angle.sin());
        let _ = write!(out, "<path d=\"M0 0L{x:.1} {y:.1}\" stroke=\"rgb({red} {green} {blue})\"/>");
    }
    out.push_str("</svg>ridges that run so</p>\n");
}

fn flow(analysis: &Analysis, out: &mut String) {
    let every = (FLOW_EVERY * Analysis::CELL_PX) as f32;
    out.push_str("<path class=\"flow\" d=\"");
    for ([x, y], angle, _) in analysis.flow().filter(|([x, y], ..)| x % every < every / 2.0 && y % every < every / 2.0)
    {
        let (dx, dy) = (0.5 * FLOW_PX * angle.cos(), -0.5 * FLOW_PX * angle.sin());
        let _ = write!(out, "M{:.1} {:.1}L{:.1} {:.1}", x - dx, y - dy, x + dx, y + dy);
    }
    out.push_str("\"/>");
}

fn marks(analysis: &Analysis, out: &mut String) {
    for minutia in analysis.template.minutiae() {
        let (x, y) = (minutia.x + 0.5, minutia.y + 0.5);
        let (dx, dy) = (DIRECTION_PX * minutia.direction.cos(), -DIRECTION_PX * minutia.direction.sin());
        let class = if minutia.kind == Kind::Ending { "ending" } else { "fork" };
        let _ = write!(
            out,
            "<g class=\"{class}\"><title>{}</title><circle cx=\"{x}\" cy=\"{y}\" r=\"{MARK_PX}\"/>\
             <path d=\"M{x} {y}l{dx:.1} {dy:.1}\"/></g>",
            words(minutia)
        );
    }
    for point in analysis.singular.iter() {
        let (dx, dy) = (2.0 * DIRECTION_PX * point.direction.cos(), -2.0 * DIRECTION_PX * point.direction.sin());
        let (x, y, r) = (point.x, point.y, 2.0 * MARK_PX);
        let _ = match point.kind {
            SingularKind::Core => write!(out, "<g class=\"singular\"><circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"/>"),
            SingularKind::Delta => {
                write!(out, "<g class=\"singular\"><path d=\"M{x} {}l{r} {}h{}z\"/>", y - r, 2.0 * r, -2.0 * r)
            }
        };
        let _ = write!(out, "<path d=\"M{x} {y}l{dx:.1} {dy:.1}\"/></g>");
    }
}

/// What is known of a minutia.
fn words(minutia: &Minutia) -> String {
    let kind = match minutia.kind {
        Kind::Ending => "ending",
        Kind::Bifurcation => "fork",
        Kind::Other => "ending or fork",
    };
    format!("{kind}, {:.0}°, quality {}", minutia.direction.to_degrees(), minutia.quality)
}

fn table(analysis: &Analysis, out: &mut String) {
    out.push_str(
        "<details><summary>Minutiae</summary><table><tr><th>x</th><th>y</th><th>direction</th><th>kind</th>\
         <th>quality</th></tr>\n",
    );
    for minutia in analysis.template.minutiae() {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{:.0}°</td><td>{}</td><td>{}</td></tr>",
            minutia.x,
            minutia.y,
            minutia.direction.to_degrees(),
            match minutia.kind {
                Kind::Ending => "ending",
                Kind::Bifurcation => "fork",
                Kind::Other => "either",
            },
            minutia.quality
        );
    }
    out.push_str("</table></details>\n");
}

fn png(colors: &Colors) -> Result<Zeroizing<Vec<u8>>, FingerError> {
    let failed =
        |error: opencv::Error| FingerError::Size(format!("a stage cannot be written as PNG: {}", error.message));
    let (rows, columns) = (colors.height() as i32, colors.width() as i32);
    let mat = Mat::new_rows_cols_with_bytes::<Vec4b>(rows, columns, colors.values().as_flattened()).map_err(failed)?;
    let mut bytes = Vector::<u8>::new();
    let encoded = imgcodecs::imencode_def(".png", &mat, &mut bytes);
    let file = Zeroizing::new(bytes.as_slice().to_vec());
    bytes.as_mut_slice().zeroize();
    match encoded.map_err(failed)? {
        true => Ok(file),
        false => Err(FingerError::Size("a stage cannot be written as PNG: is memory short?".into())),
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.reserve(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_rfc_4648_section_10() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let mut out = String::new();
            base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, text);
        }
    }
}
