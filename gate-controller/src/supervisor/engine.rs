//! The nets, shared by reader, camera and fingerprint sensor, and loaded as soon as they can be.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use sallyport_matcher::{
    face::{FaceEngine, ModelError},
    finger::{Calibrations, Extraction, Extractor, ExtractorKind, Extractors, NetExtractor, extract::RidgeExtractor},
};

/// The face engine and the extractors of fingers, once they could be loaded.
pub struct Engine {
    models: PathBuf,
    loaded: Mutex<Option<Arc<FaceEngine>>>,
    fingers: Mutex<Option<Arc<FingerEngine>>>,
}

/// What reads fingers, and what its scores mean.
pub struct FingerEngine {
    /// Both extractors.
    pub extractors: Extractors,
    /// Thresholds by rate.
    pub calibrations: Calibrations,
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

    /// What this way of reading fingers asks, the net loaded now if it is among it and was not yet.
    pub fn fingers(&self, extraction: Extraction) -> Result<Arc<FingerEngine>, ModelError> {
        let mut loaded = self.fingers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = &*loaded {
            return Ok(engine.clone());
        }
        let thorough: Arc<dyn Extractor> = match extraction.extractors().contains(&ExtractorKind::Thorough) {
            true => Arc::new(NetExtractor::load(&self.models)?),
            // Never asked.
            false => Arc::new(RidgeExtractor),
        };
        let extractors = Extractors { fast: Arc::new(RidgeExtractor), thorough };
        let calibrations = Calibrations::read(&self.models)?;
        Ok(loaded.insert(Arc::new(FingerEngine { extractors, calibrations })).clone())
    }
}
