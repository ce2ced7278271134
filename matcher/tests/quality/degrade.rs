//! What goes wrong with faces, drawn onto photographs: in the face's own frame, whose origin lies between the eyes and whose
//! unit is their distance, so that every face gets the same.

use sallyport_matcher::{Image, face::Detection};
use zeroize::Zeroizing;

type Pixel = [f32; 3];

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Degradation {
    Sunglasses,
    Mask,
    Cap,
    ShutEyes,
    OpenMouth,
    SideShadow,
    TooDark,
    TooBright,
    Blur,
    Tilt,
}

impl Degradation {
    pub(crate) const ALL: [Self; 10] = [
        Self::Sunglasses,
        Self::Mask,
        Self::Cap,
        Self::ShutEyes,
        Self::OpenMouth,
        Self::SideShadow,
        Self::TooDark,
        Self::TooBright,
        Self::Blur,
        Self::Tilt,
    ];

    /// The picture with it; how much, and of what color, by the seed.
    pub(crate) fn applied(self, image: &Image, face: &Detection, seed: u64) -> Image {
        let canvas = Canvas::new(image, face);
        let mut dice = Dice(seed);
        match self {
            Self::Sunglasses => canvas.painted(sunglasses(&mut dice)),
            Self::Mask => canvas.painted(mask(&canvas, &mut dice)),
            Self::Cap => canvas.painted(cap(&mut dice)),
            Self::ShutEyes => canvas.painted(shut_eyes(&canvas, &mut dice)),
            Self::OpenMouth => canvas.painted(open_mouth(&canvas, &mut dice)),
            Self::SideShadow => {
                let (side, least) = (if dice.roll(0.0, 1.0) < 0.5 { 7.0 } else { -7.0 }, dice.roll(0.12, 0.30));
                canvas.painted(move |[u, _], pixel| {
                    pixel.map(|value| value * (least + (1.0 - least) / (1.0 + (-side * u).exp())))
                })
            }
            Self::TooDark => {
                let gain = dice.roll(0.06, 0.14);
                canvas.painted(move |_, pixel| pixel.map(|value| value * gain))
            }
            Self::TooBright => {
                let gain = dice.roll(2.2, 3.2);
                canvas.painted(move |_, pixel| pixel.map(|value| value * gain))
            }
            Self::Blur => canvas.blurred(dice.roll(1.0 / 14.0, 1.0 / 9.0)),
            Self::Tilt => {
                let angle = dice.roll(25.0, 45.0f32).to_radians() * if dice.roll(0.0, 1.0) < 0.5 { 1.0 } else { -1.0 };
                let (sine, cosine) = angle.sin_cos();
                let canvas = &canvas;
                canvas.painted(move |[u, v], _| canvas.at([cosine * u + sine * v, cosine * v - sine * u]))
            }
        }
    }
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, least: f32, most: f32) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        least + (most - least) * ((z ^ (z >> 31)) >> 40) as f32 / (1u32 << 24) as f32
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[(self.roll(0.0, of.len() as f32) as usize).min(of.len() - 1)]
    }
}

struct Canvas<'a> {
    image: &'a Image,
    origin: [f32; 2],
    across: [f32; 2],
    unit: f32,
    /// Eyes and mouth corners in the face's frame.
    eyes: [[f32; 2]; 2],
    mouth: [[f32; 2]; 2],
}

impl<'a> Canvas<'a> {
    fn new(image: &'a Image, face: &Detection) -> Self {
        let [a, b, _, c, d] = face.landmarks;
        let origin = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
        let apart = face.eyes_px();
        let down = ((c[0] + d[0]) / 2.0 - origin[0]).hypot((c[1] + d[1]) / 2.0 - origin[1]);
        let across = [(b[0] - a[0]) / apart, (b[1] - a[1]) / apart];
        // A turned face keeps its height.
        let mut canvas =
            Self { image, origin, across, unit: apart.max(0.87 * down), eyes: [[0.0; 2]; 2], mouth: [[0.0; 2]; 2] };
        (canvas.eyes, canvas.mouth) = ([canvas.framed(a), canvas.framed(b)], [canvas.framed(c), canvas.framed(d)]);
        canvas
    }

    fn framed(&self, point: [f32; 2]) -> [f32; 2] {
        let (x, y) = ((point[0] - self.origin[0]) / self.unit, (point[1] - self.origin[1]) / self.unit);
        [x * self.across[0] + y * self.across[1], y * self.across[0] - x * self.across[1]]
    }

