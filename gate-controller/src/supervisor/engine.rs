//! The nets, shared by reader and camera, and loaded as soon as they can be.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use sallyport_matcher::face::{FaceEngine, ModelError};

/// The face engine, once it could be loaded.
pub struct Engine {
    models: PathBuf,
    loaded: Mutex<Option<Arc<FaceEngine>>>,
}

impl Engine {
    /// The engine with the nets in this folder; nothing is loaded yet.
    pub fn at(models: PathBuf) -> Self {
        Self { models, loaded: Mutex::new(None) }
    }

    /// The engine, loaded now if it was not yet.
    pub fn get(&self) -> Result<Arc<FaceEngine>, ModelError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        match &*loaded {
            Some(engine) => Ok(engine.clone()),
            None => {
                let engine = Arc::new(FaceEngine::load(&self.models)?);
                *loaded = Some(engine.clone());
                Ok(engine)
            }
        }
    }
}
