//! Cameras that show scenes from folders: whoever controls them says who stands before them.
//!
//! A scene is a folder of pictures, or of the folders `lower`, `middle` and `upper` with what each camera sees of it. All
//! cameras show the same moment.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use crate::camera::{Camera, CameraError, FRAMES_PER_SECOND, Frame, Pixels, Position, pictures};

/// Size of the wall that the camera sees while nobody stands there, in pixels.
const WALL: (u32, u32) = (640, 480);

/// Why a scene cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SceneError {
    /// The name could lead out of the folder.
    #[error("`{0}` is no name of a scene: it is that of a folder, without `/` and not beginning with a dot")]
    Name(String),
    /// There is no such scene.
    #[error("there is no scene `{name}` ({source})")]
    Unknown {
        /// The name.
        name: String,
        /// Why its folder cannot be read.
        source: io::Error,
    },
    /// Its folder is empty.
    #[error("the scene `{0}` holds no picture: put a JPEG, JPEG 2000 or PNG file into its folder")]
    Empty(String),
}

/// One of the cameras before which [`SceneControl`] puts people.
pub struct SceneCamera {
    control: SceneControl,
    position: Position,
    /// The moment after the one that it showed last.
    next: u32,
}

/// Chooses what [`SceneCamera`]s see.
#[derive(Clone)]
pub struct SceneControl(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    /// When the first moment began.
    began: Instant,
    shown: Mutex<Option<Scene>>,
}

struct Scene {
    /// What each camera sees, by position.
    views: [Vec<PathBuf>; Position::ALL.len()],
    /// The moment of its first picture.
    since: u32,
}

impl SceneCamera {
    /// A camera whose scenes are the folders in this one; nobody stands before it yet.
    pub fn new(scenes: &Path) -> Result<Self, CameraError> {
        fs::read_dir(scenes)
            .map_err(|error| CameraError::Open { name: scenes.display().to_string(), why: error.to_string() })?;
        let shared = Shared { folder: scenes.to_owned(), began: Instant::now(), shown: Mutex::default() };
        Ok(Self { control: SceneControl(Arc::new(shared)), position: Position::Middle, next: 0 })
    }

    /// Another camera of the same totem.
    pub fn beside(&self, position: Position) -> Self {
        Self { control: self.control.clone(), position, next: 0 }
    }

    /// What chooses the scene.
    pub fn control(&self) -> SceneControl {
        self.control.clone()
    }
}

impl SceneControl {
    /// Shows this scene from its first picture, round and round; `None`: nobody.
    pub fn show(&self, scene: Option<&str>) -> Result<(), SceneError> {
        let views = scene.map(|name| self.views(name)).transpose()?;
        let scene = views.map(|views| Scene { views, since: self.0.moment() });
        *self.0.shown.lock().unwrap_or_else(PoisonError::into_inner) = scene;
        Ok(())
    }

    /// The names of the scenes, in order.
    pub fn scenes(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0.folder).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.path().is_dir());
        let mut names: Vec<String> =
            folders.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_name(name)).collect();
        names.sort();
        names
    }

    fn views(&self, name: &str) -> Result<[Vec<PathBuf>; Position::ALL.len()], SceneError> {
        if !is_name(name) {
            return Err(SceneError::Name(name.chars().take(60).collect()));
        }
        let folder = self.0.folder.join(name);
        let common = pictures(&folder).map_err(|source| SceneError::Unknown { name: name.to_owned(), source })?;
        let own = Position::ALL.map(|position| pictures(&folder.join(position.name())).unwrap_or_default());
        match (common.is_empty(), own.iter().all(Vec::is_empty)) {
            (true, true) => Err(SceneError::Empty(name.to_owned())),
            (_, true) => Ok(Position::ALL.map(|_| common.clone())),
            (_, false) => Ok(own),
        }
    }
}

/// One folder's name: nothing that leads elsewhere.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

impl Shared {
    /// The moment that goes on now.
    fn moment(&self) -> u32 {
        (self.began.elapsed().as_secs_f64() * FRAMES_PER_SECOND) as u32
    }

    /// When a moment begins.
    fn beginning(&self, moment: u32) -> Instant {
        self.began + Duration::from_secs_f64(f64::from(moment) / FRAMES_PER_SECOND)
    }

    /// The picture of a camera at a moment; `None`: nobody is to be seen.
    fn picture(&self, position: Position, moment: u32) -> Option<PathBuf> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let Scene { views, since } = shown.as_ref()?;
        let view = views.get(position as usize)?;
        view.get(moment.saturating_sub(*since) as usize % view.len().max(1)).cloned()
    }
}

impl Camera for SceneCamera {
    /// All cameras of a totem show the same moment, and as that of one instant.
    fn frame(&mut self, patience: Duration) -> Result<Frame, CameraError> {
        let shared = &self.control.0;
        let name = || shared.folder.display().to_string();
        let left = shared.beginning(self.next).saturating_duration_since(Instant::now());
        std::thread::sleep(left.min(patience));
        if left > patience {
            return Err(CameraError::NoFrame { name: name(), why: "the next is not due yet".to_owned() });
        }
        let moment = shared.moment().max(self.next);
        self.next = moment.saturating_add(1);
        let pixels = match shared.picture(self.position, moment) {
            None => wall(),
            Some(path) => match fs::read(&path) {
                Ok(file) => Pixels::File(Zeroizing::new(file)),
                Err(error) => {
                    return Err(CameraError::Lost { name: name(), why: format!("{}: {error}", path.display()) });
                }
            },
        };
        Ok(Frame::new(pixels, shared.beginning(moment)))
    }
}