    fn pixel(&self, column: f32, row: f32) -> Pixel {
        let inside = |value: f32, side: u32| value.clamp(0.0, side as f32 - 1.0) as usize;
        let (column, row) = (inside(column, self.image.width()), inside(row, self.image.height()));
        let first = 3 * (row * self.image.width() as usize + column);
        [0, 1, 2].map(|channel| f32::from(self.image.bgr()[first + channel]))
    }

    /// The picture there, between pixels.
    fn at(&self, [u, v]: [f32; 2]) -> Pixel {
        let x = self.origin[0] + self.unit * (u * self.across[0] - v * self.across[1]);
        let y = self.origin[1] + self.unit * (u * self.across[1] + v * self.across[0]);
        let (x0, y0) = (x.floor(), y.floor());
        let mix = |a: Pixel, b: Pixel, part: f32| [0, 1, 2].map(|at| a[at] + (b[at] - a[at]) * part);
        let row = |row: f32| mix(self.pixel(x0, row), self.pixel(x0 + 1.0, row), x - x0);
        mix(row(y0), row(y0 + 1.0), y - y0)
    }

    fn painted(&self, paint: impl Fn([f32; 2], Pixel) -> Pixel) -> Image {
        let (width, height) = (self.image.width(), self.image.height());
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.image.bgr().len()));
        for row in 0..height {
            for column in 0..width {
                let point = self.framed([column as f32, row as f32]);
                bytes.extend(
                    paint(point, self.pixel(column as f32, row as f32)).map(|value| value.clamp(0.0, 255.0) as u8),
                );
            }
        }
        Image::from_bgr(width, height, bytes).unwrap()
    }

    fn blurred(&self, deviation: f32) -> Image {
        let deviation = deviation * self.unit;
        let reach = (3.0 * deviation).ceil() as i32;
        let weights: Vec<f32> = (-reach..=reach).map(|at| (-0.5 * (at as f32 / deviation).powi(2)).exp()).collect();
        let sum: f32 = weights.iter().sum();
        let pass = |image: &Image, step: [f32; 2]| {
            let canvas = Canvas { image, ..*self };
            let mut bytes = Zeroizing::new(Vec::with_capacity(image.bgr().len()));
            for row in 0..image.height() {
                for column in 0..image.width() {
                    let mut total = [0.0; 3];
                    for (offset, weight) in (-reach..=reach).zip(&weights) {
                        let at = offset as f32;
                        let pixel = canvas.pixel(column as f32 + at * step[0], row as f32 + at * step[1]);
                        total.iter_mut().zip(pixel).for_each(|(total, value)| *total += weight * value / sum);
                    }
                    bytes.extend(total.map(|value| value.round() as u8));
                }
            }
            Image::from_bgr(image.width(), image.height(), bytes).unwrap()
        };
        pass(&pass(self.image, [1.0, 0.0]), [0.0, 1.0])
    }
}

/// How much of an ellipse's edge is behind this point, 0 outside to 1 inside.
fn ellipse([u, v]: [f32; 2], [cu, cv]: [f32; 2], [a, b]: [f32; 2]) -> f32 {
    soft((((u - cu) / a).powi(2) + ((v - cv) / b).powi(2)).sqrt() * a.min(b) - a.min(b))
}

fn soft(outside: f32) -> f32 {
    (0.5 - 20.0 * outside).clamp(0.0, 1.0)
}

fn over(pixel: Pixel, color: Pixel, part: f32) -> Pixel {
    [0, 1, 2].map(|at| pixel[at] + (color[at] - pixel[at]) * part)
}

fn sunglasses(dice: &mut Dice) -> impl Fn([f32; 2], Pixel) -> Pixel {
    let (opacity, dark) = (dice.roll(0.85, 0.97), dice.roll(5.0, 45.0));
    let lens = [dice.roll(0.36, 0.46), dice.roll(0.26, 0.36)];
    move |point, pixel| {
        let lenses = ellipse(point, [-0.5, 0.06], lens).max(ellipse(point, [0.5, 0.06], lens));
        let bar = soft(((point[1] + 0.08).abs() - 0.035).max(point[0].abs() - 1.1));
        over(pixel, [dark * (1.1 - 0.5 * point[1]); 3], opacity * lenses.max(bar))
    }
}

