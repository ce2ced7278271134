//! The nets, shared by reader, camera and fingerprint sensor, and loaded as soon as they can be.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use sallyport_matcher::{
    face::{FaceEngine, ModelError},
    finger::{Extraction, Extractor, Extractors, NetExtractor, Stage, extract::RidgeExtractor},
};

/// The face engine and the extractors of fingers, once they could be loaded.
pub struct Engine {
    models: PathBuf,
    loaded: Mutex<Option<Arc<FaceEngine>>>,
    fingers: Mutex<Option<Extractors>>,
}

impl Engine {
    /// The engine with the nets in this folder; nothing is loaded yet.
    pub fn at(models: PathBuf) -> Self {
        Self { models, loaded: Mutex::default(), fingers: Mutex::default() }
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

    /// The extractors that this way of reading fingers asks, the net loaded now if it is among them and was not yet.
    pub fn fingers(&self, extraction: Extraction) -> Result<Extractors, ModelError> {
        let mut loaded = self.fingers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(extractors) = &*loaded {
            return Ok(extractors.clone());
        }
        let thorough: Arc<dyn Extractor> = match extraction.stages().contains(&Stage::Thorough) {
            true => Arc::new(NetExtractor::load(&self.models)?),
            // Never asked.
            false => Arc::new(RidgeExtractor),
        };
        Ok(loaded.insert(Extractors { fast: Arc::new(RidgeExtractor), thorough }).clone())
    }
}