/// A dim wall of tiles, lit from the left: something to be seen, so that the camera does not count as covered, but nobody.
fn wall() -> Pixels {
    const TILE_PX: u32 = 40;
    let (width, height) = WALL;
    let mut bytes = Zeroizing::new(Vec::with_capacity((width * height * 3) as usize));
    for y in 0..height {
        for x in 0..width {
            let joint = x % TILE_PX < 2 || y % TILE_PX < 2;
            // Two neighboring tiles are never of the same shade.
            let shade = 8 * ((x / TILE_PX * 5 + y / TILE_PX * 3) % 4) as u8;
            let light = (40 * (width - x) / width) as u8;
            let value = if joint { 18 } else { 30 + shade + light };
            bytes.extend_from_slice(&[value, value, value - 6]);
        }
    }
    Pixels::Bgr { width, height, bytes }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn look(camera: &mut SceneCamera) -> Option<Vec<u8>> {
        match camera.frame(Duration::from_secs(5)).unwrap().pixels {
            Pixels::File(bytes) => Some(bytes.to_vec()),
            Pixels::Bgr { .. } => None,
        }
    }

    #[test]
    fn scenes_are_shown_by_name_and_names_lead_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        for (scene, file) in [("ada", "1.jpg"), ("ada", "2.jpg"), ("bob", "1.png"), ("..", "outside.jpg")] {
            let scene = if scene == ".." {
                folder.path().join("scenes/.hidden")
            } else {
                folder.path().join("scenes").join(scene)
            };
            fs::create_dir_all(&scene).unwrap();
            fs::write(scene.join(file), file).unwrap();
        }
        fs::create_dir(folder.path().join("scenes/empty")).unwrap();
        let mut camera = SceneCamera::new(&folder.path().join("scenes")).unwrap();
        let control = camera.control();
        assert_eq!(control.scenes(), ["ada", "bob", "empty"]);
        assert_eq!(look(&mut camera), None);
        control.show(Some("ada")).unwrap();
        let seen: Vec<_> = (0..6).map(|_| look(&mut camera).unwrap()).collect();
        assert!(["1.jpg", "2.jpg"].iter().all(|file| seen.iter().any(|seen| seen == file.as_bytes())), "{seen:?}");
        for name in ["", ".", "..", ".hidden", "../scenes/bob", "a/b", "a\\b"] {
            assert!(matches!(control.show(Some(name)), Err(SceneError::Name(_))), "{name}");
        }
        assert!(matches!(control.show(Some("eve")), Err(SceneError::Unknown { .. })));
        assert!(matches!(control.show(Some("empty")), Err(SceneError::Empty(_))));
        assert!(look(&mut camera).unwrap().ends_with(b".jpg"), "a refused order changes nothing");
        control.show(Some("bob")).unwrap();
        assert_eq!(look(&mut camera).unwrap(), b"1.png");
        control.show(None).unwrap();
        assert_eq!(look(&mut camera), None);
        assert!(matches!(SceneCamera::new(&folder.path().join("none")), Err(CameraError::Open { .. })));
    }

    #[test]
    fn each_camera_of_a_totem_has_its_own_view_of_one_moment() {
        let folder = tempfile::tempdir().unwrap();
        for view in ["lower", "middle"] {
            let view_folder = folder.path().join("ada").join(view);
            fs::create_dir_all(&view_folder).unwrap();
            (0..9).for_each(|at| fs::write(view_folder.join(format!("{at}.jpg")), format!("{view} {at}")).unwrap());
        }
        let middle = SceneCamera::new(folder.path()).unwrap();
        middle.control().show(Some("ada")).unwrap();
        // Each camera in a thread of its own, at its own speed.
        let watch = |position: Position| {
            let mut camera = middle.beside(position);
            std::thread::spawn(move || {
                let mut seen = Vec::new();
                for _ in 0..6 {
                    let Frame { pixels, taken, .. } = camera.frame(Duration::from_secs(5)).unwrap();
                    let text = match pixels {
                        Pixels::File(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                        Pixels::Bgr { .. } => "wall".to_owned(),
                    };
                    seen.push((taken, text));
                    std::thread::sleep(Duration::from_millis(40 * position as u64));
                }
                seen
            })
        };
        let [lower, middle, upper] = Position::ALL.map(watch).map(|thread| thread.join().unwrap());
        assert_eq!(lower[0].1, "lower 0", "a scene begins with its first picture");
        let mut together = 0;
        for (taken, text) in &lower {
            for (_, other) in middle.iter().filter(|(at, _)| at == taken) {
                together += 1;
                assert_eq!(text.trim_start_matches("lower"), other.trim_start_matches("middle"));
            }
        }
        assert!(together > 0, "they see the same moments");
        assert!(upper.iter().all(|(_, text)| text == "wall"), "there is nothing for the third");
    }

    #[test]
    fn the_wall_is_something_to_be_seen() {
        let Pixels::Bgr { width, height, bytes } = wall() else { panic!("pixels") };
        assert_eq!(bytes.len(), (width * height * 3) as usize);
        let mean = bytes.iter().map(|&value| f64::from(value)).sum::<f64>() / bytes.len() as f64;
        let variance = bytes.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / bytes.len() as f64;
        assert!(mean < 90.0 && variance.sqrt() > 8.0, "mean {mean}, deviation {}", variance.sqrt());
    }
}