fn mask<'a>(canvas: &'a Canvas<'a>, dice: &mut Dice) -> impl Fn([f32; 2], Pixel) -> Pixel + 'a {
    let top = dice.roll(0.28, 0.42);
    let cloth = dice.one_of(&[[210.0, 190.0, 150.0], [230.0; 3], [34.0; 3], [190.0, 150.0, 90.0], [60.0, 60.0, 120.0]]);
    let folds = dice.roll(0.0, 0.14);
    move |[u, v], pixel| {
        let edge = top + 0.08 * (1.0 - (u / 0.35).powi(2)).clamp(-1.0, 1.0) * -1.0;
        let width = (1.0 - 0.42 * ((v - 0.9) / 0.7).max(0.0)).max(0.0);
        let part = soft((edge - v).max(v - 1.85).max(u.abs() - width));
        // The cloth is lit as the face below it.
        let light: f32 = [-0.5, 0.5].iter().map(|side| canvas.at([*side, top - 0.05])[1]).sum::<f32>() / 2.0;
        let shade =
            (0.5 + 0.5 * light / 160.0) * (1.0 - 0.25 * u * u) * (1.0 - folds * (22.0 * v).cos().max(0.0).powi(6));
        over(pixel, cloth.map(|value| value * shade), part)
    }
}

fn cap(dice: &mut Dice) -> impl Fn([f32; 2], Pixel) -> Pixel {
    let low = dice.roll(-0.58, -0.38);
    let cloth =
        dice.one_of(&[[40.0, 30.0, 25.0], [120.0, 60.0, 30.0], [40.0, 40.0, 150.0], [60.0, 110.0, 60.0], [90.0; 3]]);
    move |point, pixel| {
        let [u, v] = point;
        let edge = low + 0.10 * u * u;
        let dome = ellipse(point, [0.0, -0.55], [1.15, 1.25]) * soft(v - edge);
        let brim = soft(((v - edge + 0.09).abs() - 0.09).max(u.abs() - 1.05));
        let below = if v > edge { 0.35 * (0.5 - 1.5 * (v - edge - 0.35)).clamp(0.0, 1.0) } else { 0.0 };
        let shade = (1.0 - 0.35 * brim) * (1.0 - 0.25 * u.abs());
        over(pixel.map(|value| value * (1.0 - below)), cloth.map(|value| value * shade), dome.max(brim))
    }
}

fn shut_eyes<'a>(canvas: &'a Canvas<'a>, dice: &mut Dice) -> impl Fn([f32; 2], Pixel) -> Pixel + 'a {
    let (thick, dark) = (dice.roll(0.018, 0.035), dice.roll(0.6, 0.9));
    move |[u, v], pixel| {
        canvas.eyes.iter().fold(pixel, |pixel, eye| {
            let (x, y) = (u - eye[0], v - eye[1]);
            let lid =
                over(canvas.at([u, eye[1] - 0.19]), canvas.at([u, eye[1] + 0.19]), ((y + 0.19) / 0.38).clamp(0.0, 1.0));
            let pixel = over(pixel, lid, ellipse([x, y], [0.0, 0.0], [0.34, 0.19]));
            let lashes = (1.0 - (y - 0.075 + 0.28 * x * x).abs() / thick).clamp(0.0, 1.0);
            over(pixel, [35.0, 35.0, 45.0], if x.abs() < 0.29 { dark * lashes } else { 0.0 })
        })
    }
}

fn open_mouth<'a>(canvas: &'a Canvas<'a>, dice: &mut Dice) -> impl Fn([f32; 2], Pixel) -> Pixel + 'a {
    let gape = dice.roll(0.28, 0.50);
    let [a, b] = canvas.mouth;
    let (mu, mv, half) = ((a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0, (b[0] - a[0]).hypot(b[1] - a[1]) / 2.0);
    move |[u, v], pixel| {
        let (x, y) = (u - mu, v - mv);
        if y <= 0.0 {
            return pixel;
        }
        // The jaw with all on it moves down.
        let moved = gape * (1.0 - (x / (1.6 * half)).powi(2)).clamp(0.0, 1.0) * (1.3 - y).clamp(0.0, 1.0);
        let jaw = canvas.at([u, mv + (y - moved).max(0.0)]);
        let depth = gape * (1.0 - (x / (0.85 * half)).powi(2)).max(0.0).sqrt();
        over(jaw, [28.0, 22.0, 55.0], soft((0.03 - y).max(y - 0.95 * depth)) * soft(x.abs() - 0.85 * half))
    }
}
